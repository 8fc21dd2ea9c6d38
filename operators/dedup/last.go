package dedup

import (
	"bytes"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// picked is scratch memory: the keys that a batch touches, with the row of the
// batch that each keeps, -1 when it keeps its former one.
type picked struct {
	slots []state.Slot
	keys  []*kept
	row   []int32
	// A batch's output: former rows decoded, then the batch's.
	former rows.List
	take   []int32
	kinds  []stream.RowKind
}

// collect finds the winner among the batch's rows for each key.
func (p *picked) collect(d *Dedup, times []int64) {
	p.slots, p.keys, p.row = p.slots[:0], p.keys[:0], p.row[:0]
	for i, pointer := range d.rows {
		k := (*kept)(pointer)
		if k.mark == 0 {
			p.slots, p.keys = append(p.slots, d.slots[i]), append(p.keys, k)
			p.row = append(p.row, -1)
			k.mark = int64(len(p.keys))
		}
		at := k.mark - 1
		if times == nil || d.wins(k, at, times, i) {
			p.row[at] = int32(i)
		}
	}
	for _, k := range p.keys {
		k.mark = 0
	}
}

// wins reports whether row i comes after what its key keeps so far.
func (d *Dedup) wins(k *kept, at int64, times []int64, i int) bool {
	p := &d.pick
	if p.row[at] >= 0 {
		return times[i] >= times[p.row[at]]
	}
	return d.table.IsNew(d.slots[i]) || times[i] >= k.time
}

// keepLast replaces the rows of the batch's keys and emits what changed.
func (d *Dedup) keepLast(batch stream.Batch, times []int64, out op.Output) error {
	p := &d.pick
	p.collect(d, times)
	p.take, p.kinds = p.take[:0], p.kinds[:0]
	for i, k := range p.keys {
		row := p.row[i]
		if row < 0 {
			continue
		}
		isNew := d.table.IsNew(p.slots[i])
		if times != nil {
			k.time = times[row]
		}
		d.table.MarkDirty(p.slots[i])
		if d.cfg.EmitUpdateBefore && !d.replace(k, isNew, batch, int(row)) {
			continue
		}
		kind := stream.UpdateAfter
		if isNew {
			kind = stream.Insert
		}
		p.take, p.kinds = append(p.take, row), append(p.kinds, kind)
	}
	return d.emitLast(batch, out)
}

// replace puts the new row in the place of the former one, which it lists for
// emission; false when they are equal.
func (d *Dedup) replace(k *kept, isNew bool, batch stream.Batch, row int) bool {
	p, heap := &d.pick, d.table.Heap()
	d.rowBytes = d.codec.Append(d.rowBytes[:0], batch.Record.Columns(), row)
	if !isNew {
		former := heap.Get(k.ref)
		if bytes.Equal(former, d.rowBytes) {
			return false
		}
		p.former.Add(former)
		p.take, p.kinds = append(p.take, int32(-p.former.Len())), append(p.kinds, stream.UpdateBefore)
	}
	k.ref = heap.Put(k.ref, d.rowBytes)
	return true
}

// emitLast emits the listed rows: -i stands for former row i, counted from 1.
func (d *Dedup) emitLast(batch stream.Batch, out op.Output) error {
	p := &d.pick
	if len(p.take) == 0 {
		return nil
	}
	var cols []arrow.Array
	if list := p.former.Take(); len(list) == 0 {
		cols = takeAll(d, batch.Record.Columns(), p.take)
	} else {
		former, err := d.codec.Decode(d.ctx.Alloc, list)
		if err != nil {
			return err
		}
		cols, err = d.mix(stream.NewBatch(d.ctx.Inputs[0], former, len(list), nil), batch)
		if err != nil {
			return err
		}
	}
	result := stream.NewBatch(d.ctx.Output, cols, len(p.take), slices.Clone(p.kinds))
	if result.AllInserts() {
		result.Kinds = nil
	}
	return out.Emit(result)
}

// mix gathers rows from the former ones, which it releases, and the batch's.
func (d *Dedup) mix(former, batch stream.Batch) ([]arrow.Array, error) {
	defer former.Release()
	p := &d.pick
	offset := int32(former.Rows())
	sel := make([]int32, len(p.take))
	picked := make([]int32, 0, len(p.take))
	for i, row := range p.take {
		if row < 0 {
			sel[i] = -row - 1
			continue
		}
		sel[i] = offset + int32(len(picked))
		picked = append(picked, row)
	}
	var out []arrow.Array
	for i, was := range former.Record.Columns() {
		now := columns.Take(d.ctx.Alloc, batch.Column(i), picked)
		both, err := array.Concatenate([]arrow.Array{was, now}, d.ctx.Alloc)
		now.Release()
		if err != nil {
			columns.Release(out)
			return nil, err
		}
		out = append(out, columns.Take(d.ctx.Alloc, both, sel))
		both.Release()
	}
	return out, nil
}

func takeAll(d *Dedup, cols []arrow.Array, rows []int32) []arrow.Array {
	out := make([]arrow.Array, len(cols))
	for i, c := range cols {
		out[i] = columns.Take(d.ctx.Alloc, c, rows)
	}
	return out
}
