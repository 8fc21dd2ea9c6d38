package physical

import (
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
)

// calc fuses a projection with the filter below it, unless others read the filter
// too.
func (b *builder) calc(n logical.Node) (plan.NodeID, error) {
	calc := &plan.Calc{}
	input := n
	if p, ok := n.(*logical.Project); ok {
		input = p.Inputs()[0]
		if !p.Identity() {
			calc.Project = p.Exprs
		}
	}
	if f, ok := input.(*logical.Filter); ok && (input == n || len(b.parents[input]) == 1) {
		calc.Filter = &f.Predicate
		input = f.Inputs()[0]
	}
	id, err := b.build(input)
	if err != nil {
		return 0, err
	}
	if calc.Filter == nil && calc.Project == nil && !b.feedsSink(n) {
		return id, nil
	}
	return b.add(n, plan.Node{Kind: plan.KindCalc, Inputs: []plan.Input{{Node: id}}, Calc: calc}, projected(filtered(b.spread[id], calc.Filter), calc.Project)), nil
}

// feedsSink reports whether a sink reads n: then a projection that only renames
// stays, to give the columns their names.
func (b *builder) feedsSink(n logical.Node) bool {
	for _, p := range b.parents[n] {
		switch p.(type) {
		case *logical.Sink, *logical.Sort:
			return true
		}
	}
	return false
}

// filtered is what remains of a spread above a filter: one that looks at more than
// what both rows of an update agree in may drop one of them.
func filtered(s spread, filter *rex.Expr) spread {
	if filter == nil || !s.updates.paired {
		return s
	}
	for c := range filter.Inputs() {
		if !slices.Contains(s.updates.by, c) {
			s.updates = updates{broken: true}
			break
		}
	}
	return s
}

// projected is what remains of a spread above a projection; nil keeps all columns.
func projected(s spread, exprs []rex.Expr) spread {
	if exprs == nil {
		return s
	}
	mapping := map[int]int{}
	for i, e := range exprs {
		if _, ok := mapping[e.Index]; e.Kind == rex.Input && !ok {
			mapping[e.Index] = i
		}
	}
	var out spread
	out.hashed = remapAll(s.hashed, mapping)
	out.ordered = remapAll(s.ordered, mapping)
	out.updates = updates{broken: s.updates.broken, paired: s.updates.paired}
	for _, c := range s.updates.by {
		if to, ok := mapping[c]; ok {
			out.updates.by = append(out.updates.by, to)
		}
	}
	return out
}

func remapAll(sets [][]int, mapping map[int]int) [][]int {
	var out [][]int
	for _, set := range sets {
		if mapped, ok := remap(set, mapping); ok {
			out = append(out, mapped)
		}
	}
	return out
}

func remap(columns []int, mapping map[int]int) ([]int, bool) {
	out := []int{}
	for _, c := range columns {
		to, ok := mapping[c]
		if !ok {
			return nil, false
		}
		out = append(out, to)
	}
	return out, true
}
