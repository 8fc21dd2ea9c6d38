package state

import "math"

// Guest is memory that an operator holds outside of tables, for rows in a form of its
// own. It counts against the budget, and the operator keeps it below Most by putting
// into tables what it can do without.
type Guest struct {
	core *core
	held int64
}

// Guest makes a guest that holds nothing.
func (s *Store) Guest() *Guest {
	s.core.guests++
	return &Guest{core: s.core}
}

// Hold tells how many bytes the operator holds now.
func (g *Guest) Hold(bytes int64) {
	g.core.live += bytes - g.held
	g.held = bytes
}

// Most is how many bytes the operator may hold: all guests together half the budget.
func (g *Guest) Most() int64 {
	if g.core.options.BudgetBytes <= 0 {
		return math.MaxInt64
	}
	return g.core.options.BudgetBytes / int64(2*g.core.guests)
}
