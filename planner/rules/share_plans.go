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
			return logical.Share(roots, func(n logical.Node) bool {
				found := false
				logical.MapExprs(n, func(e rex.Expr) rex.Expr {
					found = found || c.volatile(e)
					return e
				})
				return found
			}), nil
		},
	}
}
