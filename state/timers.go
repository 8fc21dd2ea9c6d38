package state

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// Timers are times registered for keys, at most one for each (key, time). They
// are always in memory.
type Timers struct {
	// table holds `time, sign flipped, big endian | key`, with the timer's position
	// in its bucket as row.
	table *Table
	// buckets hold the timers of one time, queue the times in use (and maybe some
	// that no longer are) as a binary heap.
	buckets map[int64][]Slot
	queue   []int64
	buf     []byte
	firing  bool
}

// detached is the position of a timer that is being popped.
const detached = math.MaxUint64

const timerTimeBytes = 8

// Timers opens timers. Those of a restored snapshot are there.
func (s *Store) Timers(id string) (*Timers, error) {
	spec := TableSpec{ID: s.scope + id, Layout: Layout{Width: 8}}
	tid, err := s.core.open(TableInfo{Name: spec.ID, Kind: KindTimers, Width: 8})
	if err != nil {
		return nil, err
	}
	t := &Timers{buckets: map[int64][]Slot{}, table: newTable(s.core, spec, space{id: tid})}
	s.core.tables = append(s.core.tables, t)
	if err := t.table.warmAll(); err != nil {
		return nil, err
	}
	for _, slot := range t.table.hotOrder() {
		t.enter(t.timeOf(slot), slot)
	}
	return t, nil
}

func (t *Timers) timeOf(s Slot) int64 {
	return int64(binary.BigEndian.Uint64(t.table.Key(s)) ^ 1<<63)
}

func (t *Timers) compose(time int64, key []byte) []byte {
	t.buf = binary.BigEndian.AppendUint64(t.buf[:0], uint64(time)^1<<63)
	t.buf = append(t.buf, key...)
	return t.buf
}

// Register adds a timer unless the key has one at that time. hash is the key's
// rowcodec hash (its route, if it has another): it decides the key group.
func (t *Timers) Register(time int64, key []byte, hash uint64) {
	b := t.compose(time, key)
	if !t.firing && len(t.table.garbage) > 1024 {
		t.table.collect()
	}
	if t.table.stride == 0 {
		t.table.layFor(len(b))
	}
	tag := uint32(rowcodec.Hash(b))
	s := t.table.findOne(b, tag)
	switch {
	case s == NoSlot:
		s = t.table.insert(b, tag, rowcodec.KeyGroup(hash, t.table.core.options.Groups))
	case *flagsOf(t.table.at(s))&flagDead == 0:
		return
	}
	t.table.markSlow(s)
	t.enter(time, s)
	t.table.charge()
}

// enter puts a timer into its bucket.
func (t *Timers) enter(time int64, s Slot) {
	bucket, ok := t.buckets[time]
	if !ok {
		t.push(time)
	}
	*(*uint64)(t.table.Row(s)) = uint64(len(bucket))
	t.buckets[time] = append(bucket, s)
}

// Delete removes a timer, if it is there.
func (t *Timers) Delete(time int64, key []byte) {
	b := t.compose(time, key)
	if t.table.stride == 0 {
		return
	}
	s := t.table.findOne(b, uint32(rowcodec.Hash(b)))
	if s == NoSlot || *flagsOf(t.table.at(s))&flagDead != 0 {
		return
	}
	if at := *(*uint64)(t.table.Row(s)); at != detached {
		bucket := t.buckets[time]
		last := len(bucket) - 1
		bucket[at] = bucket[last]
		*(*uint64)(t.table.Row(bucket[at])) = at
		t.buckets[time] = bucket[:last]
	}
	t.table.Delete(s)
}

// Min is the earliest time that has a timer; false when there are none.
func (t *Timers) Min() (int64, bool) {
	for len(t.queue) > 0 {
		time := t.queue[0]
		if len(t.buckets[time]) > 0 {
			return time, true
		}
		delete(t.buckets, time)
		t.pop()
	}
	return 0, false
}

// Len is the number of timers.
func (t *Timers) Len() int { return t.table.size }

// PopDue takes out all timers with time ≤ upTo, in order of time and then of the
// keys' bytes, and calls fire for each. key is borrowed for the call. fire may
// register and delete timers; those registered for a time ≤ upTo fire too.
func (t *Timers) PopDue(upTo int64, fire func(time int64, key []byte) error) error {
	if err := t.table.core.usable(); err != nil {
		return err
	}
	t.firing = true
	defer func() { t.firing = false }()
	var key []byte
	for {
		time, ok := t.Min()
		if !ok || time > upTo {
			break
		}
		due := t.buckets[time]
		delete(t.buckets, time)
		t.pop()
		for _, s := range due {
			*(*uint64)(t.table.Row(s)) = detached
		}
		slices.SortFunc(due, func(a, b Slot) int { return bytes.Compare(t.table.Key(a), t.table.Key(b)) })
		for i, s := range due {
			if *flagsOf(t.table.at(s))&flagDead != 0 {
				continue
			}
			key = append(key[:0], t.table.Key(s)[timerTimeBytes:]...)
			t.table.Delete(s)
			if err := fire(time, key); err != nil {
				t.reenter(time, due[i+1:])
				return err
			}
		}
	}
	t.table.collect()
	t.table.charge()
	return nil
}

// reenter puts timers back that an error kept from firing.
func (t *Timers) reenter(time int64, due []Slot) {
	for _, s := range due {
		if *flagsOf(t.table.at(s))&flagDead == 0 {
			t.enter(time, s)
		}
	}
}

// push and pop keep the queue a binary min-heap.
func (t *Timers) push(time int64) {
	q := append(t.queue, time)
	for i := len(q) - 1; i > 0; {
		parent := (i - 1) / 2
		if q[parent] <= q[i] {
			break
		}
		q[parent], q[i] = q[i], q[parent]
		i = parent
	}
	t.queue = q
}

func (t *Timers) pop() {
	q := t.queue
	last := len(q) - 1
	q[0], q = q[last], q[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && q[child+1] < q[child] {
			child++
		}
		if q[i] <= q[child] {
			break
		}
		q[i], q[child] = q[child], q[i]
		i = child
	}
	t.queue = q
}

func (t *Timers) flush(b Batch) error { return t.table.flush(b) }

// evict does nothing: timers stay in memory.
func (t *Timers) evict(int64) error { return nil }

func (t *Timers) liveBytes() int64 { return t.table.liveBytes() }

func (t *Timers) indexBytes() int64 { return t.table.indexBytes() }

func (t *Timers) info() TableInfo { return t.table.info() }
