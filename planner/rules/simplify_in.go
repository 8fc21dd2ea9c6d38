package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// simplifyIn turns `x = 1 OR x = 2` into `x IN (1, 2)`, drops repeated items and
// makes an IN of one item an equality.
func simplifyIn() Rule {
	return perNode("simplify_in", "merge equalities on one value into IN, and make an IN of one item an equality", func(c *Context, n logical.Node) logical.Node {
		return logical.MapExprs(n, func(e rex.Expr) rex.Expr {
			return e.Map(func(x rex.Expr) rex.Expr { return c.simplifyIn(x) })
		})
	})
}

// inMax bounds the lists that are merged, since each merge copies them.
const inMax = 256

func (c *Context) simplifyIn(e rex.Expr) rex.Expr {
	if e.Kind != rex.Call {
		return e
	}
	switch e.Name {
	case "IN":
		items := distinctItems(e.Args[1:])
		if len(items) == 1 && !items[0].IsNull() {
			return rex.CallOf("=", e.Type, e.Args[0], items[0])
		}
		if len(items) < len(e.Args)-1 {
			e.Args = append([]rex.Expr{e.Args[0]}, items...)
		}
	case "OR":
		x, left, ok := asIn(e.Args[0])
		y, right, ok2 := asIn(e.Args[1])
		if ok && ok2 && len(left)+len(right) <= inMax && x.Equal(y) && !c.volatile(x) {
			items := distinctItems(append(left[:len(left):len(left)], right...))
			return rex.CallOf("IN", e.Type, append([]rex.Expr{x}, items...)...)
		}
	}
	return e
}

// asIn reads an equality with a constant, or an IN, as a value and its items.
func asIn(e rex.Expr) (rex.Expr, []rex.Expr, bool) {
	if e.Kind != rex.Call || len(e.Args) < 2 {
		return e, nil, false
	}
	switch {
	case e.Name == "IN":
		for _, item := range e.Args[1:] {
			if !item.IsLiteral() || item.IsNull() {
				return e, nil, false
			}
		}
		return e.Args[0], e.Args[1:], true
	case e.Name == "=" && e.Args[1].IsLiteral() && !e.Args[1].IsNull() && !e.Args[0].IsLiteral():
		return e.Args[0], e.Args[1:], true
	case e.Name == "=" && e.Args[0].IsLiteral() && !e.Args[0].IsNull() && !e.Args[1].IsLiteral():
		return e.Args[1], e.Args[:1], true
	}
	return e, nil, false
}

func distinctItems(items []rex.Expr) []rex.Expr {
	seen := map[rex.Value]bool{}
	var out []rex.Expr
	for _, item := range items {
		if item.IsLiteral() {
			if seen[item.Value] {
				continue
			}
			seen[item.Value] = true
		}
		out = append(out, item)
	}
	return out
}
