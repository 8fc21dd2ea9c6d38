package match

import (
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/operators/stream/rows"
	"github.com/thalweg/thalweg/state"
)

// store is what of an operator's memory is in the state.
//
//	partitions: key → partRow
//	rows:       key → `time, sign flipped | arrival number | row`, for each row kept
type store struct {
	codec    *rows.Codec
	table    *state.Table
	rows     *state.Multi
	progress *state.Cell
	arrivals *state.Cell

	// fresh are the cells taken since the last write; gone the stored rows to remove.
	fresh    []int32
	gone     rowcodec.Keys
	goneSubs []byte

	keys  rowcodec.Keys
	slots []state.Slot
	enc   rowcodec.Rows
	sub   []byte
	live  []int32
	// numbered keeps partitions without rows for their match number.
	numbered bool
}

// partRow is the row of a partition.
type partRow struct {
	// handle is the partition's place in memory + 1; it is not to be trusted.
	handle int64
	// number is that of the last match.
	number int64
	// taken is the number of rows that were taken, of which start are behind the
	// start row and matched belong to a match.
	taken   int64
	start   int64
	matched int64
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
	s.progress, s.arrivals = m.ctx.State.Cell("progress"), m.ctx.State.Cell("arrivals")
	for i, blob := range s.progress.Get() {
		if p := int64(binary.BigEndian.Uint64(blob)); i == 0 || p < m.progress {
			m.progress = p
		}
	}
	for _, blob := range s.arrivals.Get() {
		m.seq = max(m.seq, binary.BigEndian.Uint64(blob))
	}
	if m.cfg.ProcTime {
		m.now = max(0, m.progress)
	}
	return s.load(m)
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

// write brings the state up to date.
func (s *store) write(m *Match) error {
	if err := s.removeGone(); err != nil {
		return err
	}
	if err := s.addFresh(m); err != nil {
		return err
	}
	if err := s.writeParts(m); err != nil {
		return err
	}
	s.progress.Set(number(uint64(m.progress)))
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
	for live := s.live; len(live) > 0; {
		n := min(len(live), writeMax)
		if err := s.addRows(m, live[:n]); err != nil {
			return err
		}
		live = live[n:]
	}
	return nil
}

func (s *store) addRows(m *Match, live []int32) error {
	cols, err := m.gatherAll(live)
	if err != nil {
		return err
	}
	defer release(cols)
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
	s.keys.Reset()
	s.live = s.live[:0]
	for i := range m.parts.list {
		if p := &m.parts.list[i]; p.alive && (p.dirty || len(p.rows)+p.waiting == 0) {
			s.live = append(s.live, p.id)
			s.keys.Append(p.key)
		}
	}
	m.parts.empty = 0
	if len(s.live) == 0 {
		return nil
	}
	slots := s.grow(len(s.live))
	if err := s.table.Upsert(&s.keys, slots); err != nil {
		return err
	}
	for i, id := range s.live {
		p := &m.parts.list[id]
		row := (*partRow)(s.table.Row(slots[i]))
		if len(p.rows)+p.waiting == 0 {
			if s.numbered && p.number > 0 {
				*row = partRow{number: p.number}
				s.table.MarkDirty(slots[i])
			} else {
				s.table.Delete(slots[i])
			}
			m.parts.drop(p)
			continue
		}
		*row = partRow{handle: int64(p.id) + 1, number: p.number, taken: int64(len(p.rows)), start: int64(p.start), matched: int64(p.matched)}
		s.table.MarkDirty(slots[i])
		p.dirty = false
	}
	return nil
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

// load takes the rows of a restored snapshot into memory and searches as far as
// they were searched.
func (s *store) load(m *Match) error {
	var metas []partRow
	s.keys.Reset()
	err := s.table.Scan(func(slot state.Slot) error {
		row := (*partRow)(s.table.Row(slot))
		s.keys.Append(s.table.Key(slot))
		metas = append(metas, *row)
		return nil
	})
	if err != nil || len(metas) == 0 {
		return err
	}
	var batch rowcodec.Keys
	for from := 0; from < len(metas); from += writeMax {
		to := min(from+writeMax, len(metas))
		batch.Reset()
		for i := from; i < to; i++ {
			batch.Append(s.keys.At(i))
		}
		if err := s.loadParts(m, &batch, metas[from:to]); err != nil {
			return err
		}
	}
	return s.resume(m)
}

func (s *store) loadParts(m *Match, keys *rowcodec.Keys, metas []partRow) error {
	slots := s.grow(len(metas))
	if err := s.rows.Find(keys, slots); err != nil {
		return err
	}
	var list [][]byte
	var into, waiting []int32
	places := make([]int64, len(metas))
	for i, meta := range metas {
		if slots[i] == state.NoSlot {
			continue // kept for its number
		}
		p := m.parts.make(keys.At(i))
		places[i] = int64(p.id) + 1
		p.number, p.start, p.seen, p.matched = meta.number, int(meta.start), int(meta.start), int(meta.matched)
		for e := s.rows.First(slots[i]); e != state.NoEntry; e = s.rows.Next(e) {
			sub := s.rows.Sub(e)
			if len(sub) < subBytes {
				return errs.Corruptionf("a stored row of %s is %d bytes long", m.ctx.Label, len(sub))
			}
			cell := m.cells.take()
			m.place(cell, p.id, int64(binary.BigEndian.Uint64(sub)^1<<63), binary.BigEndian.Uint64(sub[8:]))
			m.cells.flags[cell] |= cellSaved
			list, into = append(list, append([]byte(nil), sub[subBytes:]...)), append(into, cell)
			if int64(len(p.rows)) < meta.taken {
				p.rows = append(p.rows, cell)
			} else {
				p.waiting++
				waiting = append(waiting, cell)
			}
		}
	}
	cols, err := s.codec.Decode(m.ctx.Alloc, list)
	if err != nil {
		return err
	}
	defer release(cols)
	m.scatter(cols, into)
	if m.ties != nil {
		if err := m.ties.Encode(cols, len(list), &m.sorts); err != nil {
			return err
		}
		for i, cell := range into {
			m.cells.ties[cell] = append(m.cells.ties[cell][:0], m.sorts.At(i)...)
		}
	}
	m.queue.add(&m.cells, waiting)
	return s.setHandles(m, keys, places)
}

// setHandles tells the table where partitions are in memory now; 0 is nowhere.
func (s *store) setHandles(m *Match, keys *rowcodec.Keys, places []int64) error {
	slots := s.grow(len(places))
	if err := s.table.Find(keys, slots); err != nil {
		return err
	}
	for i, slot := range slots {
		if slot != state.NoSlot {
			(*partRow)(s.table.Row(slot)).handle = places[i]
			s.table.MarkDirty(slot)
		}
	}
	return nil
}

// resume puts the rows taken in order and searches them again, which finds nothing
// new (invariant SUSPENDED) but where each search stands.
func (s *store) resume(m *Match) error {
	for i := range m.parts.list {
		p := &m.parts.list[i]
		if m.ties != nil {
			sortCells(&m.cells, p.rows)
		}
		m.touched = append(m.touched, p.id)
		p.touched = true
	}
	return m.search(nil)
}

// gatherAll gives all columns of cells, owned by the caller.
func (m *Match) gatherAll(cells []int32) ([]arrow.Array, error) {
	cols := make([]arrow.Array, len(m.cells.cols))
	for i := range m.cells.cols {
		var err error
		if cols[i], err = m.cells.cols[i].gather(m.ctx.Alloc, cells); err != nil {
			release(cols)
			return nil, err
		}
	}
	return cols, nil
}
