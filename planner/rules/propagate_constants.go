package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// propagateConstants replaces columns that a filter right below a projection
// holds at one value: `SELECT CASE WHEN kind = 1 … FROM t WHERE kind = 1`.
func propagateConstants() Rule {
	return perNode("propagate_constants", "replace columns that a filter holds at one value by the value", func(_ *Context, n logical.Node) logical.Node {
		p, ok := n.(*logical.Project)
		if !ok {
			return n
		}
		f, ok := p.Inputs()[0].(*logical.Filter)
		if !ok {
			return n
		}
		known := constants(f.Predicate)
		if len(known) == 0 {
			return n
		}
		exprs := make([]rex.Expr, len(p.Exprs))
		changed := false
		for i, e := range p.Exprs {
			exprs[i] = e
			if path(e) {
				// A plain column stays one: keys and time attributes hang on it.
				continue
			}
			exprs[i] = replace(e, known)
			changed = changed || !exprs[i].Equal(e)
		}
		if !changed {
			return n
		}
		return logical.NewProject(f, exprs, p.Names)
	})
}

// equality is a column or field that has one value.
type equality struct {
	path  rex.Expr
	value rex.Expr
}

// constants reads the equalities of a condition with constants.
func constants(condition rex.Expr) []equality {
	var out []equality
	for _, t := range conjuncts(condition) {
		if t.Kind != rex.Call || t.Name != "=" {
			continue
		}
		l, r := t.Args[0], t.Args[1]
		if l.IsLiteral() {
			l, r = r, l
		}
		// An equality of approximate numbers holds for 0 and -0, which are not one.
		if l.IsLiteral() || !path(l) || !r.IsLiteral() || r.IsNull() || !l.Type.Same(r.Type) || l.Type.IsApproximate() {
			continue
		}
		out = append(out, equality{l, rex.Lit(l.Type, r.Value)})
	}
	return out
}

// replace puts constants for the known paths, top-down.
func replace(e rex.Expr, known []equality) rex.Expr {
	for _, k := range known {
		if e.Equal(k.path) {
			return k.value
		}
	}
	if len(e.Args) == 0 {
		return e
	}
	args := make([]rex.Expr, len(e.Args))
	for i, a := range e.Args {
		args[i] = replace(a, known)
	}
	e.Args = args
	return e
}
