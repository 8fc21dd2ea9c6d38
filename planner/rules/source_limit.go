package rules

import (
	"math"

	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
)

// sourceLimit tells a source how many rows a LIMIT above it can use.
func sourceLimit() Rule {
	return Rule{
		Name: "source_limit", Doc: "tell a source the most rows that a LIMIT above it can use",
		Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
			parents := logical.Parents(roots)
			var failed error
			out := logical.Rewrite(roots, func(n logical.Node) logical.Node {
				l, ok := n.(*logical.Limit)
				if !ok || l.Count >= math.MaxInt64-l.Offset {
					return n
				}
				below, err := c.limited(l.Inputs()[0], l.Offset+l.Count, parents)
				if err != nil {
					failed = err
				}
				if below == nil {
					return n
				}
				return logical.NewLimit(below, l.Offset, l.Count)
			})
			return out, failed
		},
	}
}

// limited rebuilds projections over a scan with a limit; nil when something else
// is in between or others read the rows too.
func (c *Context) limited(n logical.Node, rows int64, parents map[logical.Node][]logical.Node) (logical.Node, error) {
	if len(parents[n]) != 1 {
		return nil, nil
	}
	switch n := n.(type) {
	case *logical.Project:
		below, err := c.limited(n.Inputs()[0], rows, parents)
		if below == nil || err != nil {
			return nil, err
		}
		return n.WithInputs([]logical.Node{below}), nil
	case *logical.Scan:
		if n.Info.Upsert || n.Info.Changelog || n.Limit > 0 {
			return nil, nil
		}
		spec := n.Spec()
		spec.Limit = rows
		push := catalog.Pushdown{Filters: n.Filters, Limit: rows}
		if n.Projected {
			push.Columns = n.Columns
		}
		info, err := c.Catalog.Source(n.Table, push)
		if err != nil || info.Columns != n.Info.Columns {
			return nil, err
		}
		spec.Info = info
		return logical.NewScan(spec), nil
	}
	return nil, nil
}
