package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
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
		}
		return n
	})
}

func isTrue(e rex.Expr) bool { return e.IsLiteral() && !e.Value.Null && e.Value.Int != 0 }

func isFalse(e rex.Expr) bool { return e.IsLiteral() && !e.Value.Null && e.Value.Int == 0 }

// simplify rewrites one node whose arguments are simplified; the type stays.
func simplify(e rex.Expr) rex.Expr {
	switch {
	case e.Kind == rex.Call && (e.Name == "AND" || e.Name == "OR"):
		return simplifyConnective(e)
	case e.Kind == rex.Call && e.Name == "NOT":
		if inner := e.Args[0]; inner.Kind == rex.Call && inner.Name == "NOT" {
			return retyped(inner.Args[0], e.Type)
		}
	case e.Kind == rex.Case:
		return simplifyCase(e)
	}
	return e
}

// retyped gives e the nullability of t where e is not a column, whose type is the
// input's.
func retyped(e rex.Expr, t types.Type) rex.Expr {
	if e.Kind != rex.Input && e.Kind != rex.Field {
		e.Type.Nullable = t.Nullable
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
			return retyped(a, e.Type)
		}
		if other := e.Args[1-i]; neutral(a) && other.Type.Nullable == e.Type.Nullable {
			return other
		}
	}
	if e.Args[0].Equal(e.Args[1]) {
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
	if len(args) == len(e.Args) {
		return e
	}
	if len(args) == 1 && args[0].Type.Equal(e.Type) {
		return args[0]
	}
	if len(args) == 1 {
		if args[0].IsLiteral() && args[0].Type.Same(e.Type) {
			return rex.Lit(e.Type, args[0].Value)
		}
		args = []rex.Expr{rex.Bool(true), args[0], args[0]}
		if len(e.Args) <= len(args) {
			return e
		}
	}
	e.Args = args
	return e
}
