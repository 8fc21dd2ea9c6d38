package match

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/state"
)

// Partitions are searched in order of the events that touch them, whether they are in
// memory or parked, so that what is in memory does not show in the output.

// advance takes the rows up to a time and searches the partitions that have more
// rows, or whose WITHIN has run out.
func (m *Match) advance(to int64, out op.Output) error {
	m.progress, m.stirred = max(m.progress, to), true
	m.takeRows()
	m.takeAlarms()
	m.order()
	if err := m.wake(out); err != nil {
		return err
	}
	if err := m.searchTouched(len(m.touched), out); err != nil {
		return err
	}
	if m.ended {
		if err := m.finish(out); err != nil {
			return err
		}
	}
	if err := m.saved.purge(m); err != nil {
		return err
	}
	return m.saved.spare(m)
}

// takeRows hands the rows whose time has passed to their partitions.
func (m *Match) takeRows() {
	limit := m.progress
	if m.cfg.ProcTime {
		limit = nothing.time
	}
	m.due = m.queue.pop(&m.cells, limit, m.due[:0])
	for _, cell := range m.due {
		p := &m.parts.list[m.cells.parts[cell]]
		p.rows = append(p.rows, cell)
		p.waiting--
		if !p.touched || m.ties != nil {
			m.touch(p, m.cells.eventOf(cell))
		}
	}
}

// takeAlarms touches the partitions whose WITHIN has run out. An alarm for a start row
// that was passed is put off to that of the present one.
func (m *Match) takeAlarms() {
	m.alarms.compact(&m.parts)
	for {
		a, ok := m.alarms.pop(m.progress)
		if !ok {
			return
		}
		p := &m.parts.list[a.part]
		if !p.alive || p.born != a.born {
			m.alarms.stale--
			continue
		}
		p.alarm = false
		switch {
		case !p.open:
		case m.cells.seqs[p.rows[p.start]] != a.seq:
			m.setAlarm(p)
		default:
			m.touch(p, event{time: a.time, seq: a.seq})
		}
	}
}

// touch lists a partition to be searched.
func (m *Match) touch(p *part, by event) {
	switch {
	case !p.touched:
		p.touched, p.dirty, p.hot, p.due = true, true, true, by
		m.touched = append(m.touched, p.id)
	case by.before(p.due):
		p.due = by
	}
}

// order sorts the touched partitions by their events.
func (m *Match) order() {
	compare := func(a, b int32) int {
		x, y := &m.parts.list[a], &m.parts.list[b]
		if x.due == y.due {
			return bytes.Compare(x.key, y.key)
		}
		if x.due.before(y.due) {
			return -1
		}
		return 1
	}
	if !slices.IsSortedFunc(m.touched, compare) {
		slices.SortFunc(m.touched, compare)
	}
}

// searchTouched searches the first n of the touched partitions.
func (m *Match) searchTouched(n int, out op.Output) error {
	if err := m.search(m.touched[:n], out); err != nil {
		return err
	}
	m.touched = m.touched[:copy(m.touched, m.touched[n:])]
	return m.out.flush(m, out)
}

// search searches partitions.
func (m *Match) search(parts []int32, out op.Output) error {
	if err := m.conds.positional(m, parts); err != nil {
		return err
	}
	for _, id := range parts {
		p := &m.parts.list[id]
		p.touched = false
		if err := m.run(p, out); err != nil {
			return err
		}
	}
	return nil
}

// wakeMax is how many parked partitions are woken at a time.
const wakeMax = 1024

// wake searches the parked partitions whose event has come, and the touched ones
// before them.
func (m *Match) wake(out op.Output) error {
	s := &m.saved
	err := s.timers.PopDue(m.progress, func(time int64, key []byte) error {
		s.waking.Append(key[seqBytes:])
		s.events = append(s.events, event{time: time, seq: binary.BigEndian.Uint64(key)})
		if s.waking.Len() < wakeMax {
			return nil
		}
		return m.wakeSome(out)
	})
	if err != nil || s.waking.Len() == 0 {
		return err
	}
	return m.wakeSome(out)
}

// wakeSome searches the partitions in store.waking, and the touched ones before them.
func (m *Match) wakeSome(out op.Output) error {
	s := &m.saved
	if err := m.touchAll(&s.waking, s.events); err != nil {
		return err
	}
	last := s.events[len(s.events)-1]
	s.waking.Reset()
	s.events = s.events[:0]
	m.takeRows()
	m.order()
	n := 0
	for n < len(m.touched) && !last.before(m.parts.list[m.touched[n]].due) {
		n++
	}
	if err := m.searchTouched(n, out); err != nil {
		return err
	}
	return s.spare(m)
}

// touchAll touches partitions, which are loaded if they are parked.
func (m *Match) touchAll(keys *rowcodec.Keys, events []event) error {
	s := &m.saved
	slots := s.grow(keys.Len())
	if err := s.table.Find(keys, slots); err != nil {
		return err
	}
	for i, slot := range slots {
		if slot != state.NoSlot {
			id := m.handle(slot, keys.At(i))
			m.touch(&m.parts.list[id], events[i])
		}
	}
	return s.load(m)
}

// finish searches all partitions that have a start row, in order of those: no more
// rows come.
func (m *Match) finish(out op.Output) error {
	var keys, chunk rowcodec.Keys
	var events []event
	for i := range m.parts.list {
		if p := &m.parts.list[i]; p.alive && p.start < len(p.rows) {
			keys.Append(p.key)
			events = append(events, m.cells.eventOf(p.rows[p.start]))
		}
	}
	err := m.saved.table.Scan(func(slot state.Slot) error {
		row, key := (*partRow)(m.saved.table.Row(slot)), m.saved.table.Key(slot)
		if row.kept > 0 && row.open != nothing && m.parts.at(row, key) == nil {
			keys.Append(key)
			events = append(events, row.open)
		}
		return nil
	})
	if err != nil {
		return err
	}
	order := make([]int32, len(events))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(events[a].time, events[b].time), cmp.Compare(events[a].seq, events[b].seq), bytes.Compare(keys.At(int(a)), keys.At(int(b))))
	})
	var due []event
	for some := range slices.Chunk(order, wakeMax) {
		chunk.Reset()
		due = due[:0]
		for _, i := range some {
			chunk.AppendHashed(keys.At(int(i)), keys.Hashes[i])
			due = append(due, events[i])
		}
		if err := m.touchAll(&chunk, due); err != nil {
			return err
		}
		if err := m.searchTouched(len(m.touched), out); err != nil {
			return err
		}
		if err := m.saved.spare(m); err != nil {
			return err
		}
	}
	return nil
}
