// Package dedup keeps the first or last row of each key: ROW_NUMBER() ordered by
// time and filtered to 1.
//
// The last row by time replaces the one before it, with a later arrival winning
// among equal times; each key changes once a batch. The first row by arrival is
// passed on at once. The first row by time is known only when event time has
// passed it, so it is held until then: either way the first rows are inserts that
// never change. Rows that come too late to be first are dropped and counted.
package dedup

import (
	"math"
	"time"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// Config describes a Dedup. Its input must be insert-only.
type Config struct {
	// Keys are the columns that identify a row; none keeps one row of all.
	Keys []int
	// Time is the event time column that orders rows; -1 orders by arrival.
	Time int
	// KeepLast keeps the last row instead of the first.
	KeepLast bool
	// EmitUpdateBefore asks for -U before each +U.
	EmitUpdateBefore bool
	// TTL forgets keys that were not written for so long; 0 never. First rows are
	// written once.
	TTL time.Duration
}

// Dedup keeps one row of each key.
type Dedup struct {
	cfg    Config
	ctx    *op.Context
	keyer  *rowcodec.KeyEncoder
	codec  *rows.Codec
	table  *state.Table
	timers *state.Timers
	// progress is event time, for first rows by time.
	progress op.Progress

	keys     rowcodec.Keys
	slots    []state.Slot
	rows     []unsafe.Pointer
	scratch  []int64
	rowBytes []byte
	pick     picked
	due      due
}

// kept is the packed row of a key.
type kept struct {
	// mark numbers the key among those that the current batch touches; 0 between
	// batches.
	mark int64
	// time of the row kept, in milliseconds; a first row that was emitted has
	// emittedTime, before which nothing comes.
	time int64
	// ref is the encoded row, if it is ever needed again.
	ref uint64
}

const (
	keptBytes   = int(unsafe.Sizeof(kept{}))
	refOffset   = unsafe.Offsetof(kept{}.ref)
	emittedTime = math.MinInt64
)

var (
	_ op.Operator = (*Dedup)(nil)
	_ op.Ticker   = (*Dedup)(nil)
)

// New makes a Dedup.
func New(cfg Config) *Dedup { return &Dedup{cfg: cfg} }

// held reports whether first rows are held until event time has passed them.
func (d *Dedup) held() bool { return !d.cfg.KeepLast && d.cfg.Time >= 0 }

// Open implements op.Operator.
func (d *Dedup) Open(ctx *op.Context) error {
	d.ctx = ctx
	var err error
	if d.codec, err = rows.NewCodec(ctx.Inputs[0]); err != nil {
		return err
	}
	if d.keyer, err = rowcodec.NewKeyEncoder(d.codec.Pick(d.cfg.Keys)); err != nil {
		return err
	}
	layout := state.Layout{Width: keptBytes, Refs: []int{int(refOffset)}}
	if d.table, err = ctx.State.Table(state.TableSpec{ID: "rows", Layout: layout, TTL: d.cfg.TTL}); err != nil {
		return err
	}
	if !d.held() {
		return nil
	}
	d.progress = op.OpenProgress(ctx.State)
	d.timers, err = ctx.State.Timers("first")
	return err
}

// Process implements op.Operator.
func (d *Dedup) Process(_ int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	if !batch.AllInserts() {
		return errs.Bugf("%s was planned for an input that only inserts", d.ctx.Label)
	}
	if err := d.locate(batch); err != nil {
		return err
	}
	times, err := d.times(batch)
	if err != nil {
		return err
	}
	switch {
	case d.held():
		return d.hold(batch, times)
	case d.cfg.KeepLast:
		return d.keepLast(batch, times, out)
	}
	return d.passFirst(batch, out)
}

// locate finds or adds the key of each row.
func (d *Dedup) locate(batch stream.Batch) error {
	n := batch.Rows()
	cols := make([]arrow.Array, len(d.cfg.Keys))
	for i, k := range d.cfg.Keys {
		cols[i] = batch.Column(k)
	}
	if err := d.keyer.Encode(cols, n, &d.keys); err != nil {
		return err
	}
	d.room(n)
	if err := d.table.Upsert(&d.keys, d.slots); err != nil {
		return err
	}
	d.rows = d.table.Rows(d.slots, d.rows)
	return nil
}

// room makes slots for n keys.
func (d *Dedup) room(n int) {
	if cap(d.slots) < n {
		d.slots = make([]state.Slot, n)
	}
	d.slots = d.slots[:n]
}

// times gives the event times of the rows, nil when arrival decides.
func (d *Dedup) times(batch stream.Batch) ([]int64, error) {
	if d.cfg.Time < 0 {
		return nil, nil
	}
	return windows.Millis(batch.Column(d.cfg.Time), batch.Record.ColumnName(d.cfg.Time), &d.scratch)
}

// Tick implements op.Ticker: TTLs count by processing time.
func (d *Dedup) Tick(nowMillis int64, _ op.Output) error {
	d.ctx.State.SetNow(nowMillis)
	return nil
}

// Advance implements op.Operator.
func (d *Dedup) Advance(wm stream.Watermark, out op.Output) error {
	if d.held() {
		if err := d.release(int64(wm), out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// Flush implements op.Operator; everything is in the state already.
func (*Dedup) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Dedup) Close() error { return nil }
