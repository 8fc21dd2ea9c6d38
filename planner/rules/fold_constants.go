package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// foldConstants evaluates expressions without columns once, while planning.
func foldConstants() Rule {
	return perNode("fold_constants", "evaluate constant expressions while planning", func(c *Context, n logical.Node) logical.Node {
		return logical.MapExprs(n, func(e rex.Expr) rex.Expr { return e.Map(c.fold) })
	})
}

// fold evaluates e if its arguments are all constants; an expression that fails
// is left for run time, which reports the error.
func (c *Context) fold(e rex.Expr) rex.Expr {
	if e.Kind == rex.Input || e.Kind == rex.Literal || e.Type.IsNested() {
		return e
	}
	for _, a := range e.Args {
		if !a.IsLiteral() {
			return e
		}
	}
	if e.Kind == rex.Call && c.volatile(e) {
		return e
	}
	v, ok := c.Functions.Fold(e)
	if !ok {
		return e
	}
	return rex.Lit(e.Type, v)
}
