package rules

import (
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// factorOr takes out of an OR what all its alternatives demand: `a AND b OR a AND c` is
// `a AND (b OR c)`, with NULLs too. A join that has its equality in each alternative has
// it as a key then. Only comparisons of columns and constants are taken, which can't
// fail on rows that a term before them would have kept away.
func factorOr() Rule {
	return perNode("factor_or", "take out of an OR what all its alternatives demand", func(_ *Context, n logical.Node) logical.Node {
		return logical.MapExprs(n, func(e rex.Expr) rex.Expr { return e.Map(factor) })
	})
}

// factor rewrites one OR of two, whose arguments have been rewritten.
func factor(e rex.Expr) rex.Expr {
	if e.Kind != rex.Call || e.Name != "OR" {
		return e
	}
	left, right := conjuncts(e.Args[0]), conjuncts(e.Args[1])
	var common []rex.Expr
	for _, t := range left {
		if comparesPaths(t) && slices.ContainsFunc(right, func(u rex.Expr) bool { return sameComparison(t, u) }) {
			common = append(common, t)
		}
	}
	if len(common) == 0 {
		return e
	}
	rest := func(terms []rex.Expr) []rex.Expr {
		return slices.DeleteFunc(slices.Clone(terms), func(u rex.Expr) bool {
			return slices.ContainsFunc(common, func(t rex.Expr) bool { return sameComparison(t, u) })
		})
	}
	if l, r := rest(left), rest(right); len(l) > 0 && len(r) > 0 {
		common = append(common, or([]rex.Expr{and(l), and(r)}))
	}
	return and(common)
}

// comparesPaths reports a comparison of columns, fields of them and constants.
func comparesPaths(e rex.Expr) bool {
	if e.Kind != rex.Call {
		return false
	}
	if e.Name == "LIKE" && len(e.Args) > 2 {
		return false // a wrong ESCAPE is an error
	}
	switch e.Name {
	case "=", "<>", "<", "<=", ">", ">=", "IN", "LIKE", "IS NULL", "IS NOT NULL", "IS DISTINCT FROM", "IS NOT DISTINCT FROM":
		return !slices.ContainsFunc(e.Args, func(a rex.Expr) bool { return !path(a) })
	}
	return false
}

// sameComparison reports equal expressions, and equalities written the other way round.
func sameComparison(a, b rex.Expr) bool {
	if a.Equal(b) {
		return true
	}
	return a.Kind == rex.Call && b.Kind == rex.Call && a.Name == "=" && b.Name == "=" &&
		a.Args[0].Equal(b.Args[1]) && a.Args[1].Equal(b.Args[0])
}
