package join

import (
	"slices"

	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// probe walks a batch of one input against the rows of the other side.
type probe struct {
	keyed
	join  *Join
	input int
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
	p.join, p.input = j, input
	p.at, p.key, p.entry, p.entered = 0, 0, state.NoEntry, false
	p.ends = j.cfg.Kind.preserves(input)
	p.matches = p.matches[:0]
	if p.ends {
		p.matches = slices.Grow(p.matches, batch.Rows())[:batch.Rows()]
		clear(p.matches)
	}
	return p.read(j.ctx.Alloc, j.sides[input], batch)
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
