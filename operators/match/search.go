package match

import (
	"math"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/operators/op"
)

// verdict is how a search from a start row ended, or that it has not.
type verdict uint8

const (
	waiting verdict = iota
	found
	failed
)

// searchStepsMax bounds how often the search goes back from one start row where
// conditions look at rows mapped before, so that ways with different pasts can't be
// told to be equal.
const searchStepsMax = 10_000_000

// run searches a partition as far as its rows go.
func (m *Match) run(p *part, out op.Output) error {
	for {
		end := m.visible(p)
		if !p.open {
			m.skipHopeless(p, end)
			if p.start >= end {
				break
			}
			m.begin(p)
		}
		v, err := m.attempt(p, end)
		if err != nil {
			return err
		}
		if v == waiting {
			// Once WITHIN has run out it is the rows that NEXT looks at that are missing, and
			// only those wake the partition.
			if m.deadline(p)-1 > m.progress {
				m.setAlarm(p)
			}
			break
		}
		p.open = false
		if v == failed {
			m.pass(p)
		} else if err := m.matched(p); err != nil {
			return err
		}
		if m.out.full(m) {
			if err := m.out.flush(m, out); err != nil {
				return err
			}
		}
	}
	m.trim(p)
	m.parts.weigh(p)
	if m.cfg.Rowtime {
		m.parts.noteHold(p, m.auto)
	}
	return nil
}

// visible is the number of rows whose NEXT rows are there, if any condition or
// output looks at them.
func (m *Match) visible(p *part) int {
	if m.ended {
		return len(p.rows)
	}
	return max(0, len(p.rows)-m.ahead)
}

// skipHopeless passes start rows that can't be the first of a match, by bits alone.
func (m *Match) skipHopeless(p *part, end int) {
	if m.conds.first == 0 || m.cfg.Unmatched {
		return
	}
	for p.start < end && m.cells.bits[p.rows[p.start]]&m.conds.first == 0 {
		p.start++
	}
}

func (m *Match) begin(p *part) {
	p.open, p.steps = true, 0
	p.path, p.tracks, p.sums, p.choices = p.path[:0], p.tracks[:0], p.sums[:0], p.choices[:0]
	if m.conds.memo && m.cfg.WithinMillis > 0 {
		// What failed for want of time may succeed from a later start.
		clear(p.visited)
	}
}

// pass gives the start row up.
func (m *Match) pass(p *part) {
	if m.cfg.Unmatched && p.start >= p.matched {
		m.out.unmatchedRow(p.rows[p.start])
	}
	p.start++
}

// deadline is the first time at which no row can join a match from the start row.
func (m *Match) deadline(p *part) int64 {
	if m.cfg.WithinMillis == 0 {
		return math.MaxInt64
	}
	return m.cells.times[p.rows[p.start]] + m.cfg.WithinMillis
}

func (m *Match) setAlarm(p *part) {
	if m.cfg.WithinMillis == 0 || p.alarm {
		return
	}
	p.alarm = true
	m.alarms.push(alarm{time: m.deadline(p) - 1, seq: m.cells.seqs[p.rows[p.start]], part: p.id, born: p.born})
}

// attempt goes on with the search from the start row.
func (m *Match) attempt(p *part, end int) (verdict, error) {
	deadline := m.deadline(p)
	for {
		depth, at := len(p.path), int32(0)
		if depth > 0 {
			at = int32(p.path[depth-1])
		}
		follow, row := m.auto.follow[at], p.start+depth
		next, exhausted := accept-1, false
		switch {
		case len(follow) > 0 && follow[0] == accept:
			return found, nil
		case row < len(p.rows) && m.cells.times[p.rows[row]] >= deadline:
			exhausted = true
		case row >= end:
			if exhausted = m.ended || row >= len(p.rows) && m.progress >= deadline-1; !exhausted {
				return waiting, nil
			}
		}
		if exhausted {
			if m.auto.mayEnd(at) {
				return found, nil
			}
		} else {
			var err error
			if next, err = m.choose(p, follow, row, depth); err != nil {
				return failed, err
			}
			if next == accept {
				return found, nil
			}
		}
		if next > 0 {
			m.enter(p, depth, next)
			continue
		}
		if p.steps++; p.steps > searchStepsMax && !m.conds.memo {
			return failed, errs.Userf("MATCH_RECOGNIZE went back more than %d times from one start row", searchStepsMax).
				WithHint("make the conditions of variables that may follow each other exclude each other, or bound the match with WITHIN")
		}
		if done, v := m.back(p); done {
			return v, nil
		}
	}
}

// choose gives the first step that the row at depth may take, or accept, or less
// when there is none, and keeps the others as choices.
func (m *Match) choose(p *part, follow []int32, row, depth int) (int32, error) {
	next := accept - 1
	kept := len(p.choices)
	for _, s := range follow {
		if s == accept {
			if next < accept {
				return accept, nil
			}
			p.choices = append(p.choices, choice{step: accept, depth: int32(depth)})
			break
		}
		if m.conds.memo && m.wasVisited(p, row, s) {
			continue
		}
		holds, err := m.holds(p, s, row, depth)
		if err != nil {
			return next, err
		}
		switch {
		case !holds:
		case next < accept:
			next = s
		default:
			p.choices = append(p.choices, choice{step: s, depth: int32(depth)})
		}
	}
	// The best of the others must be on top.
	for i, j := kept, len(p.choices)-1; i < j; i, j = i+1, j-1 {
		p.choices[i], p.choices[j] = p.choices[j], p.choices[i]
	}
	return next, nil
}

// holds tells whether the row may be mapped to a step's variable.
func (m *Match) holds(p *part, s int32, row, depth int) (bool, error) {
	v := m.auto.steps[s].variable
	c := m.conds.dynamic[v]
	if c == nil {
		return m.cells.bits[p.rows[row]]>>v&1 == 1, nil
	}
	m.enter(p, depth, s)
	holds, err := c.holds(m, p, depth)
	p.path = p.path[:depth]
	return holds, err
}

// enter takes a step at a depth of the path, which is cut there.
func (m *Match) enter(p *part, depth int, s int32) {
	p.path = append(p.path[:depth], uint16(s))
	m.conds.derive(m, p, depth, m.auto.steps[s].variable)
	if m.conds.memo {
		m.visit(p, p.start+depth, s)
	}
}

// back goes back to the last choice. done tells that the search ends.
func (m *Match) back(p *part) (done bool, v verdict) {
	for len(p.choices) > 0 {
		last := len(p.choices) - 1
		c := p.choices[last]
		p.choices = p.choices[:last]
		p.path = p.path[:c.depth]
		if c.step == accept {
			return true, found
		}
		if m.conds.memo && m.wasVisited(p, p.start+int(c.depth), c.step) {
			continue
		}
		m.enter(p, int(c.depth), c.step)
		return false, waiting
	}
	return true, failed
}

func (m *Match) wasVisited(p *part, row int, s int32) bool {
	at := row*m.conds.words + int(s)/64
	return at < len(p.visited) && p.visited[at]>>(s%64)&1 == 1
}

func (m *Match) visit(p *part, row int, s int32) {
	for len(p.visited) < (row+1)*m.conds.words {
		p.visited = append(p.visited, 0)
	}
	p.visited[row*m.conds.words+int(s)/64] |= 1 << (s % 64)
}

// matched emits the match that the path is, and moves the start row on.
func (m *Match) matched(p *part) error {
	n := len(p.path)
	p.number++
	if n == 0 {
		m.out.empty(m, p)
		p.start++
		return nil
	}
	m.out.match(m, p)
	skip, err := m.skip(p)
	if err != nil {
		return err
	}
	p.matched = max(p.matched, p.start+n)
	p.start += skip
	clear(p.visited)
	return nil
}

// skip is the number of rows to go on by after the match that the path is.
func (m *Match) skip(p *part) (int, error) {
	switch m.cfg.Skip {
	case rowpattern.PastLastRow:
		return len(p.path), nil
	case rowpattern.ToNextRow:
		return 1, nil
	}
	at := -1
	for i, s := range p.path {
		if m.cfg.SkipSet>>m.auto.steps[s].variable&1 == 1 {
			at = i
			if m.cfg.Skip == rowpattern.ToFirst {
				break
			}
		}
	}
	switch {
	case at < 0:
		return 0, errs.Userf("AFTER MATCH SKIP %s %s: the match has no row of %s", m.cfg.Skip, m.cfg.SkipName, m.cfg.SkipName).
			WithHint("skip to a variable that every match has, or to the next row")
	case at == 0:
		return 0, errs.Userf("AFTER MATCH SKIP %s %s: %s begins the match, which would be found again for ever", m.cfg.Skip, m.cfg.SkipName, m.cfg.SkipName).
			WithHint("skip to a variable that never maps the first row, or to the next row")
	}
	return at, nil
}

// trim drops the rows that no match can look at any more.
func (m *Match) trim(p *part) {
	n := max(0, min(p.start, len(p.rows))-m.behind)
	if n == 0 {
		return
	}
	for _, cell := range p.rows[:n] {
		m.saved.forget(m, p, cell)
	}
	p.rows = p.rows[:copy(p.rows, p.rows[n:])]
	if gone := n * m.conds.words; gone < len(p.visited) {
		p.visited = p.visited[:copy(p.visited, p.visited[gone:])]
	} else {
		p.visited = p.visited[:0]
	}
	p.start -= n
	p.seen, p.matched = max(0, p.seen-n), max(0, p.matched-n)
	if len(p.rows)+p.waiting == 0 {
		m.parts.empty++
	}
}
