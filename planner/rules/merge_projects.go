package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// mergeProjects makes one projection of two and drops projections that change
// nothing. A volatile call stays where it is, so that it is made once a row.
func mergeProjects() Rule {
	return Rule{
		Name: "merge_projects", Doc: "make one projection of two, and drop those that change nothing",
		Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
			parents := logical.Parents(roots)
			return logical.RewriteFrom(roots, func(n, was logical.Node) logical.Node {
				outer, ok := n.(*logical.Project)
				if !ok {
					return n
				}
				input := outer.Inputs()[0]
				if outer.Identity() && sameNames(outer, input) {
					return input
				}
				inner, ok := input.(*logical.Project)
				if !ok {
					return n
				}
				if len(parents[was.Inputs()[0]]) > 1 && !allPaths(inner.Exprs) {
					return n
				}
				return c.mergeProject(outer, inner)
			}), nil
		},
	}
}

func sameNames(p *logical.Project, input logical.Node) bool {
	for i, f := range input.Props().Schema {
		if p.Names[i] != f.Name {
			return false
		}
	}
	return true
}

func allPaths(exprs []rex.Expr) bool {
	for _, e := range exprs {
		if !path(e) {
			return false
		}
	}
	return true
}

// mergedMax bounds the size of a merged projection: an expression that is used
// several times is written out as often, though it is computed once.
const mergedMax = 400

func (c *Context) mergeProject(outer, inner *logical.Project) logical.Node {
	if c.anyVolatile(inner.Exprs) && !allPaths(outer.Exprs) {
		return outer
	}
	exprs := make([]rex.Expr, len(outer.Exprs))
	total := 0
	for i, e := range outer.Exprs {
		exprs[i] = onSchema(substitute(e, inner.Exprs), same, inner.Inputs()[0].Props().Schema)
		total += size(exprs[i])
	}
	if total > mergedMax && total > 4*len(exprs) || c.repeatsVolatile(outer, inner) {
		return outer
	}
	return logical.NewProject(inner.Inputs()[0], exprs, outer.Names)
}

// repeatsVolatile reports whether merging would make a volatile call twice.
func (c *Context) repeatsVolatile(outer, inner *logical.Project) bool {
	count := map[int]int{}
	for _, e := range outer.Exprs {
		e.Walk(func(x rex.Expr) bool {
			if x.Kind == rex.Input {
				count[x.Index]++
			}
			return true
		})
	}
	for i, e := range inner.Exprs {
		if count[i] > 1 && c.volatile(e) {
			return true
		}
	}
	return false
}
