package session

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// RowsConfig describes a Rows.
type RowsConfig struct {
	// Windows are the sessions; their size is the gap.
	Windows windows.Spec
	// Keys are the columns that sessions are apart by.
	Keys []int
}

// Rows is SESSION without an aggregate: it keeps the rows of each session until it
// is over, and then gives them out by time, ties in order of arrival, with
// window_start, window_end and window_time appended.
type Rows struct {
	cfg RowsConfig
	clocked
	ctx     *op.Context
	encoder *rowcodec.KeyEncoder
	rowStore

	keys  rowcodec.Keys
	cols  []arrow.Array
	slots []state.Slot
	out   outgoing
}

// outgoing is the rows to be emitted next.
type outgoing struct {
	rows    [][]byte
	kinds   []stream.RowKind
	bounds  windows.Bounds
	slots   []state.Slot
	entries []state.Entry
}

var (
	_ op.Operator = (*Rows)(nil)
	_ op.Ticker   = (*Rows)(nil)
)

// NewRows makes a Rows.
func NewRows(cfg RowsConfig) (*Rows, error) {
	if err := check(cfg.Windows); err != nil {
		return nil, err
	}
	r := &Rows{cfg: cfg, clocked: clocked{times: timeReader{spec: cfg.Windows}}}
	r.over = r.emit
	return r, nil
}

// Open implements op.Operator.
func (r *Rows) Open(ctx *op.Context) error {
	r.ctx = ctx
	var err error
	if err = r.rowStore.open(ctx); err != nil {
		return err
	}
	if r.encoder, err = rowcodec.NewKeyEncoder(r.codec.Pick(r.cfg.Keys)); err != nil {
		return err
	}
	if r.tracker, err = openTracker(ctx.State, r.cfg.Windows.SizeMillis, false); err != nil {
		return err
	}
	return nil
}

// Process implements op.Operator.
func (r *Rows) Process(_ int, batch stream.Batch, _ op.Output) error {
	n := batch.Rows()
	if n == 0 {
		return nil
	}
	times, err := r.times.read(batch)
	if err != nil {
		return err
	}
	r.cols = r.cols[:0]
	for _, key := range r.cfg.Keys {
		r.cols = append(r.cols, batch.Column(key))
	}
	if err := r.encoder.Encode(r.cols, n, &r.keys); err != nil {
		return err
	}
	late, err := r.tracker.place(&r.keys, times)
	if err != nil {
		return err
	}
	r.ctx.Counters.LateRows += int64(late)
	return r.keep(batch, &r.keys, times, r.tracker.of)
}

// emit gives out the rows of sessions that are over and forgets them.
func (r *Rows) emit(keys *rowcodec.Keys, over []closed, out op.Output) error {
	r.slots = resize(r.slots, keys.Len())
	if err := r.kept.Find(keys, r.slots); err != nil {
		return err
	}
	for _, c := range over {
		slot := r.slots[c.key]
		if slot == state.NoSlot {
			continue
		}
		for e := r.first(slot, c); e != state.NoEntry && r.timeOf(e) < c.end; {
			next := r.kept.Next(e)
			r.take(slot, e, c)
			if len(r.out.rows) >= r.ctx.BatchRows {
				if err := r.flush(out); err != nil {
					return err
				}
			}
			e = next
		}
	}
	return r.flush(out)
}

func (r *Rows) take(slot state.Slot, e state.Entry, c closed) {
	o := &r.out
	o.rows, o.kinds = append(o.rows, r.row(e)), append(o.kinds, r.kind(e))
	o.bounds.Add(c.start, c.end)
	o.slots, o.entries = append(o.slots, slot), append(o.entries, e)
}

// flush emits the rows taken and removes them from the state.
func (r *Rows) flush(out op.Output) error {
	o := &r.out
	n := len(o.rows)
	if n == 0 {
		return nil
	}
	cols, err := r.codec.Decode(r.ctx.Alloc, o.rows)
	if err != nil {
		return err
	}
	for i, e := range o.entries {
		r.kept.Remove(o.slots[i], e)
	}
	properties := []windows.Property{windows.WindowStart, windows.WindowEnd, windows.WindowTime}
	cols = append(cols, o.bounds.Columns(r.ctx.Alloc, r.cfg.Windows.Zone, properties, r.ctx.Output.Fields())...)
	batch := stream.NewBatch(r.ctx.Output, cols, n, append([]stream.RowKind(nil), o.kinds...))
	if batch.AllInserts() {
		batch.Kinds = nil
	}
	o.rows, o.kinds, o.slots, o.entries = o.rows[:0], o.kinds[:0], o.slots[:0], o.entries[:0]
	o.bounds.Reset()
	return out.Emit(batch)
}

// Flush implements op.Operator: it notes the arrival numbers given out.
func (r *Rows) Flush(op.Output) error {
	r.keepArrivals()
	return nil
}

// Close implements op.Operator.
func (*Rows) Close() error { return nil }
