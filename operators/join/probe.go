package join

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// probe walks a batch of one input against the rows of the other side. Rows are
// numbered twice: by their place in the batch, and, among the rows without NULL in
// the key, by their place in keys.
type probe struct {
	join  *Join
	input int
	batch stream.Batch
	keys  rowcodec.Keys
	// valid lists the rows without NULL in the key; nil when all are.
	valid   []int32
	hasNull bool
	mask    []bool
	// matches counts the partners of each key's row.
	matches []int64
	// ends tells that the end of each row is to be visited: the input is preserved.
	ends bool

	// at is the next row of the batch, key its number among the keys, entry the
	// next partner of the current row.
	at      int
	key     int
	entry   state.Entry
	entered bool

	// A chunk's pairs: row of the batch, number among the keys, and candidate; a
	// pair without candidate (NoEntry) is the end of its row.
	rows       []int32
	keyOf      []int32
	candidates []state.Entry
	slots      []state.Slot
}

// start prepares for a batch.
func (p *probe) start(j *Join, input int, batch stream.Batch) error {
	p.join, p.input, p.batch = j, input, batch
	p.at, p.key, p.entry, p.entered = 0, 0, state.NoEntry, false
	p.ends = j.cfg.Kind.preserves(input)
	own := j.sides[input]
	p.findNulls(own.strict)
	cols := make([]arrow.Array, len(own.keys))
	n := batch.Rows()
	if !p.hasNull {
		for i, key := range own.keys {
			cols[i] = batch.Column(key)
		}
	} else {
		n = len(p.valid)
		for i, key := range own.keys {
			cols[i] = columns.Take(j.ctx.Alloc, batch.Column(key), p.valid)
			defer cols[i].Release()
		}
	}
	if err := own.encoder.Encode(cols, n, &p.keys); err != nil {
		return err
	}
	if cap(p.matches) < n {
		p.matches = make([]int64, n)
	}
	p.matches = p.matches[:n]
	clear(p.matches)
	return nil
}

// findNulls lists the rows that have no NULL in the keys.
func (p *probe) findNulls(keys []int) {
	p.hasNull = false
	for _, key := range keys {
		p.hasNull = p.hasNull || p.batch.Column(key).NullN() > 0
	}
	if !p.hasNull {
		return
	}
	p.mask = append(p.mask[:0], make([]bool, p.batch.Rows())...)
	for _, key := range keys {
		columns.MarkNulls(p.mask, p.batch.Column(key))
	}
	p.valid = p.valid[:0]
	for i, null := range p.mask {
		if !null {
			p.valid = append(p.valid, int32(i))
		}
	}
}

// finish lets the batch go.
func (p *probe) finish() { p.batch = stream.Batch{} }

// rowOf is the row of the batch with the i-th key.
func (p *probe) rowOf(i int) int {
	if p.hasNull {
		return int(p.valid[i])
	}
	return i
}

// next fills a chunk with the next candidate pairs; false at the end.
func (p *probe) next(other *side) bool {
	p.rows, p.keyOf, p.candidates, p.slots = p.rows[:0], p.keyOf[:0], p.candidates[:0], p.slots[:0]
	limit, total := p.join.ctx.BatchRows, p.batch.Rows()
	for p.at < total && len(p.rows) < limit {
		if !p.hasNull && !p.ends && !p.entered {
			if p.singles(other, limit); p.at == total || len(p.rows) == limit {
				break
			}
		}
		if p.hasNull && p.mask[p.at] {
			if p.ends {
				p.push(-1, state.NoEntry, state.NoSlot)
			}
			p.at++
			continue
		}
		slot := other.slots[p.key]
		if !p.entered {
			p.entered, p.entry = true, other.runs[p.key].First
		}
		for p.entry != state.NoEntry && len(p.rows) < limit {
			p.push(int32(p.key), p.entry, slot)
			if other.runs[p.key].Count == 1 {
				p.entry = state.NoEntry // without touching the entry's memory yet
				break
			}
			p.entry = other.table.Next(p.entry)
		}
		if p.entry != state.NoEntry {
			return true
		}
		if p.ends {
			p.push(int32(p.key), state.NoEntry, slot)
		}
		p.at, p.key, p.entered = p.at+1, p.key+1, false
	}
	return len(p.rows) > 0
}

// singles is next for rows without NULLs and ends, up to one with more than one
// candidate: nearly all of a join that finds one row each.
func (p *probe) singles(other *side, limit int) {
	at, n := p.at, len(p.rows)
	p.rows, p.candidates = slices.Grow(p.rows, limit-n)[:limit], slices.Grow(p.candidates, limit-n)[:limit]
	rows, candidates := p.rows, p.candidates
	for ; at < len(other.runs) && n < limit; at++ {
		run := other.runs[at]
		if run.Count > 1 {
			break
		}
		rows[n], candidates[n] = int32(at), run.First
		n += int(run.Count)
	}
	p.rows, p.candidates = rows[:n], candidates[:n]
	p.at, p.key = at, at
	for i := len(p.keyOf); i < n; i++ {
		p.keyOf = append(p.keyOf, rows[i])
		p.slots = append(p.slots, other.slots[rows[i]])
	}
}

func (p *probe) push(key int32, e state.Entry, slot state.Slot) {
	p.rows = append(p.rows, int32(p.at))
	p.keyOf = append(p.keyOf, key)
	p.candidates = append(p.candidates, e)
	p.slots = append(p.slots, slot)
}
