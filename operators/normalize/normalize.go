// Package normalize turns upserts into a full changelog: it keeps the current row of
// each key and adds what it replaces. A batch emits the net change of each key
// once.
package normalize

import (
	"bytes"
	"slices"
	"time"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// Config describes a Normalize.
type Config struct {
	// Keys are the columns that identify a row.
	Keys []int
	// OmitUpdateBefore leaves -U out, for consumers that know the key.
	OmitUpdateBefore bool
	// TTL forgets keys untouched for so long; 0 never.
	TTL time.Duration
}

// Normalize reads +I and +U as "the row of this key is now …", -D and -U as "the key is
// gone" (their other columns need not be right): behind a -U mostly comes the +U of the
// same key, or that of the key it was changed to. One of a key that isn't there is dropped.
type Normalize struct {
	cfg   Config
	ctx   *op.Context
	codec *rows.Codec
	keyer *rowcodec.KeyEncoder
	table *state.Table

	keys    rowcodec.Keys
	slots   []state.Slot
	rows    []unsafe.Pointer
	touched []touch
	scratch []byte
	list    rows.List
	kinds   []stream.RowKind
}

// kept is the packed row of a key; ref is never the empty string's.
type kept struct {
	mark int64 // number among the batch's keys, 0 between batches
	ref  uint64
}

const (
	keptBytes = int(unsafe.Sizeof(kept{}))
	refOffset = unsafe.Offsetof(kept{}.ref)
)

// touch is a key that a batch touches, with the last row of the batch about it.
type touch struct {
	slot  state.Slot
	kept  *kept
	row   int32
	isNew bool
}

var (
	_ op.Operator = (*Normalize)(nil)
	_ op.Ticker   = (*Normalize)(nil)
)

// New makes a Normalize.
func New(cfg Config) *Normalize { return &Normalize{cfg: cfg} }

// Open implements op.Operator.
func (n *Normalize) Open(ctx *op.Context) error {
	n.ctx = ctx
	var err error
	if n.codec, err = rows.NewCodec(ctx.Inputs[0]); err != nil {
		return err
	}
	if n.keyer, err = rowcodec.NewKeyEncoder(n.codec.Pick(n.cfg.Keys)); err != nil {
		return err
	}
	layout := state.Layout{Width: keptBytes, Refs: []int{int(refOffset)}}
	n.table, err = ctx.State.Table(state.TableSpec{ID: "rows", Layout: layout, TTL: n.cfg.TTL})
	return err
}

// Process implements op.Operator.
func (n *Normalize) Process(_ int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	cols := make([]arrow.Array, len(n.cfg.Keys))
	for i, k := range n.cfg.Keys {
		cols[i] = batch.Column(k)
	}
	if err := n.keyer.Encode(cols, batch.Rows(), &n.keys); err != nil {
		return err
	}
	if cap(n.slots) < batch.Rows() {
		n.slots = make([]state.Slot, batch.Rows())
	}
	n.slots = n.slots[:batch.Rows()]
	if err := n.table.Upsert(&n.keys, n.slots); err != nil {
		return err
	}
	n.rows = n.table.Rows(n.slots, n.rows)
	n.collect(batch)
	n.kinds = n.kinds[:0]
	for _, t := range n.touched {
		n.change(t, batch)
	}
	return n.emit(out)
}

// collect finds the last row of each key.
func (n *Normalize) collect(batch stream.Batch) {
	n.touched = n.touched[:0]
	for i, pointer := range n.rows {
		k := (*kept)(pointer)
		if k.mark == 0 {
			n.touched = append(n.touched, touch{slot: n.slots[i], kept: k, isNew: n.table.IsNew(n.slots[i])})
			k.mark = int64(len(n.touched))
		}
		n.touched[k.mark-1].row = int32(i)
	}
	for _, t := range n.touched {
		t.kept.mark = 0
	}
}

// change applies what a batch says of one key and lists what to emit.
func (n *Normalize) change(t touch, batch stream.Batch) {
	heap := n.table.Heap()
	if !batch.Kind(int(t.row)).Adds() {
		if !t.isNew {
			n.add(stream.Delete, heap.Get(t.kept.ref))
		}
		n.table.Delete(t.slot)
		return
	}
	n.scratch = n.codec.Append(n.scratch[:0], batch.Record.Columns(), int(t.row))
	n.table.MarkDirty(t.slot)
	switch former := heap.Get(t.kept.ref); {
	case t.isNew:
		n.add(stream.Insert, n.scratch)
	case bytes.Equal(former, n.scratch):
		return
	default:
		if !n.cfg.OmitUpdateBefore {
			n.add(stream.UpdateBefore, former)
		}
		n.add(stream.UpdateAfter, n.scratch)
	}
	t.kept.ref = heap.Put(t.kept.ref, n.scratch)
}

// add lists a row; the bytes are copied.
func (n *Normalize) add(kind stream.RowKind, row []byte) {
	n.kinds = append(n.kinds, kind)
	n.list.Add(row)
}

func (n *Normalize) emit(out op.Output) error {
	if n.list.Len() == 0 {
		return nil
	}
	cols, err := n.codec.Decode(n.ctx.Alloc, n.list.Take())
	if err != nil {
		return err
	}
	batch := stream.NewBatch(n.ctx.Output, cols, len(n.kinds), slices.Clone(n.kinds))
	if batch.AllInserts() {
		batch.Kinds = nil
	}
	return out.Emit(batch)
}

// Advance implements op.Operator.
func (n *Normalize) Advance(wm stream.Watermark, out op.Output) error { return out.Watermark(wm) }

// Tick implements op.Ticker: TTLs count by processing time.
func (n *Normalize) Tick(nowMillis int64, _ op.Output) error {
	n.ctx.State.SetNow(nowMillis)
	return nil
}

// Flush implements op.Operator; everything is in the state already.
func (*Normalize) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Normalize) Close() error { return nil }
