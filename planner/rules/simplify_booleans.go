package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// simplifyBooleans drops what constants decide in AND, OR, NOT and CASE, and
// filters that keep everything.
func simplifyBooleans() Rule {
	return perNode("simplify_booleans", "drop constant parts of conditions and filters that keep all rows", func(_ *Context, n logical.Node) logical.Node {
		n = logical.MapExprs(n, func(e rex.Expr) rex.Expr { return e.Map(simplify) })
		switch n := n.(type) {
		case *logical.Filter:
			if isTrue(n.Predicate) {
				return n.Inputs()[0]
			}
		case *logical.Join:
			if n.Condition != nil && isTrue(*n.Condition) {
				spec := n.JoinSpec
				spec.Condition = nil
				return logical.NewJoin(n.Left(), n.Right(), spec)
			}
		case *logical.TemporalJoin:
			if n.Condition != nil && isTrue(*n.Condition) {
				spec := n.TemporalJoinSpec
				spec.Condition = nil
				return logical.NewTemporalJoin(n.Left(), n.Right(), spec)
			}
		}
		return n
	})
}

func isTrue(e rex.Expr) bool { return e.IsLiteral() && !e.Value.Null && e.Value.Int != 0 }

func isFalse(e rex.Expr) bool { return e.IsLiteral() && !e.Value.Null && e.Value.Int == 0 }

// simplify rewrites one node whose arguments are simplified.
func simplify(e rex.Expr) rex.Expr {
	switch {
	case e.Kind == rex.Call && (e.Name == "AND" || e.Name == "OR"):
		return simplifyConnective(e)
	case e.Kind == rex.Call && e.Name == "NOT":
		if inner := e.Args[0]; inner.Kind == rex.Call && inner.Name == "NOT" {
			return inner.Args[0]
		}
	case e.Kind == rex.Case:
		return simplifyCase(e)
	}
	return e
}

func simplifyConnective(e rex.Expr) rex.Expr {
	neutral, absorbing := isTrue, isFalse
	if e.Name == "OR" {
		neutral, absorbing = isFalse, isTrue
	}
	for i, a := range e.Args {
		if absorbing(a) {
			return a
		}
		if neutral(a) {
			return e.Args[1-i]
		}
	}
	if e.Args[0].Equal(e.Args[1]) && !e.Args[0].HasVolatile() {
		return e.Args[0]
	}
	return e
}

// simplifyCase drops branches that can't be taken and all behind one that must.
func simplifyCase(e rex.Expr) rex.Expr {
	var args []rex.Expr
	for i := 0; i+1 < len(e.Args); i += 2 {
		condition := e.Args[i]
		if condition.IsLiteral() && !isTrue(condition) {
			continue
		}
		if isTrue(condition) {
			return caseOf(e, append(args, e.Args[i+1]))
		}
		args = append(args, condition, e.Args[i+1])
	}
	return caseOf(e, append(args, e.Args[len(e.Args)-1]))
}

func caseOf(e rex.Expr, args []rex.Expr) rex.Expr {
	if len(args) == 1 {
		return args[0]
	}
	e.Args = args
	return e
}
