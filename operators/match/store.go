package match

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// store is what of an operator's memory is in the state.
//
//	partitions: key → partRow
//	rows:       key → `time, sign flipped | arrival number | row`, for each row kept
//	due:        `arrival number | key` at the time of the event that a parked partition waits for
//	holds:      key at the time of the first undecided row of a parked partition
//
// Invariant PARKED: a partition that has rows is in memory with all of them, or parked:
// all of its rows are in the state, and a timer for what it waits for.
type store struct {
	codec    *rows.Codec
	table    *state.Table
	rows     *state.Multi
	timers   *state.Timers
	holds    *state.Timers // nil unless watermarks are held back
	progress op.Progress
	arrivals *state.Cell
	guest    *state.Guest

	// fresh are the cells taken since the last write; gone the stored rows to remove.
	fresh    []int32
	gone     rowcodec.Keys
	goneSubs []byte
	// wanted are the partitions in memory whose rows are not yet, parked is the number
	// of rows of those that are not, hand where the search for ones to park goes on.
	wanted []want
	parked int64
	hand   int
	// waking are the partitions whose timers went off, by events.
	waking rowcodec.Keys
	events []event

	keys    rowcodec.Keys
	slots   []state.Slot
	enc     rowcodec.Rows
	sub     []byte
	live    []int32
	leaving []int32
	waiting []int32
	loaded  [][]byte
	into    []int32
	// numbered keeps partitions without rows for their match number.
	numbered bool
}

// partRow is the row of a partition.
type partRow struct {
	// handle is the partition's place in memory + 1; it is not to be trusted.
	handle int64
	// number is that of the last match.
	number int64
	// kept is the number of its rows. taken of them were taken, of which start are
	// behind the start row and matched belong to a match.
	kept    int64
	taken   int64
	start   int64
	matched int64
	// wake is what it waits for, open its start row, hold the time of the first
	// undecided row; nothing and MaxInt64 when there is none.
	wake event
	open event
	hold int64
}

const (
	partRowBytes = int(unsafe.Sizeof(partRow{}))
	subBytes     = 16
)

func (s *store) open(m *Match) error {
	for _, n := range m.cfg.Outputs {
		s.numbered = s.numbered || n.Kind == rowpattern.MatchNumber
	}
	var err error
	if s.codec, err = rows.NewCodec(m.ctx.Inputs[0]); err != nil {
		return err
	}
	if s.table, err = m.ctx.State.Table(state.TableSpec{ID: "partitions", Layout: state.Layout{Width: partRowBytes}}); err != nil {
		return err
	}
	if s.rows, err = m.ctx.State.Multi(state.MultiSpec{ID: "rows", Ordered: true}); err != nil {
		return err
	}
	if s.timers, err = m.ctx.State.Timers("due"); err != nil {
		return err
	}
	if m.cfg.Rowtime {
		if s.holds, err = m.ctx.State.Timers("holds"); err != nil {
			return err
		}
	}
	s.guest = m.ctx.State.Guest()
	s.progress, s.arrivals = op.OpenProgress(m.ctx.State), m.ctx.State.Cell("arrivals")
	m.progress = s.progress.At()
	for _, blob := range s.arrivals.Get() {
		m.seq = max(m.seq, binary.BigEndian.Uint64(blob))
	}
	if m.cfg.ProcTime {
		m.now = max(0, m.progress)
	}
	return s.restore()
}

// forget drops a row; its cell is freed when the output no longer needs it.
func (s *store) forget(m *Match, p *part, cell int32) {
	if m.cells.flags[cell]&cellSaved != 0 {
		s.gone.Append(p.key)
		s.goneSubs = appendSub(s.goneSubs, m.cells.times[cell], m.cells.seqs[cell])
	}
	m.cells.flags[cell] &^= cellLive | cellSaved
	m.out.garbage = append(m.out.garbage, cell)
}

func appendSub(dst []byte, time int64, seq uint64) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(time)^1<<63)
	return binary.BigEndian.AppendUint64(dst, seq)
}

// write brings the state up to date, if anything has come since it was.
func (s *store) write(m *Match) error {
	if !m.stirred {
		return nil
	}
	m.stirred = false
	if err := s.removeGone(); err != nil {
		return err
	}
	if err := s.addFresh(m); err != nil {
		return err
	}
	if err := s.writeParts(m); err != nil {
		return err
	}
	s.progress.Reach(m.progress)
	s.arrivals.Set(number(m.seq))
	return nil
}

func (s *store) grow(n int) []state.Slot {
	if cap(s.slots) < n {
		s.slots = make([]state.Slot, n)
	}
	return s.slots[:n]
}

func (s *store) removeGone() error {
	n := s.gone.Len()
	if n == 0 {
		return nil
	}
	slots := s.grow(n)
	if err := s.rows.Find(&s.gone, slots); err != nil {
		return err
	}
	for i, slot := range slots {
		sub := s.goneSubs[i*subBytes:][:subBytes]
		if slot == state.NoSlot {
			continue
		}
		if e := s.rows.Seek(slot, sub); e != state.NoEntry && string(s.rows.Sub(e)[:subBytes]) == string(sub) {
			s.rows.Remove(slot, e)
		}
	}
	s.gone.Reset()
	s.goneSubs = s.goneSubs[:0]
	return nil
}

// writeMax bounds the rows that are encoded at a time.
const writeMax = 4096

func (s *store) addFresh(m *Match) error {
	s.live = s.live[:0]
	for _, cell := range s.fresh {
		m.cells.flags[cell] &^= cellListed
		if m.cells.flags[cell] == cellLive {
			s.live = append(s.live, cell)
		}
	}
	s.fresh = s.fresh[:0]
	return s.addAll(m, s.live)
}

func (s *store) addAll(m *Match, live []int32) error {
	for some := range slices.Chunk(live, writeMax) {
		if err := s.addRows(m, some); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) addRows(m *Match, live []int32) error {
	cols, err := m.gatherAll(live)
	if err != nil {
		return err
	}
	defer columns.Release(cols)
	if err := s.codec.Encode(cols, len(live), &s.enc); err != nil {
		return err
	}
	s.keys.Reset()
	for _, cell := range live {
		s.keys.Append(m.parts.list[m.cells.parts[cell]].key)
	}
	slots := s.grow(len(live))
	if err := s.rows.Upsert(&s.keys, slots); err != nil {
		return err
	}
	for i, cell := range live {
		s.sub = appendSub(s.sub[:0], m.cells.times[cell], m.cells.seqs[cell])
		s.rows.Put(slots[i], append(s.sub, s.enc.At(i)...))
		m.cells.flags[cell] |= cellSaved
	}
	return nil
}

// writeParts stores the partitions that changed, and drops those without rows.
func (s *store) writeParts(m *Match) error {
	s.live = s.live[:0]
	for i := range m.parts.list {
		if p := &m.parts.list[i]; p.alive && (p.dirty || p.empty()) {
			s.live = append(s.live, p.id)
			p.first = -1
		}
	}
	m.parts.empty = 0
	m.queue.firsts(m, nil)
	return s.writeAll(m, s.live)
}

func (s *store) writeAll(m *Match, parts []int32) error {
	for some := range slices.Chunk(parts, writeMax) {
		if err := s.writeSome(m, some); err != nil {
			return err
		}
	}
	return nil
}

// writeSome stores partitions, and drops those without rows and those that are leaving.
func (s *store) writeSome(m *Match, parts []int32) error {
	s.keys.Reset()
	for _, id := range parts {
		s.keys.Append(m.parts.list[id].key)
	}
	slots := s.grow(len(parts))
	if err := s.table.Upsert(&s.keys, slots); err != nil {
		return err
	}
	for i, id := range parts {
		p := &m.parts.list[id]
		row := (*partRow)(s.table.Row(slots[i]))
		switch {
		case !p.empty():
			s.describe(m, p, row)
		case s.numbered && p.number > 0:
			*row = partRow{number: p.number, wake: nothing, open: nothing, hold: math.MaxInt64}
		default:
			s.table.Delete(slots[i])
			m.drop(p)
			continue
		}
		s.table.MarkDirty(slots[i])
		p.dirty = false
		switch {
		case p.leaving:
			s.leave(m, p, row, s.keys.Hashes[i])
		case p.empty():
			m.drop(p)
		}
	}
	return nil
}

// describe fills the row of a partition that has rows.
func (s *store) describe(m *Match, p *part, row *partRow) {
	*row = partRow{
		handle: int64(p.id) + 1, number: p.number, kept: int64(len(p.rows) + p.waiting), taken: int64(len(p.rows)), start: int64(p.start),
		matched: int64(p.matched), wake: nothing, open: nothing, hold: math.MaxInt64,
	}
	if p.start < len(p.rows) {
		row.open = m.cells.eventOf(p.rows[p.start])
	}
	if p.open && m.cfg.WithinMillis > 0 && m.deadline(p)-1 > m.progress {
		row.wake = event{time: m.deadline(p) - 1, seq: row.open.seq}
	}
	if p.waiting > 0 {
		if e := m.cells.eventOf(p.first); e.before(row.wake) {
			row.wake = e
		}
	}
	if at := p.undecided(m.auto); s.holds != nil && at >= 0 {
		row.hold = m.cells.times[p.rows[at]]
	}
}

// purgeAt is the number of partitions without rows at which they are dropped
// before the next barrier.
const purgeAt = 1 << 16

// purge drops partitions without rows once there are many.
func (s *store) purge(m *Match) error {
	if m.parts.empty < purgeAt {
		return nil
	}
	return s.writeParts(m)
}

// gatherAll gives all columns of cells, owned by the caller.
func (m *Match) gatherAll(cells []int32) ([]arrow.Array, error) {
	cols := make([]arrow.Array, len(m.cells.cols))
	for i := range m.cells.cols {
		var err error
		if cols[i], err = m.cells.cols[i].gather(m.ctx.Alloc, cells); err != nil {
			columns.Release(cols)
			return nil, err
		}
	}
	return cols, nil
}
