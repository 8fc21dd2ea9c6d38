package join

import (
	"slices"

	"github.com/thalweg/thalweg/state"
)

// apply brings the changed row into the state, or takes it out, and lists what follows.
func (m *Multi) apply() error {
	c, own := &m.change, m.sides[m.change.input]
	if c.adds {
		c.turns = m.cfg.Inputs[c.input].Left && own.table.Count(own.slots[c.key]) == 0
		own.add(c.key, int(c.row), 0)
	} else {
		if !own.remove(c.key, int(c.row)) {
			return nil // it was never there: nothing came of it
		}
		c.turns = m.cfg.Inputs[c.input].Left && own.table.Count(own.slots[c.key]) == 0
	}
	if !m.fruitful() {
		return nil
	}
	return m.extend(0, 1)
}

// fruitful reports whether anything can come of the changed row: no input is missing that
// must have a partner, or beside which the row must be.
func (m *Multi) fruitful() bool {
	c := &m.change
	for i, s := range m.sides {
		in := &m.cfg.Inputs[i]
		alone := slices.ContainsFunc(in.Beside, func(b int) bool { return c.missing[b] })
		if i == c.input {
			if c.missing[i] = false; alone {
				return false
			}
			continue
		}
		if c.missing[i] = alone || s.runs[c.key].Count == 0; c.missing[i] && !in.Left {
			return false
		}
	}
	return true
}

// alone lists what follows from a changed row with a NULL in the key, which has no
// partner: the row itself, if it is the first input's and all others may be missing.
func (m *Multi) alone() error {
	c := &m.change
	if c.input != 0 {
		return nil
	}
	for i, in := range m.cfg.Inputs {
		if i > 0 && !in.Left {
			return nil
		}
		c.there[i] = i == 0
	}
	return m.list.take(1)
}

// extend lists all rows that begin with the current ones of the inputs before level,
// each so many times.
func (m *Multi) extend(level int, times int64) error {
	c := &m.change
	switch {
	case level == len(m.sides):
		return m.list.take(times)
	case level == c.input:
		return m.extendByChanged(level, times)
	}
	in, s := &m.cfg.Inputs[level], m.sides[level]
	run := s.runs[c.key]
	if run.Count == 0 || !m.beside(in) {
		if level > 0 && !in.Left {
			return nil
		}
		return m.extendByNobody(level, times)
	}
	there := s.firsts[c.key]
	for e := run.First; ; there = s.times(e) {
		// Those further on set what is theirs of there anew.
		c.there[level], c.entries[level] = true, e
		if err := m.extend(level+1, times*there); err != nil || run.Count == 1 {
			return err
		}
		if e = s.table.Next(e); e == state.NoEntry {
			return nil
		}
	}
}

// beside reports whether those rows are there that an input's rows match.
func (m *Multi) beside(in *MultiInput) bool {
	for _, b := range in.Beside {
		if !m.change.there[b] {
			return false
		}
	}
	return true
}

// extendByChanged is extend at the level of the changed row: what stood alone without it
// is taken back first, and comes back last.
func (m *Multi) extendByChanged(level int, times int64) error {
	c := &m.change
	if !m.beside(&m.cfg.Inputs[level]) {
		return nil
	}
	if c.turns && c.adds {
		if err := m.turn(level, times); err != nil {
			return err
		}
	}
	c.there[level] = true
	if err := m.extend(level+1, times); err != nil || !c.turns || c.adds {
		return err
	}
	return m.turn(level, times)
}

// turn lists the rows without the changed one, by the opposite kind.
func (m *Multi) turn(level int, times int64) error {
	kind := m.change.kind
	m.change.kind = signOf(!m.change.adds)
	err := m.extendByNobody(level, times)
	m.change.kind = kind
	return err
}

func (m *Multi) extendByNobody(level int, times int64) error {
	m.change.there[level] = false
	return m.extend(level+1, times)
}
