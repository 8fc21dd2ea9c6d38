package windowagg

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// WindowAgg aggregates per window and key. Its output is the key columns, the
// aggregates, then the window properties.
type WindowAgg struct {
	cfg     Config
	program *aggstate.Program
	decoder *rowcodec.KeyDecoder
	ctx     *op.Context

	slices    *state.Sliced
	distincts []*state.Sliced
	sets      *setState

	// progress is event time in the windows' zone; windows due at it have been emitted.
	progress op.Progress
	// next is the end of the next window that holds rows, noWindow without one.
	next int64
	// rolls tells that windows are merged from their predecessors, in roll.
	rolls bool
	roll  rolling
	// blocks are where windows that do not roll are merged from.
	blocks blocks
	// lateness is by how many milliseconds rows may come after their window was due;
	// touched, if set, is told of windows that get rows. Both are an Updating's.
	lateness int64
	touched  func(end int64)
	// apart tells that every window is aggregated as a slice of its own although
	// windows overlap.
	apart bool

	assign assigner
	split  splitter
	keyAt  []int
	keys   rowcodec.Keys
	slots  []state.Slot
	rows   []unsafe.Pointer
	fire   firing
	bounds windows.Bounds
}

var (
	_ op.Operator = (*WindowAgg)(nil)
	_ op.Ticker   = (*WindowAgg)(nil)
)

const noWindow = math.MaxInt64

// New makes a WindowAgg.
func New(cfg Config) (*WindowAgg, error) {
	program, err := cfg.program()
	if err != nil {
		return nil, err
	}
	if cfg.FromLocal && !program.Mergeable() {
		return nil, errs.Bugf("window aggregate is fed by a local phase and has aggregates that can't be merged")
	}
	decoder, err := rowcodec.NewKeyDecoder(program.KeyTypes())
	if err != nil {
		return nil, err
	}
	w := &WindowAgg{
		cfg: cfg, program: program, decoder: decoder, next: noWindow,
		apart:  cfg.Windows.Kind != windows.Tumble && !cfg.Windows.Attached && !program.Mergeable(),
		assign: assigner{spec: cfg.Windows}, keyAt: cfg.Keys, rolls: rolls(cfg.Windows, program),
	}
	if cfg.FromLocal {
		w.keyAt = make([]int, len(cfg.Keys))
		for i := range w.keyAt {
			w.keyAt[i] = i
		}
	}
	return w, nil
}

// Open implements op.Operator.
func (w *WindowAgg) Open(ctx *op.Context) error {
	w.ctx = ctx
	w.program.Within(ctx.Context)
	var err error
	if w.slices, err = ctx.State.Sliced(state.SlicedSpec{ID: "slices", Layout: w.program.Layout()}); err != nil {
		return err
	}
	for i, layout := range w.program.DistinctLayouts() {
		d, err := ctx.State.Sliced(state.SlicedSpec{ID: fmt.Sprintf("distinct%d", i), Layout: layout})
		if err != nil {
			return err
		}
		w.distincts = append(w.distincts, d)
	}
	if w.program.HasSets() {
		if w.sets, err = openSets(ctx, w.program); err != nil {
			return err
		}
	}
	if !w.rolls && !w.apart {
		w.blocks = openBlocks(w.cfg.Windows, ctx.State)
	}
	w.progress = op.OpenProgress(ctx.State)
	w.findNext()
	return nil
}

// Process implements op.Operator.
func (w *WindowAgg) Process(_ int, batch stream.Batch, _ op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	ends, err := w.sliceEnds(batch)
	if err != nil {
		return err
	}
	for _, p := range w.split.split(ends) {
		if err := w.addPart(batch, p); err != nil {
			return err
		}
	}
	return nil
}

func (w *WindowAgg) sliceEnds(batch stream.Batch) ([]int64, error) {
	if w.cfg.FromLocal {
		return columns.Values[int64](batch.Column(len(w.cfg.Keys))), nil
	}
	return w.assign.sliceEnds(batch)
}

// addPart aggregates the rows of one slice, unless they are late.
func (w *WindowAgg) addPart(batch stream.Batch, p part) error {
	if !w.cfg.Windows.Attached && w.cfg.Windows.FirstEnd(p.end) > w.cfg.Windows.LastEnd(p.end) {
		return nil // between windows
	}
	end, ok := w.firstUnfired(p.end)
	if !ok {
		w.ctx.Counters.LateRows += w.late(batch, p)
		return nil
	}
	rows := w.batchOf(batch, p)
	defer rows.Release()
	if !w.apart {
		w.next = min(w.next, end)
		w.roll.touch(p.end)
		w.blocks.touch(p.end)
		return w.add(rows, p.end)
	}
	for last := w.cfg.Windows.LastEnd(p.end); end <= last; end = w.cfg.Windows.NextEnd(end) {
		w.next = min(w.next, end)
		if err := w.add(rows, end); err != nil {
			return err
		}
	}
	return nil
}

// firstUnfired is the end of the first window with the slice that is not due yet.
func (w *WindowAgg) firstUnfired(slice int64) (end int64, ok bool) {
	if w.cfg.Windows.Attached {
		return slice, !windows.Fired(slice, windows.Before(w.progress.At(), w.lateness))
	}
	return w.cfg.Windows.FirstUnfired(slice, windows.Before(w.progress.At(), w.lateness))
}

// late is the number of rows dropped with a part: input rows where they can be
// told, else rows of partial results.
func (w *WindowAgg) late(batch stream.Batch, p part) int64 {
	if p.rows == nil {
		return int64(batch.Rows())
	}
	return int64(len(p.rows))
}

// add aggregates rows into the slice ending at end.
func (w *WindowAgg) add(batch stream.Batch, end int64) error {
	if w.touched != nil {
		w.touched(end)
	}
	table, err := w.slices.Slice(end)
	if err != nil {
		return err
	}
	if err := w.program.EncodeKeysAt(batch, w.keyAt, &w.keys); err != nil {
		return err
	}
	n := batch.Rows()
	if cap(w.slots) < n {
		w.slots, w.rows = make([]state.Slot, n), make([]unsafe.Pointer, n)
	}
	w.slots, w.rows = w.slots[:n], w.rows[:n]
	if err := table.Upsert(&w.keys, w.slots); err != nil {
		return err
	}
	table.Rows(w.slots, w.rows)
	if w.cfg.FromLocal {
		err = w.program.Merge(w.rows, table.Heap(), batch.Record.Columns()[len(w.cfg.Keys)+1:], 1)
	} else {
		err = w.apply(batch, end, table)
	}
	if err != nil {
		return err
	}
	for _, slot := range w.slots {
		table.MarkDirty(slot)
	}
	return nil
}

// apply counts input rows into their groups of one slice.
func (w *WindowAgg) apply(batch stream.Batch, end int64, table *state.Table) error {
	var tables aggstate.Tables
	for _, d := range w.distincts {
		t, err := d.Slice(end)
		if err != nil {
			return err
		}
		tables.Distinct = append(tables.Distinct, t)
	}
	groups := aggstate.Groups{Keys: &w.keys, Rows: w.rows, Heap: table.Heap()}
	if w.sets != nil {
		if err := w.sets.encode(w, batch, end); err != nil {
			return err
		}
		tables.Sets, groups.SetKeys = w.sets.multis, &w.sets.keys
		groups.Touched, groups.First = w.sets.touched(w.rows)
	}
	return w.program.Apply(batch, groups, tables)
}

// Advance implements op.Operator: it emits the windows that are due.
func (w *WindowAgg) Advance(wm stream.Watermark, out op.Output) error {
	if !w.cfg.Windows.ProcTime || wm == stream.EndOfTime {
		if err := w.advanceTo(w.cfg.Windows.Zone.Passed(int64(wm)), out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// Tick implements op.Ticker: windows over processing time are due by the clock.
func (w *WindowAgg) Tick(nowMillis int64, out op.Output) error {
	w.assign.nowMs = nowMillis
	if !w.cfg.Windows.ProcTime {
		return nil
	}
	return w.advanceTo(w.cfg.Windows.Zone.Passed(nowMillis-1), out)
}

func (w *WindowAgg) advanceTo(wm int64, out op.Output) error {
	if wm <= w.progress.At() {
		return nil
	}
	for w.next != noWindow && windows.Fired(w.next, wm) {
		end := w.next
		if err := w.emitWindow(end, out); err != nil {
			return err
		}
		w.progress.Raise(end - 1)
		if err := w.dropBefore(end); err != nil {
			return err
		}
		w.findNext()
	}
	w.progress.Reach(wm)
	return nil
}

// findNext finds the next window that holds rows.
func (w *WindowAgg) findNext() {
	w.next = noWindow
	for _, slice := range w.slices.Ends() {
		if w.apart {
			w.next = min(w.next, slice)
			continue
		}
		if end, ok := w.firstUnfired(slice); ok {
			w.next = min(w.next, end)
		}
	}
}

// dropBefore drops the slices that no window after the one ending at end needs.
func (w *WindowAgg) dropBefore(end int64) error {
	for _, slice := range w.slices.Ends() {
		if w.apart || w.cfg.Windows.Attached {
			if slice > end {
				continue
			}
		} else if w.cfg.Windows.LastEnd(slice) > end {
			continue
		}
		if err := w.slices.Drop(slice); err != nil {
			return err
		}
		for _, d := range w.distincts {
			if err := d.Drop(slice); err != nil {
				return err
			}
		}
	}
	return nil
}

// Flush implements op.Operator; everything is in the state already.
func (*WindowAgg) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*WindowAgg) Close() error { return nil }

// properties are the window columns of n rows of one window.
func (w *WindowAgg) properties(end int64, n int) []arrow.Array {
	w.bounds.Reset()
	start := w.cfg.Windows.StartOf(end)
	for range n {
		w.bounds.Add(start, end)
	}
	return w.bounds.Columns(w.ctx.Alloc, w.cfg.Windows.Zone, w.cfg.Properties, w.ctx.Output.Fields())
}
