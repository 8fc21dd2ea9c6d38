package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
)

// conjuncts splits a condition at its ANDs, in order.
func conjuncts(e rex.Expr) []rex.Expr { return logical.Conjuncts(e) }

// and joins conditions; there must be one at least. Repeated ones are dropped.
func and(terms []rex.Expr) rex.Expr { return logical.And(terms) }

// or joins alternatives likewise.
func or(terms []rex.Expr) rex.Expr { return logical.Or(terms) }

// filterBy puts conditions on a node; without any it is the node itself.
func filterBy(n logical.Node, terms []rex.Expr) logical.Node { return logical.FilterBy(n, terms) }

// substitute replaces columns by expressions.
func substitute(e rex.Expr, exprs []rex.Expr) rex.Expr { return logical.Substitute(e, exprs) }

// onSchema renames columns through mapping and gives them the types they have in
// schema.
func onSchema(e rex.Expr, mapping func(int) int, schema types.Schema) rex.Expr {
	return logical.OnSchema(e, mapping, schema)
}

// volatile reports whether e calls a function that must not be moved or merged.
func (c *Context) volatile(e rex.Expr) bool {
	found := false
	e.Walk(func(x rex.Expr) bool {
		if x.Kind == rex.Call && !found {
			sig, ok := c.Functions.Scalar(x.Name)
			found = ok && sig.Volatile || x.Name == logical.ProctimeFunction
		}
		return !found
	})
	return found
}

func (c *Context) anyVolatile(exprs []rex.Expr) bool {
	for _, e := range exprs {
		if c.volatile(e) {
			return true
		}
	}
	return false
}

// size counts the nodes of an expression.
func size(e rex.Expr) int {
	n := 0
	e.Walk(func(rex.Expr) bool { n++; return true })
	return n
}

// path reports an expression that only looks at a column or a field in it.
func path(e rex.Expr) bool {
	for e.Kind == rex.Field {
		e = e.Args[0]
	}
	return e.Kind == rex.Input || e.Kind == rex.Literal
}

// uses reports whether e reads a column for which in is true.
func uses(e rex.Expr, in func(int) bool) bool {
	for c := range e.Inputs() {
		if in(c) {
			return true
		}
	}
	return false
}

// onlyUses reports whether every column that e reads satisfies in, and there is
// one.
func onlyUses(e rex.Expr, in func(int) bool) bool {
	inputs := e.Inputs()
	for c := range inputs {
		if !in(c) {
			return false
		}
	}
	return len(inputs) > 0
}

// member reports membership in a set of columns.
func member(columns []int) func(int) bool {
	set := map[int]bool{}
	for _, c := range columns {
		set[c] = true
	}
	return func(c int) bool { return set[c] }
}
