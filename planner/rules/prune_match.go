package rules

import (
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/planner/logical"
)

// matchInUse is a match without the outputs that nothing reads, and where its old
// columns are then. One column stays in any case.
func matchInUse(n *logical.Match, need needs) (rowpattern.Spec, []int) {
	s := n.Spec
	s.Leading, s.Outputs, s.Trailing = nil, nil, nil
	columns := make([]int, len(need))
	next := 0
	keep := func(c int) bool {
		columns[c] = -1
		if need[c] == nil {
			return false
		}
		columns[c] = next
		next++
		return true
	}
	c := 0
	for _, l := range n.Leading {
		if keep(c) {
			s.Leading = append(s.Leading, l)
		}
		c++
	}
	for _, o := range n.Outputs {
		if keep(c) {
			s.Outputs = append(s.Outputs, o)
		}
		c++
	}
	for _, t := range n.Trailing {
		if keep(c) {
			s.Trailing = append(s.Trailing, t)
		}
		c++
	}
	return s, columns
}

// match drops outputs and the columns that only they need.
func (p *pruner) match(n *logical.Match, in pruned) pruned {
	in = p.narrow(n.Inputs()[0], in, p.demand.below(n, 0))
	spec, columns := matchInUse(n, p.demand.of[n])
	return pruned{node: logical.NewMatch(in.node, spec.Remap(in.at), n.Span), columns: columns}
}
