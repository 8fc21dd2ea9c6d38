package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// emptyRelations replaces what can have no rows: a filter that is never TRUE, and
// what is made of nothing. A join with nothing pads or passes its other side on.
func emptyRelations() Rule {
	return perNode("empty_relations", "replace relations that can have no rows by no rows", func(_ *Context, n logical.Node) logical.Node {
		if isEmpty(n) && !alreadyEmpty(n) {
			return logical.NewValues(n.Props().Schema, nil)
		}
		switch n := n.(type) {
		case *logical.Union:
			return withoutEmpty(n)
		case *logical.Join:
			return joinedToNothing(n)
		case *logical.TemporalJoin:
			if alreadyEmpty(n.Right()) {
				return padded(n, n.Left(), 0)
			}
		}
		return n
	})
}

// joinedToNothing is what a join is without one of its sides, when that is empty.
func joinedToNothing(n *logical.Join) logical.Node {
	width := len(n.Left().Props().Schema)
	switch {
	case alreadyEmpty(n.Right()) && n.Type == logical.Anti:
		return n.Left()
	case alreadyEmpty(n.Right()) && n.Type == logical.Mark:
		return logical.NewProject(n.Left(), append(logical.AllCols(n.Left().Props().Schema), rex.Bool(false)), n.Props().Schema.Names())
	case alreadyEmpty(n.Right()) && n.Type.KeepsLeft():
		return padded(n, n.Left(), 0)
	case alreadyEmpty(n.Left()) && n.Type.KeepsRight():
		return padded(n, n.Right(), width)
	}
	return n
}

// padded are the rows of one side of n, whose columns begin at column at of n's; the
// other columns are NULL.
func padded(n, side logical.Node, at int) logical.Node {
	schema := n.Props().Schema
	exprs := make([]rex.Expr, len(schema))
	for i, f := range schema {
		exprs[i] = rex.NullOf(f.Type)
	}
	copy(exprs[at:], logical.AllCols(side.Props().Schema))
	return logical.NewProject(side, exprs, schema.Names())
}

func alreadyEmpty(n logical.Node) bool {
	v, ok := n.(*logical.Values)
	return ok && len(v.Rows) == 0
}

func isEmpty(n logical.Node) bool {
	switch n := n.(type) {
	case *logical.Filter:
		return n.Predicate.IsLiteral() && !isTrue(n.Predicate) || alreadyEmpty(n.Inputs()[0])
	case *logical.Project, *logical.WindowTVF, *logical.WindowAggregate, *logical.TopN, *logical.Dedup, *logical.Over, *logical.Match, *logical.Correlate,
		*logical.Watermark, *logical.Sort, *logical.LateRows:
		return alreadyEmpty(n.Inputs()[0])
	case *logical.Aggregate:
		return len(n.Keys) > 0 && alreadyEmpty(n.Inputs()[0])
	case *logical.Limit:
		return n.Count == 0 || alreadyEmpty(n.Inputs()[0])
	case *logical.Join:
		l, r := alreadyEmpty(n.Left()), alreadyEmpty(n.Right())
		switch n.Type {
		case logical.Inner, logical.Semi:
			return l || r
		case logical.Left, logical.Anti, logical.Mark:
			return l
		case logical.Right:
			return r
		}
		return l && r
	case *logical.TemporalJoin:
		return alreadyEmpty(n.Left()) || !n.KeepsLeft && alreadyEmpty(n.Right())
	}
	return false
}

// withoutEmpty drops the inputs of a union that have no rows, when their types
// are not needed for the result's.
func withoutEmpty(u *logical.Union) logical.Node {
	var kept []logical.Node
	for _, in := range u.Inputs() {
		if !alreadyEmpty(in) {
			kept = append(kept, in)
		}
	}
	switch {
	case len(kept) == 0:
		return logical.NewValues(u.Props().Schema, nil)
	case len(kept) == len(u.Inputs()):
		return u
	}
	out := logical.NewUnion(kept...)
	if !out.Props().Schema.Equal(u.Props().Schema) {
		return u
	}
	return out
}
