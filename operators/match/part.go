package match

import (
	"bytes"
	"math"
	"unsafe"

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

	// touched: in Match.touched, by due. dirty: differs from the state. alarm: one is
	// set. holding: in parts.holders. hot: used since the search for partitions to be
	// parked passed. leaving: it is being parked.
	touched, dirty, alarm, holding, hot, leaving bool

	due event
	// first is the first of the rows that wait, where it was asked for, or -1.
	first int32
	// bytes is its part of parts.bytes.
	bytes int64
}

// event is what makes a partition be looked at: a row whose time has passed, or the
// start row whose WITHIN ran out, which order those of one time.
type event struct {
	time int64
	seq  uint64
}

// nothing is an event that never comes.
var nothing = event{time: math.MaxInt64, seq: math.MaxUint64}

func (e event) before(o event) bool { return e.time < o.time || e.time == o.time && e.seq < o.seq }

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
	// bytes is about what the partitions take, without their rows' cells.
	bytes int64
}

const partBytes = int64(unsafe.Sizeof(part{}) + unsafe.Sizeof(alarm{}))

// weigh brings the bytes of a partition up to date.
func (ps *parts) weigh(p *part) {
	bytes := partBytes + int64(cap(p.key)+4*cap(p.rows)+2*cap(p.path)+4*cap(p.tracks)+int(unsafe.Sizeof(sum{}))*cap(p.sums)+
		int(unsafe.Sizeof(choice{}))*cap(p.choices)+8*cap(p.visited))
	ps.bytes += bytes - p.bytes
	p.bytes = bytes
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

// at is the partition in memory that a row of the table of partitions is about, or
// nil. The row of one that is not there may name a place that others have now, or had
// in a former life.
func (ps *parts) at(row *partRow, key []byte) *part {
	if h := int32(row.handle) - 1; h >= 0 && int(h) < len(ps.list) {
		if p := &ps.list[h]; p.alive && bytes.Equal(p.key, key) {
			return p
		}
	}
	return nil
}

// handle is the place of a partition in memory, to which it comes if need be: its
// rows are yet to be loaded then.
func (m *Match) handle(slot state.Slot, key []byte) int32 {
	row := (*partRow)(m.saved.table.Row(slot))
	if p := m.parts.at(row, key); p != nil {
		return p.id
	}
	p := m.parts.make(key)
	p.number = row.number
	if row.kept > 0 {
		m.saved.wanted = append(m.saved.wanted, want{part: p.id, row: *row})
	}
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
	p.alive, p.born, p.dirty, p.hot = true, ps.born, true, true
	p.key = append(p.key[:0], key...)
	ps.weigh(p)
	return p
}

// keptBytesMax is the size up to which the memory of a partition is used again.
const keptBytesMax = partBytes + 1<<10

// drop forgets a partition.
func (m *Match) drop(p *part) {
	if p.alarm {
		m.alarms.stale++
	}
	m.parts.bytes -= p.bytes
	next := part{id: p.id, holding: p.holding}
	if p.bytes <= keptBytesMax {
		next.key, next.rows, next.path, next.tracks = p.key[:0], p.rows[:0], p.path[:0], p.tracks[:0]
		next.sums, next.choices, next.visited = p.sums[:0], p.choices[:0], p.visited[:0]
	}
	*p = next
	m.parts.free = append(m.parts.free, p.id)
}

// empty tells that a partition has no rows.
func (p *part) empty() bool { return len(p.rows)+p.waiting == 0 }

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
