package join

import (
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// nobody stands for the missing partner of a padded row.
const nobody = -1

// walk visits the chunk's pairs and ends of rows in order, keeps the degrees, and lists
// the rows to emit.
func (j *Join) walk(c *chunk) {
	p, other := c.probe, j.sides[1-c.probe.input]
	j.out.reset(p.batch.Kinds != nil || other.preserved)
	if j.allPairs(c) {
		if p.ends {
			for _, row := range p.rows {
				p.matches[row]++
			}
		}
		j.out.addPairs(p)
		return
	}
	if !p.ends {
		for i := range p.rows {
			j.pair(c, other, i)
		}
		return
	}
	i := 0
	for row := int32(p.first); ; row++ {
		for ; i < len(p.rows) && p.rows[i] == row; i++ {
			j.pair(c, other, i)
		}
		if int(row) == p.at {
			return
		}
		j.rowEnd(p, row)
	}
}

// allPairs reports whether each pair of the chunk gives a row, and nothing else
// follows: nobody stands alone, nor did before.
func (j *Join) allPairs(c *chunk) bool {
	return c.single && c.pass == nil && c.probe.alone == 0 && !j.sides[1-c.probe.input].preserved && !j.cfg.Kind.leftOnly()
}

// kindOf is the kind of a pair's row, by that of the batch's row.
func (j *Join) kindOf(kind stream.RowKind) stream.RowKind {
	if j.cfg.Kind == Inner {
		return kind
	}
	return signOf(kind.Adds())
}

// pair emits what follows from the i-th pair, if it passes.
func (j *Join) pair(c *chunk, other *side, i int) {
	if c.pass != nil && !c.pass[i] {
		return
	}
	p, e := c.probe, c.probe.candidates[i]
	row, pair := p.rows[i], int32(i)
	kind, count := p.batch.Kind(int(row)), other.times(e)
	if p.ends {
		p.matches[row] += count
	}
	if j.cfg.Kind.leftOnly() {
		if p.input == 1 && other.turn(e, kind.Adds()) {
			j.leftTurned(count, pair, !kind.Adds())
		}
		return
	}
	if !other.preserved {
		j.out.addTimes(count, row, pair, j.kindOf(kind))
		return
	}
	if kind.Adds() {
		if other.turn(e, true) {
			j.out.addTimes(count, nobody, pair, stream.Delete)
		}
		j.out.addTimes(count, row, pair, stream.Insert)
		return
	}
	j.out.addTimes(count, row, pair, stream.Delete)
	if other.turn(e, false) {
		j.out.addTimes(count, nobody, pair, stream.Insert)
	}
}

// leftTurned emits what follows when a left row came to stand alone or ceased to.
func (j *Join) leftTurned(count int64, pair int32, alone bool) {
	if j.cfg.Kind != Mark {
		j.out.addTimes(count, nobody, pair, signOf(alone == (j.cfg.Kind == Anti)))
		return
	}
	for range count {
		j.out.addMarked(nobody, pair, stream.Delete, alone)
		j.out.addMarked(nobody, pair, stream.Insert, !alone)
	}
}

// turn changes the degree of a preserved row as a partner comes or goes, and reports
// whether the row ceased to stand alone, or came to.
func (s *side) turn(e state.Entry, adds bool) bool {
	degree := s.degree(e)
	turned := false
	if adds {
		*degree++
		turned = *degree == 1
	} else if *degree > 0 { // a partner unknown to the degree has been forgotten
		*degree--
		turned = *degree == 0
	}
	s.table.MarkDirty(state.NoSlot, e)
	return turned
}

// rowEnd emits what follows from all pairs of a preserved input row.
func (j *Join) rowEnd(p *probe, row int32) {
	matched := p.matches[row] > 0
	kind := p.batch.Kind(int(row))
	switch {
	case j.cfg.Kind == Mark:
		j.out.addMarked(row, nobody, kind, matched)
	case j.cfg.Kind.leftOnly():
		if matched == (j.cfg.Kind == Semi) {
			j.out.add(row, nobody, kind)
		}
	case !matched:
		j.out.add(row, nobody, signOf(kind.Adds()))
	}
}

func signOf(adds bool) stream.RowKind {
	if adds {
		return stream.Insert
	}
	return stream.Delete
}
