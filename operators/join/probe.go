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
	// ends tells that the end of each row matters: the input is preserved. matches counts
	// the partners of its rows, by row of the batch, then; it is empty otherwise.
	ends    bool
	matches []int64

	// at is the next row of the batch, key its number among the keys, entry the
	// next partner of the current row.
	at      int
	key     int
	entry   state.Entry
	entered bool

	// A chunk is the pairs of rows from first on: row of the batch, ascending, and
	// candidate. It has the ends of all rows before at, of which alone have no
	// candidate; they are not counted if ends don't matter.
	first      int
	rows       []int32
	candidates []state.Entry
	alone      int
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
	p.matches = p.matches[:0]
	if p.ends {
		p.matches = slices.Grow(p.matches, batch.Rows())[:batch.Rows()]
		clear(p.matches)
	}
	return own.encoder.Encode(cols, n, &p.keys)
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
	p.rows, p.candidates, p.first, p.alone = p.rows[:0], p.candidates[:0], p.at, 0
	limit, total := p.join.ctx.BatchRows, p.batch.Rows()
	for p.at < total && len(p.rows)+p.alone < limit {
		if !p.hasNull && !p.entered {
			if p.singles(other, limit); p.at == total || len(p.rows)+p.alone >= limit {
				break
			}
		}
		if p.hasNull && p.mask[p.at] {
			p.end(state.Run{})
			continue
		}
		run := other.runs[p.key]
		if !p.entered {
			p.entered, p.entry = true, run.First
		}
		for p.entry != state.NoEntry && len(p.rows) < limit {
			p.rows, p.candidates = append(p.rows, int32(p.at)), append(p.candidates, p.entry)
			if run.Count == 1 {
				p.entry = state.NoEntry // without touching the entry's memory yet
				break
			}
			p.entry = other.table.Next(p.entry)
		}
		if p.entry != state.NoEntry {
			return true
		}
		p.end(run)
		p.key, p.entered = p.key+1, false
	}
	return len(p.rows) > 0 || p.ends && p.at > p.first
}

// end leaves the current row, whose candidates were run.
func (p *probe) end(run state.Run) {
	if p.ends && run.Count == 0 {
		p.alone++
	}
	p.at++
}

// singles is next for rows without NULLs, up to one with more than one candidate:
// nearly all of a join that finds one row each.
func (p *probe) singles(other *side, limit int) {
	at, n, before, last := p.at, len(p.rows), len(p.rows), len(other.runs)
	if p.ends {
		last = min(last, at+limit-n-p.alone)
	}
	p.rows, p.candidates = slices.Grow(p.rows, limit-n)[:limit], slices.Grow(p.candidates, limit-n)[:limit]
	rows, candidates := p.rows, p.candidates
	for ; at < last && n < limit; at++ {
		run := other.runs[at]
		if run.Count > 1 {
			break
		}
		rows[n], candidates[n] = int32(at), run.First
		n += int(run.Count)
	}
	if p.ends {
		p.alone += (at - p.at) - (n - before)
	}
	p.rows, p.candidates = rows[:n], candidates[:n]
	p.at, p.key = at, at
}
