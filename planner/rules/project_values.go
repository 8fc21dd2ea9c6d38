package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// projectValues computes a projection of constant rows while planning.
func projectValues() Rule {
	return perNode("project_values", "compute projections of constant rows while planning", func(c *Context, n logical.Node) logical.Node {
		p, ok := n.(*logical.Project)
		if !ok {
			return n
		}
		v, ok := p.Inputs()[0].(*logical.Values)
		if !ok {
			return n
		}
		rows := make([][]rex.Expr, len(v.Rows))
		for i, row := range v.Rows {
			for _, e := range p.Exprs {
				cell := substitute(e, row).Map(c.fold)
				if !cell.IsLiteral() {
					return n
				}
				rows[i] = append(rows[i], rex.Lit(e.Type, cell.Value))
			}
		}
		return logical.NewValues(p.Props().Schema, rows)
	})
}
