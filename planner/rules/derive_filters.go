package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// deriveFilters gives each relation of a join what an OR over several of them says about
// it alone: `a.x = 1 AND b.y = 2 OR a.x = 3 AND b.y = 4` holds only where
// `a.x = 1 OR a.x = 3` does. The rows that fail it need not be kept for the join.
func deriveFilters() Rule {
	return perNode("derive_filters", "filter a join's inputs by what an OR over both demands of each", func(_ *Context, n logical.Node) logical.Node {
		switch n := n.(type) {
		case *logical.Filter:
			if j, ok := n.Inputs()[0].(*logical.Join); ok {
				terms := conjuncts(n.Predicate)
				if more := derive(terms, relations(j, 0, nil)); len(more) > 0 {
					return filterBy(j, append(terms, more...))
				}
			}
		case *logical.Join:
			if n.Condition == nil {
				return n
			}
			terms := conjuncts(*n.Condition)
			left, right := filteredSides(n)
			if more := derive(terms, []columnRange{left, right}); len(more) > 0 {
				spec := n.JoinSpec
				condition := and(append(terms, more...))
				spec.Condition = &condition
				return logical.NewJoin(n.Left(), n.Right(), spec)
			}
		}
		return n
	})
}

// relations are the inputs of nested joins whose columns come out side by side; those of
// n begin at number at.
func relations(n logical.Node, at int, out []columnRange) []columnRange {
	j, ok := n.(*logical.Join)
	if !ok {
		return append(out, columnRange{at, at + len(n.Props().Schema)})
	}
	out = relations(j.Left(), at, out)
	if j.Type.LeftOnly() {
		return out
	}
	return relations(j.Right(), at+len(j.Left().Props().Schema), out)
}

// derive gives what the ORs among terms say about single relations.
func derive(terms []rex.Expr, relations []columnRange) []rex.Expr {
	var out []rex.Expr
	seen := rex.SetOf(terms)
	for _, t := range terms {
		if t.Kind != rex.Call || t.Name != "OR" {
			continue
		}
		for _, r := range relations {
			if e, ok := about(t, r); ok && !e.Equal(t) && seen.Add(e) {
				out = append(out, e)
			}
		}
	}
	return out
}

// about is what a condition demands of one relation's columns; false if nothing.
func about(e rex.Expr, r columnRange) (rex.Expr, bool) {
	if e.Kind == rex.Call && e.Name == "OR" {
		left, ok := about(e.Args[0], r)
		if !ok {
			return e, false
		}
		right, ok := about(e.Args[1], r)
		return or([]rex.Expr{left, right}), ok
	}
	var demands []rex.Expr
	for _, t := range conjuncts(e) {
		if comparesPaths(t) && onlyUses(t, r.has) {
			demands = append(demands, t)
		}
	}
	if len(demands) == 0 {
		return e, false
	}
	return and(demands), true
}
