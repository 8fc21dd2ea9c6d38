package match

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// part is a partition that has rows.
type part struct {
	id    int32
	alive bool
	// born tells the partitions that had the same place apart.
	born uint64
	key  []byte
	// rows are those taken, in order: those behind the start row that PREV may look
	// at, then from start on. waiting counts those not taken yet.
	rows    []int32
	start   int
	waiting int
	// seen is the number of rows whose positional conditions are known, matched the
	// number that belong to a match.
	seen, matched int
	// number is that of the last match.
	number int64

	// open tells that a search from start is under way: path is its way so far, one
	// step a row, with what is derived from it.
	open    bool
	path    []uint16
	tracks  []int32
	sums    []sum
	choices []choice
	// visited has a bit a step for each row where it was tried in vain.
	visited []uint64
	steps   int

	// touched: in Match.touched. dirty: differs from the state. alarm: one is set.
	// holding: in parts.holders.
	touched, dirty, alarm, holding bool
}

// choice is another step for the row at depth, whose condition holds.
type choice struct {
	step  int32
	depth int32
}

// parts are the partitions in memory.
type parts struct {
	list []part
	free []int32
	born uint64
	// handles are the partitions of the current batch's rows.
	handles []int32
	// empty counts those that may be without rows.
	empty int
	// holders are the partitions that hold watermarks back.
	holders []int32
}

// locate finds or makes the partition of each row.
func (m *Match) locate(batch stream.Batch) error {
	n := batch.Rows()
	cols := make([]arrow.Array, len(m.cfg.PartitionBy))
	for i, c := range m.cfg.PartitionBy {
		cols[i] = batch.Column(c)
	}
	if err := m.keyer.Encode(cols, n, &m.keys); err != nil {
		return err
	}
	if cap(m.slots) < n {
		m.slots = make([]state.Slot, n)
	}
	m.slots = m.slots[:n]
	if err := m.saved.table.Upsert(&m.keys, m.slots); err != nil {
		return err
	}
	m.parts.handles = m.parts.handles[:0]
	for i, slot := range m.slots {
		m.parts.handles = append(m.parts.handles, m.handle(slot, m.keys.At(i)))
	}
	return nil
}

// handle is the partition of a row of the table of partitions. The row of one that
// is not in memory may name a place that others have now, or had in a former life.
func (m *Match) handle(slot state.Slot, key []byte) int32 {
	row := (*partRow)(m.saved.table.Row(slot))
	if h := int32(row.handle) - 1; h >= 0 && int(h) < len(m.parts.list) {
		if p := &m.parts.list[h]; p.alive && bytes.Equal(p.key, key) {
			return h
		}
	}
	p := m.parts.make(key)
	p.number = row.number
	row.handle = int64(p.id) + 1
	m.saved.table.MarkDirty(slot)
	return p.id
}

// make gives a partition without rows.
func (ps *parts) make(key []byte) *part {
	var id int32
	if n := len(ps.free); n > 0 {
		id, ps.free = ps.free[n-1], ps.free[:n-1]
	} else {
		id = int32(len(ps.list))
		ps.list = append(ps.list, part{id: id})
	}
	ps.born++
	p := &ps.list[id]
	p.alive, p.born, p.dirty = true, ps.born, true
	p.key = append(p.key[:0], key...)
	return p
}

// drop forgets a partition; its memory is used again.
func (ps *parts) drop(p *part) {
	*p = part{
		id: p.id, holding: p.holding, key: p.key[:0], rows: p.rows[:0], path: p.path[:0], tracks: p.tracks[:0], sums: p.sums[:0],
		choices: p.choices[:0], visited: p.visited[:0],
	}
	ps.free = append(ps.free, p.id)
}

// undecided is the first row taken that a match still to come may end at, or -1: a
// search under way may come back to rows that were passed.
func (p *part) undecided(a *automaton) int {
	if !p.alive || len(p.rows) <= p.start {
		return -1
	}
	at := p.start + max(a.least, 1) // the last row of the shortest match from the next start on
	if n := len(p.path); !p.open {
		at--
	} else if n > 0 && a.mayEnd(int32(p.path[n-1])) {
		at = min(at, p.start+n-1)
	}
	for _, ch := range p.choices {
		row := p.start + int(ch.depth)
		if ch.step == accept {
			row--
		}
		at = min(at, row)
	}
	if at = max(at, p.start); at >= len(p.rows) {
		return -1
	}
	return at
}

// noteHold lists a partition whose undecided rows hold watermarks back.
func (ps *parts) noteHold(p *part, a *automaton) {
	if !p.holding && p.undecided(a) >= 0 {
		p.holding = true
		ps.holders = append(ps.holders, p.id)
	}
}

// hold is the last time that no match still to come can end at.
func (ps *parts) hold(c *cells, a *automaton) int64 {
	hold := int64(math.MaxInt64)
	kept := ps.holders[:0]
	for _, id := range ps.holders {
		p := &ps.list[id]
		at := p.undecided(a)
		if p.holding = at >= 0; at >= 0 {
			hold = min(hold, c.times[p.rows[at]]-1)
			kept = append(kept, id)
		}
	}
	ps.holders = kept
	return hold
}

// touchOpen touches all partitions with rows, in order of their first ones.
func (m *Match) touchOpen() {
	var list []int32
	for i := range m.parts.list {
		if p := &m.parts.list[i]; p.alive && !p.touched && len(p.rows) > p.start {
			list = append(list, p.id)
		}
	}
	slices.SortFunc(list, func(a, b int32) int {
		x, y := &m.parts.list[a], &m.parts.list[b]
		cx, cy := x.rows[x.start], y.rows[y.start]
		return cmp.Or(cmp.Compare(m.cells.times[cx], m.cells.times[cy]), cmp.Compare(m.cells.seqs[cx], m.cells.seqs[cy]))
	})
	for _, id := range list {
		m.touch(&m.parts.list[id])
	}
}
