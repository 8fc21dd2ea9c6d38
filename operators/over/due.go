package over

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// due are rows whose values are to be computed now.
type due struct {
	// rows are the encoded rows and entries where they are kept, when they come out
	// of the inbox.
	rows    [][]byte
	entries []state.Entry
	// cols are the rows' columns, fed those that the feed reads, times their times.
	cols  []arrow.Array
	fed   []arrow.Array
	times []int64
	// order lists the rows partition by partition.
	order []int32
	parts []duePart
	seats []int32
}

// duePart is the due rows of one partition: order[first:end].
type duePart struct {
	acc        unsafe.Pointer
	slot       state.Slot
	inbox      state.Slot
	first, end int32
	// oldest is the first place in order whose row is in the frame; before first
	// stand as many recent rows, the next of which is recent.
	oldest int32
	recent state.Entry
	frame  state.Slot
}

func (d *due) reset() {
	d.rows, d.entries, d.times, d.order, d.parts = d.rows[:0], d.entries[:0], d.times[:0], d.order[:0], d.parts[:0]
	d.cols, d.fed = nil, nil
}

// add appends a row.
func (d *due) add(row []byte, time int64) {
	d.order = append(d.order, int32(len(d.times)))
	d.rows, d.times = append(d.rows, row), append(d.times, time)
}

// endPart ends the rows of a partition.
func (d *due) endPart(table *state.Table, slot, inbox state.Slot) {
	first := int32(0)
	if n := len(d.parts); n > 0 {
		first = d.parts[n-1].end
	}
	if int(first) == len(d.order) {
		return
	}
	d.parts = append(d.parts, duePart{acc: table.Row(slot), slot: slot, inbox: inbox, first: first, end: int32(len(d.order))})
}

// group sorts rows by partition, each partition's in order of arrival.
func (d *due) group(table *state.Table, slots []state.Slot) {
	d.seats = d.seats[:0]
	for _, slot := range slots {
		acc := table.Row(slot)
		mark := aggstate.Mark(acc)
		if *mark == 0 {
			d.parts = append(d.parts, duePart{acc: acc, slot: slot})
			*mark = uint64(len(d.parts))
		}
		part := int32(*mark - 1)
		d.seats = append(d.seats, part)
		d.parts[part].end++
	}
	at := int32(0)
	for i := range d.parts {
		p := &d.parts[i]
		*aggstate.Mark(p.acc) = 0
		at, p.first, p.end = at+p.end, at, at
	}
	if cap(d.order) < len(slots) {
		d.order = make([]int32, len(slots))
	}
	d.order = d.order[:len(slots)]
	for i, part := range d.seats {
		p := &d.parts[part]
		d.order[p.end] = int32(i)
		p.end++
	}
}

// rowsAt picks rows; the caller owns the columns.
func rowsAt(ctx *op.Context, cols []arrow.Array, at []int32) []arrow.Array {
	out := make([]arrow.Array, len(cols), len(cols)+4)
	for i, c := range cols {
		out[i] = columns.Take(ctx.Alloc, c, at)
	}
	return out
}

// emitRows emits columns, which it takes over, at most BatchRows at a time.
func emitRows(ctx *op.Context, cols, values []arrow.Array, kinds []stream.RowKind, out op.Output) error {
	cols = append(cols, values...)
	batch := stream.NewBatch(ctx.Output, cols, cols[0].Len(), kinds)
	if batch.AllInserts() {
		batch.Kinds = nil
	}
	if batch.Rows() <= ctx.BatchRows {
		return out.Emit(batch)
	}
	defer batch.Release()
	for from := 0; from < batch.Rows(); from += ctx.BatchRows {
		if err := out.Emit(batch.Slice(from, min(from+ctx.BatchRows, batch.Rows()))); err != nil {
			return err
		}
	}
	return nil
}

// join puts the rows of more behind those of cols; the caller owns the result.
func join(ctx *op.Context, cols, more []arrow.Array) ([]arrow.Array, error) {
	out := make([]arrow.Array, 0, len(cols))
	for i, c := range cols {
		if more == nil {
			c.Retain()
			out = append(out, c)
			continue
		}
		joined, err := array.Concatenate([]arrow.Array{c, more[i]}, ctx.Alloc)
		if err != nil {
			columns.Release(out)
			return nil, err
		}
		out = append(out, joined)
	}
	return out, nil
}

// concat joins columns piece by piece; the caller owns the result.
func concat(ctx *op.Context, parts [][]arrow.Array) ([]arrow.Array, error) {
	out := make([]arrow.Array, 0, len(parts[0]))
	pieces := make([]arrow.Array, len(parts))
	for c := range parts[0] {
		for i, part := range parts {
			pieces[i] = part[c]
		}
		joined, err := array.Concatenate(pieces, ctx.Alloc)
		if err != nil {
			columns.Release(out)
			return nil, err
		}
		out = append(out, joined)
	}
	return out, nil
}
