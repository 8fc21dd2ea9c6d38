package over

import (
	"encoding/binary"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// wordBytes is the size of the numbers before a kept row.
const wordBytes = 8

// arrivals numbers rows in the order they come, also over restores.
type arrivals struct {
	cell *state.Cell
	last uint64
}

func (a *arrivals) open(store *state.Store, name string) {
	a.cell = store.Cell(name)
	for _, blob := range a.cell.Get() {
		if len(blob) == wordBytes {
			a.last = max(a.last, binary.BigEndian.Uint64(blob))
		}
	}
}

func (a *arrivals) next() uint64 {
	a.last++
	return a.last
}

func (a *arrivals) keep() { a.cell.Set(binary.BigEndian.AppendUint64(nil, a.last)) }

// inbox keeps rows until event time has passed them. A row is an entry of its
// partition: its time and arrival number, in order of their bytes, then the row.
type inbox struct {
	arrivals
	codec  *rows.Codec
	table  *state.Multi
	timers *state.Timers
	slots  []state.Slot
	millis []int64
	sub    []byte
	keys   rowcodec.Keys
	seen   map[string]struct{}
}

func (b *inbox) open(store *state.Store, codec *rows.Codec) error {
	b.codec = codec
	b.arrivals.open(store, "arrivals")
	var err error
	if b.table, err = store.Multi(state.MultiSpec{ID: "inbox", Ordered: true}); err != nil {
		return err
	}
	b.timers, err = store.Timers("due")
	return err
}

// add keeps the rows of a batch that are later than progress; it counts the others.
func (b *inbox) add(batch stream.Batch, time int, keys *rowcodec.Keys, progress int64) (late int64, err error) {
	arr := batch.Column(time)
	millis, err := windows.Millis(arr, batch.Record.ColumnName(time), &b.millis)
	if err != nil {
		return 0, err
	}
	if cap(b.slots) < batch.Rows() {
		b.slots = make([]state.Slot, batch.Rows())
	}
	b.slots = b.slots[:batch.Rows()]
	if err := b.table.Upsert(keys, b.slots); err != nil {
		return 0, err
	}
	raw, cols := rawTimes(arr), batch.Record.Columns()
	for i, slot := range b.slots {
		if millis[i] <= progress {
			late++
			continue
		}
		b.sub = binary.BigEndian.AppendUint64(b.sub[:0], uint64(raw[i])^1<<63)
		b.sub = binary.BigEndian.AppendUint64(b.sub, b.next())
		b.sub = b.codec.Append(b.sub, cols, i)
		b.table.Put(slot, b.sub)
		b.timers.Register(millis[i], keys.At(i), keys.Hashes[i])
	}
	return late, nil
}

// keysMax is how many partitions are handled at a time.
const keysMax = 4096

// release hands over the partitions that have rows up to wm, some at a time.
func (b *inbox) release(wm int64, handle func(keys *rowcodec.Keys, slots []state.Slot) error) error {
	if b.seen == nil {
		b.seen = map[string]struct{}{}
	}
	clear(b.seen)
	b.keys.Reset()
	flush := func() error {
		if b.keys.Len() == 0 {
			return nil
		}
		slots := make([]state.Slot, b.keys.Len())
		if err := b.table.Upsert(&b.keys, slots); err != nil {
			return err
		}
		err := handle(&b.keys, slots)
		b.keys.Reset()
		clear(b.seen)
		return err
	}
	err := b.timers.PopDue(wm, func(_ int64, key []byte) error {
		if _, ok := b.seen[string(key)]; ok {
			return nil
		}
		b.seen[string(key)] = struct{}{}
		b.keys.Append(key)
		if b.keys.Len() < keysMax {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// take appends a partition's rows up to the time limit to d, until d is full; more
// tells that some are left. Peers are not parted.
func (b *inbox) take(slot state.Slot, limit int64, peers bool, d *due) (more bool) {
	for e := b.table.First(slot); e != state.NoEntry; e = b.table.Next(e) {
		sub := b.table.Sub(e)
		time := int64(binary.BigEndian.Uint64(sub) ^ 1<<63)
		if time > limit {
			return false
		}
		if len(d.times) >= dueRowsMax && !(peers && time == d.times[len(d.times)-1]) {
			return true
		}
		d.add(sub[2*wordBytes:], time)
		d.entries = append(d.entries, e)
	}
	return false
}

// drop forgets the rows that were taken.
func (b *inbox) drop(d *due) {
	for _, p := range d.parts {
		for _, e := range d.entries[p.first:p.end] {
			b.table.Remove(p.inbox, e)
		}
	}
}
