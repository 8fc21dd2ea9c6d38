package join

import (
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// nobody stands for the missing partner of a padded row.
const nobody = -1

// walk visits the chunk's pairs in order, keeps the degrees, and lists the rows to
// emit.
func (j *Join) walk(c *chunk) {
	p := c.probe
	j.out.reset()
	if j.cfg.Kind == Inner {
		j.walkInner(c)
		return
	}
	for i, e := range p.candidates {
		if e == state.NoEntry {
			j.rowEnd(p, i)
			continue
		}
		pair := int32(i)
		if c.pairOf != nil {
			pair = c.pairOf[i]
		}
		if c.pass != nil && !c.pass[pair] {
			continue
		}
		if p.keyOf[i] >= 0 {
			p.matches[p.keyOf[i]] += j.sides[1-p.input].times(e)
		}
		j.pair(p, i, pair)
	}
}

// walkInner is walk where a pair that passes gives a row and nothing else follows.
func (j *Join) walkInner(c *chunk) {
	p, other := c.probe, j.sides[1-c.probe.input]
	if c.pass == nil && other.allSingle(p.candidates) {
		j.out.addPairs(p)
		return
	}
	for i, e := range p.candidates {
		if c.pass != nil && !c.pass[i] {
			continue
		}
		j.out.addTimes(other.times(e), p.rows[i], int32(i), p.batch.Kind(int(p.rows[i])))
	}
}

// pair emits what follows from the i-th pair of the probe, which passed.
func (j *Join) pair(p *probe, i int, pair int32) {
	kind := p.batch.Kind(int(p.rows[i]))
	other, e := j.sides[1-p.input], p.candidates[i]
	count := other.times(e)
	if j.cfg.Kind.leftOnly() {
		if p.input == 1 {
			j.turn(other, p.slots[i], e, kind.Adds(), func(alone bool) { j.leftTurned(count, pair, alone) })
		}
		return
	}
	both := func() { j.out.addTimes(count, p.rows[i], pair, signOf(kind.Adds())) }
	if !other.preserved {
		both()
		return
	}
	if !kind.Adds() {
		both()
	}
	j.turn(other, p.slots[i], e, kind.Adds(), func(alone bool) {
		j.out.addTimes(count, nobody, pair, signOf(alone))
	})
	if kind.Adds() {
		both()
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

// turn changes the degree of a preserved row and calls changed when the row came to
// stand alone or ceased to.
func (j *Join) turn(s *side, slot state.Slot, e state.Entry, adds bool, changed func(alone bool)) {
	degree := s.degree(e)
	if adds {
		if *degree++; *degree == 1 {
			changed(false)
		}
	} else if *degree > 0 { // a partner unknown to the degree has been forgotten
		if *degree--; *degree == 0 {
			changed(true)
		}
	}
	s.table.MarkDirty(slot, e)
}

// rowEnd emits what follows from all pairs of a preserved input row.
func (j *Join) rowEnd(p *probe, i int) {
	row := p.rows[i]
	matched := p.keyOf[i] >= 0 && p.matches[p.keyOf[i]] > 0
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
