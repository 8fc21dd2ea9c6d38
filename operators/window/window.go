// Package window is the window table function without an aggregate: it gives each
// row once per window that it belongs to, with the window's bounds appended.
// Sessions, whose bounds are known only later, are in package session.
package window

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// Config describes a Window.
type Config struct {
	Windows windows.Spec
}

// Window appends window_start, window_end and window_time. It keeps no state and
// drops nothing: whether a row is late is for those after it to say.
type Window struct {
	cfg     Config
	ctx     *op.Context
	nowMs   int64
	scratch []int64
	local   []int64
	rows    []int32
	ends    []int64
	bounds  []int64
}

var (
	_ op.Operator = (*Window)(nil)
	_ op.Ticker   = (*Window)(nil)
)

// New makes a Window.
func New(cfg Config) (*Window, error) {
	if cfg.Windows.Attached || cfg.Windows.Kind == windows.Session {
		return nil, errs.Bugf("a window table function over windows that are attached already, or over sessions")
	}
	if err := cfg.Windows.Check(); err != nil {
		return nil, err
	}
	return &Window{cfg: cfg}, nil
}

// Open implements op.Operator.
func (w *Window) Open(ctx *op.Context) error {
	w.ctx = ctx
	return nil
}

// Process implements op.Operator.
func (w *Window) Process(_ int, batch stream.Batch, out op.Output) error {
	times, err := w.times(batch)
	if err != nil {
		return err
	}
	spec := &w.cfg.Windows
	// Neighbours are mostly in one slice, whose windows are then known: finding them
	// takes divisions.
	var from, until, first, last int64
	step := spec.NextEnd(0)
	for i, t := range times {
		if t < from || t >= until {
			until = spec.SliceEnd(t)
			from, first, last = until-spec.SliceMillis(), spec.FirstEnd(until), spec.LastEnd(until)
		}
		for end := first; end <= last; end += step {
			w.rows, w.ends = append(w.rows, int32(i)), append(w.ends, end)
			// A row may lie in any number of windows.
			if len(w.rows) < w.ctx.BatchRows {
				continue
			}
			if err := w.emit(batch, out); err != nil {
				return err
			}
		}
	}
	return w.emit(batch, out)
}

// times gives the rows' local times.
func (w *Window) times(batch stream.Batch) ([]int64, error) {
	zone := w.cfg.Windows.Zone
	if w.cfg.Windows.ProcTime {
		w.local = w.local[:0]
		for range batch.Rows() {
			w.local = append(w.local, zone.Local(w.nowMs))
		}
		return w.local, nil
	}
	at := w.cfg.Windows.Time
	times, err := windows.Millis(batch.Column(at), batch.Record.ColumnName(at), &w.scratch)
	return zone.Locals(times, &w.local), err
}

// emit emits the rows listed so far.
func (w *Window) emit(batch stream.Batch, out op.Output) error {
	if len(w.rows) == 0 {
		return nil
	}
	listed := w.build(batch)
	w.rows, w.ends = w.rows[:0], w.ends[:0]
	return out.Emit(listed)
}

// build makes the batch of the rows listed.
func (w *Window) build(batch stream.Batch) stream.Batch {
	rows, ends := w.rows, w.ends
	n, width := len(rows), int(batch.Record.NumCols())
	cols := make([]arrow.Array, 0, width+3)
	once := n == batch.Rows() && w.cfg.Windows.Kind == windows.Tumble
	for _, c := range batch.Record.Columns() {
		if once {
			c.Retain()
			cols = append(cols, c)
			continue
		}
		cols = append(cols, columns.Take(w.ctx.Alloc, c, rows))
	}
	if cap(w.bounds) < n {
		w.bounds = make([]int64, n)
	}
	w.bounds = w.bounds[:n]
	for i, end := range ends {
		w.bounds[i] = w.cfg.Windows.StartOf(end)
	}
	schema := w.ctx.Output
	cols = append(cols, windows.TimeColumn(w.ctx.Alloc, schema.Field(width).Type, w.bounds))
	cols = append(cols, windows.TimeColumn(w.ctx.Alloc, schema.Field(width+1).Type, ends))
	for i, end := range ends {
		w.bounds[i] = w.cfg.Windows.Zone.Moment(end - 1)
	}
	cols = append(cols, windows.TimeColumn(w.ctx.Alloc, schema.Field(width+2).Type, w.bounds))
	var kinds []stream.RowKind
	if batch.Kinds != nil {
		kinds = make([]stream.RowKind, n)
		for i, row := range rows {
			kinds[i] = batch.Kinds[row]
		}
	}
	return stream.NewBatch(schema, cols, n, kinds)
}

// Advance implements op.Operator.
func (w *Window) Advance(wm stream.Watermark, out op.Output) error { return out.Watermark(wm) }

// Tick implements op.Ticker.
func (w *Window) Tick(nowMillis int64, _ op.Output) error {
	w.nowMs = nowMillis
	return nil
}

// Flush implements op.Operator.
func (*Window) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Window) Close() error { return nil }
