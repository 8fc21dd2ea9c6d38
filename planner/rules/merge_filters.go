package rules

import "github.com/thalweg/thalweg/planner/logical"

// mergeFilters makes one filter of two, the inner condition first.
func mergeFilters() Rule {
	return Rule{
		Name: "merge_filters", Doc: "make one filter of two",
		Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
			parents := logical.Parents(roots)
			return logical.RewriteFrom(roots, func(n, was logical.Node) logical.Node {
				outer, ok := n.(*logical.Filter)
				if !ok {
					return n
				}
				inner, ok := outer.Inputs()[0].(*logical.Filter)
				if !ok || len(parents[was.Inputs()[0]]) > 1 || c.volatile(inner.Predicate) || c.volatile(outer.Predicate) {
					return n
				}
				return filterBy(inner.Inputs()[0], append(conjuncts(inner.Predicate), conjuncts(outer.Predicate)...))
			}), nil
		},
	}
}
