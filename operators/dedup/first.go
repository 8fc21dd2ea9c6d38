package dedup

import (
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
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
		case times[i] <= d.progress.At():
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

// due is scratch memory: the keys whose timers are due, with the timers' times, and
// the rows found for them.
type due struct {
	keys  rowcodec.Keys
	times []int64
	rows  rows.List
}

// release emits the rows that event time has passed.
func (d *Dedup) release(wm int64, out op.Output) error {
	if wm <= d.progress.At() {
		return nil
	}
	due := &d.due
	err := d.timers.PopDue(wm, func(time int64, key []byte) error {
		due.keys.Append(key)
		due.times = append(due.times, time)
		if len(due.times) < d.ctx.BatchRows {
			return nil
		}
		return d.emitFirst(out)
	})
	if err == nil {
		err = d.emitFirst(out)
	}
	if err != nil {
		return err
	}
	d.progress.Reach(wm)
	return nil
}

// emitFirst emits the rows held for the keys that are due and empties the list.
func (d *Dedup) emitFirst(out op.Output) error {
	due, n := &d.due, len(d.due.times)
	if n == 0 {
		return nil
	}
	d.room(n)
	if err := d.table.Find(&due.keys, d.slots); err != nil {
		return err
	}
	heap := d.table.Heap()
	for i, slot := range d.slots {
		if slot == state.NoSlot {
			continue // forgotten
		}
		k := (*kept)(d.table.Row(slot))
		if k.ref == 0 || k.time != due.times[i] {
			continue // forgotten, and come again: that row has a timer of its own
		}
		due.rows.Add(heap.Get(k.ref)[1:])
		heap.Free(k.ref)
		k.ref, k.time = 0, emittedTime
		d.table.MarkDirty(slot)
	}
	due.keys.Reset()
	due.times = due.times[:0]
	list := due.rows.Take()
	if len(list) == 0 {
		return nil
	}
	cols, err := d.codec.Decode(d.ctx.Alloc, list)
	if err != nil {
		return err
	}
	return out.Emit(stream.NewBatch(d.ctx.Output, cols, len(list), nil))
}
