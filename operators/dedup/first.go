package dedup

import (
	"encoding/binary"
	"math"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// passFirst passes the first row of each new key on.
func (d *Dedup) passFirst(batch stream.Batch, out op.Output) error {
	p := &d.pick
	p.take = p.take[:0]
	for i, pointer := range d.rows {
		k := (*kept)(pointer)
		if k.time != emittedTime {
			k.time = emittedTime
			p.take = append(p.take, int32(i))
			d.table.MarkDirty(d.slots[i])
		}
	}
	if len(p.take) == 0 {
		return nil
	}
	if len(p.take) == batch.Rows() {
		return out.Emit(batch.Retain())
	}
	return out.Emit(stream.NewBatch(d.ctx.Output, takeAll(d, batch.Record.Columns(), p.take), len(p.take), nil))
}

// hold keeps the earliest row of each key that has none emitted yet.
func (d *Dedup) hold(batch stream.Batch, times []int64) error {
	heap := d.table.Heap()
	for i, pointer := range d.rows {
		k := (*kept)(pointer)
		fresh := k.ref == 0 && k.time != emittedTime
		switch {
		case k.time == emittedTime:
		case times[i] <= d.progress:
			d.ctx.Counters.LateRows++
			if fresh {
				d.forget(i)
			}
			continue
		case fresh || times[i] < k.time:
			if !fresh {
				d.timers.Delete(k.time, d.keys.At(i))
			}
			k.time = times[i]
			d.rowBytes = append(d.rowBytes[:0], 0) // so that no row is empty
			d.rowBytes = d.codec.Append(d.rowBytes, batch.Record.Columns(), i)
			k.ref = heap.Put(k.ref, d.rowBytes)
			d.timers.Register(k.time, d.keys.At(i), d.keys.Hashes[i])
			d.table.MarkDirty(d.slots[i])
		}
	}
	return nil
}

// forget deletes the key of row i, which a late row alone has made, unless a later
// row of the batch needs it: then that row finds it deleted and brings it back.
func (d *Dedup) forget(i int) { d.table.Delete(d.slots[i]) }

// release emits the rows that event time has passed.
func (d *Dedup) release(wm int64, out op.Output) error {
	if wm <= d.progress {
		return nil
	}
	var due rowcodec.Keys
	err := d.timers.PopDue(wm, func(_ int64, key []byte) error {
		due.Append(key)
		if due.Len() < d.ctx.BatchRows {
			return nil
		}
		return d.emitFirst(&due, out)
	})
	if err == nil {
		err = d.emitFirst(&due, out)
	}
	if err != nil {
		return err
	}
	d.progress = wm
	d.cell.Set(binary.BigEndian.AppendUint64(nil, uint64(wm)))
	return nil
}

// emitFirst emits the rows held for keys and empties the list.
func (d *Dedup) emitFirst(keys *rowcodec.Keys, out op.Output) error {
	n := keys.Len()
	if n == 0 {
		return nil
	}
	slots := make([]state.Slot, n)
	if err := d.table.Find(keys, slots); err != nil {
		return err
	}
	keys.Reset()
	heap := d.table.Heap()
	list := make([][]byte, 0, n)
	for _, slot := range slots {
		if slot == state.NoSlot {
			continue // forgotten
		}
		k := (*kept)(d.table.Row(slot))
		list = append(list, append([]byte(nil), heap.Get(k.ref)[1:]...))
		heap.Free(k.ref)
		k.ref, k.time = 0, emittedTime
		d.table.MarkDirty(slot)
	}
	if len(list) == 0 {
		return nil
	}
	cols, err := d.codec.Decode(d.ctx.Alloc, list)
	if err != nil {
		return err
	}
	return out.Emit(stream.NewBatch(d.ctx.Output, cols, len(list), nil))
}

// restoredProgress takes the earliest of the restored tasks' watermarks.
func restoredProgress(cell *state.Cell) int64 {
	progress := int64(math.MinInt64)
	for i, blob := range cell.Get() {
		if len(blob) != 8 {
			continue
		}
		if wm := int64(binary.BigEndian.Uint64(blob)); i == 0 || wm < progress {
			progress = wm
		}
	}
	return progress
}
