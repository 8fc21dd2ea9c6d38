package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// sharePlans computes equal sub-plans once: a source that feeds several branches
// or statements is read once.
func sharePlans() Rule {
	return Rule{
		Name: "share_plans", Doc: "compute equal sub-plans once, over all statements",
		Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
			return logical.Share(roots, logical.Sharing{Volatile: c.nodeVolatile, Above: c.unconnected(roots)}), nil
		},
	}
}

// nodeVolatile reports a node that would give other rows each time.
func (c *Context) nodeVolatile(n logical.Node) bool {
	found := false
	logical.MapExprs(n, func(e rex.Expr) rex.Expr {
		found = found || c.volatile(e)
		return e
	})
	return found
}

// unconnected finds the joins whose equalities stand in the filter above, as of `FROM
// a, b WHERE a.x = b.x`. Such a join is shared only together with that filter: alone,
// all pairs would be made.
func (c *Context) unconnected(roots []logical.Node) map[logical.Node]logical.Node {
	above := map[logical.Node]logical.Node{}
	seen := map[logical.Node]logical.Node{}
	var descend func(n, filter logical.Node)
	descend = func(n, filter logical.Node) {
		if seen[n] == filter {
			return // several paths lead here
		}
		seen[n] = filter
		switch n := n.(type) {
		case *logical.Project:
			descend(n.Inputs()[0], filter)
		case *logical.Join:
			if !isPlainJoin(n) {
				return
			}
			if !c.connects(n) {
				above[n] = filter
			}
			descend(n.Left(), filter)
			descend(n.Right(), filter)
		}
	}
	logical.Walk(roots, func(n logical.Node) {
		if f, ok := n.(*logical.Filter); ok {
			descend(f.Inputs()[0], f)
		}
	})
	return above
}

// connects reports whether a join's own condition has an equality between its sides.
func (c *Context) connects(j *logical.Join) bool {
	if j.Condition == nil {
		return false
	}
	x := &keyExtraction{join: j, width: len(j.Left().Props().Schema)}
	for _, t := range conjuncts(*j.Condition) {
		if _, _, ok := x.sides(t); ok && !c.volatile(t) {
			return true
		}
	}
	return false
}
