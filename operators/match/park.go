package match

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// want is a partition whose rows are to be loaded, with its row in the table.
type want struct {
	part int32
	row  partRow
}

// restore makes all partitions of a snapshot parked ones: each is loaded when it is
// needed.
func (s *store) restore() error {
	return s.table.Scan(func(slot state.Slot) error {
		row := (*partRow)(s.table.Row(slot))
		if row.kept > 0 {
			s.park(s.table.Key(slot), row, rowcodec.Hash(s.table.Key(slot)))
		}
		return nil
	})
}

// park notes what a partition waits for that is not in memory.
func (s *store) park(key []byte, row *partRow, hash uint64) {
	s.parked += row.kept
	if row.wake != nothing {
		s.timers.Register(row.wake.time, s.timerKey(row.wake, key), hash)
	}
	if row.hold != math.MaxInt64 {
		s.holds.Register(row.hold, key, hash)
	}
}

// unpark takes back what park noted.
func (s *store) unpark(key []byte, row *partRow) {
	s.parked -= row.kept
	if row.wake != nothing {
		s.timers.Delete(row.wake.time, s.timerKey(row.wake, key))
	}
	if row.hold != math.MaxInt64 {
		s.holds.Delete(row.hold, key)
	}
}

const seqBytes = 8

func (s *store) timerKey(e event, key []byte) []byte {
	s.sub = append(binary.BigEndian.AppendUint64(s.sub[:0], e.seq), key...)
	return s.sub
}

// hold is the last time that no match of a parked partition can end at.
func (s *store) hold() int64 {
	if s.holds == nil {
		return math.MaxInt64
	}
	if first, ok := s.holds.Min(); ok {
		return first - 1
	}
	return math.MaxInt64
}

// resume loads the partitions wanted and searches them again, which finds nothing new
// (invariant SUSPENDED) but where each search stands.
func (s *store) resume(m *Match) error {
	if len(s.wanted) == 0 {
		return nil
	}
	parts := make([]int32, len(s.wanted))
	for i, w := range s.wanted {
		parts[i] = w.part
	}
	if err := s.load(m); err != nil {
		return err
	}
	return m.search(parts, nil)
}

// load brings the rows of the partitions wanted into memory.
func (s *store) load(m *Match) error {
	for some := range slices.Chunk(s.wanted, writeMax) {
		if err := s.loadSome(m, some); err != nil {
			return err
		}
	}
	s.wanted = s.wanted[:0]
	return nil
}

func (s *store) loadSome(m *Match, wanted []want) error {
	s.keys.Reset()
	for _, w := range wanted {
		s.keys.Append(m.parts.list[w.part].key)
	}
	slots := s.grow(len(wanted))
	if err := s.rows.Find(&s.keys, slots); err != nil {
		return err
	}
	s.waiting = s.waiting[:0]
	for i := range wanted {
		row, p := &wanted[i].row, &m.parts.list[wanted[i].part]
		s.unpark(p.key, row)
		p.start, p.seen, p.matched = int(row.start), int(row.start), int(row.matched)
		if slots[i] == state.NoSlot {
			return errs.Corruptionf("%s: the %d rows of a partition are not there", m.ctx.Label, row.kept)
		}
		for e := s.rows.First(slots[i]); e != state.NoEntry; e = s.rows.Next(e) {
			if err := s.loadRow(m, p, row, s.rows.Sub(e)); err != nil {
				return err
			}
		}
	}
	if err := s.decode(m); err != nil {
		return err
	}
	if m.ties != nil {
		for _, w := range wanted {
			sortCells(&m.cells, m.parts.list[w.part].rows)
		}
	}
	m.queue.add(&m.cells, s.waiting)
	return nil
}

// loadRow makes a stored row a cell, whose columns are filled by decode.
func (s *store) loadRow(m *Match, p *part, row *partRow, sub []byte) error {
	if len(sub) < subBytes {
		return errs.Corruptionf("a stored row of %s is %d bytes long", m.ctx.Label, len(sub))
	}
	cell := m.cells.take()
	m.place(cell, p.id, int64(binary.BigEndian.Uint64(sub)^1<<63), binary.BigEndian.Uint64(sub[seqBytes:]))
	m.cells.flags[cell] |= cellSaved
	if int64(len(p.rows)) < row.taken {
		p.rows = append(p.rows, cell)
	} else {
		p.waiting++
		s.waiting = append(s.waiting, cell)
	}
	s.loaded, s.into = append(s.loaded, sub[subBytes:]), append(s.into, cell)
	if len(s.loaded) < writeMax {
		return nil
	}
	return s.decode(m)
}

// decode fills the cells of the rows loaded.
func (s *store) decode(m *Match) error {
	cols, err := s.codec.Decode(m.ctx.Alloc, s.loaded)
	if err != nil {
		return err
	}
	defer columns.Release(cols)
	m.scatter(cols, s.into)
	if m.ties != nil {
		if err := m.ties.Encode(cols, len(s.into), &m.sorts); err != nil {
			return err
		}
		for i, cell := range s.into {
			m.cells.ties[cell] = append(m.cells.ties[cell][:0], m.sorts.At(i)...)
		}
	}
	s.loaded, s.into = s.loaded[:0], s.into[:0]
	return nil
}

// spare parks partitions while those in memory take more than the operator may hold.
func (s *store) spare(m *Match) error {
	most, held := s.guest.Most(), m.bytes()
	if held > most {
		if err := s.parkWorth(m, held-most/4*3); err != nil {
			return err
		}
		held = m.bytes()
	}
	s.guest.Hold(held)
	return nil
}

// bytes is about what partitions and rows in memory take.
func (m *Match) bytes() int64 { return int64(m.cells.live())*m.cells.cellBytes() + m.parts.bytes }

// parkWorth parks partitions worth about want bytes: those not used since the hand
// passed them last. What the current call used stays, however much it is.
func (s *store) parkWorth(m *Match, want int64) error {
	s.leaving = s.leaving[:0]
	perRow, waiting := m.cells.cellBytes(), 0
	for range m.parts.list {
		if want <= 0 {
			break
		}
		if s.hand++; s.hand >= len(m.parts.list) {
			s.hand = 0
		}
		p := &m.parts.list[s.hand]
		switch {
		case !p.alive || p.touched || p.leaving:
			continue
		case p.hot:
			p.hot = false
			continue
		}
		p.leaving, p.first = true, -1
		waiting += p.waiting
		want -= p.bytes + perRow*int64(len(p.rows)+p.waiting)
		s.leaving = append(s.leaving, p.id)
	}
	if len(s.leaving) == 0 {
		return nil
	}
	if err := s.removeGone(); err != nil {
		return err
	}
	s.waiting = s.waiting[:0]
	if waiting > 0 {
		s.waiting = m.queue.firsts(m, s.waiting)
	}
	if err := s.saveLeaving(m); err != nil {
		return err
	}
	if err := s.writeAll(m, s.leaving); err != nil {
		return err
	}
	for _, cell := range s.waiting {
		m.cells.flags[cell] &^= cellLive | cellSaved
		m.cells.release(cell)
	}
	return nil
}

// saveLeaving puts the rows of leaving partitions into the state that it does not have.
func (s *store) saveLeaving(m *Match) error {
	s.live = s.live[:0]
	for _, cell := range s.waiting {
		if m.cells.flags[cell]&cellSaved == 0 {
			s.live = append(s.live, cell)
		}
	}
	for _, id := range s.leaving {
		for _, cell := range m.parts.list[id].rows {
			if m.cells.flags[cell]&cellSaved == 0 {
				s.live = append(s.live, cell)
			}
		}
	}
	return s.addAll(m, s.live)
}

// leave drops a partition from memory whose row was stored.
func (s *store) leave(m *Match, p *part, row *partRow, hash uint64) {
	row.handle = 0
	if row.kept > 0 {
		s.park(p.key, row, hash)
	}
	for _, cell := range p.rows {
		m.cells.flags[cell] &^= cellLive | cellSaved
		m.cells.release(cell)
	}
	m.drop(p)
}
