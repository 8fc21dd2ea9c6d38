package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// scalarQueries joins the sub-queries that WHERE and the select list use as values
// to the relation: each has at most one row, and NULL stands for none.
func (sb *selectBinder) scalarQueries() error {
	exprs := []sql.Expr{}
	if sb.s.Where != nil {
		exprs = append(exprs, sb.s.Where)
	}
	for _, item := range sb.s.Items {
		exprs = append(exprs, item.Expr)
	}
	for _, e := range exprs {
		for _, q := range subqueries(e) {
			if err := sb.scalarQuery(q); err != nil {
				return err
			}
		}
	}
	return nil
}

// subqueries lists the sub-queries used as values in e.
func subqueries(e sql.Expr) []*sql.Subquery {
	if q, ok := e.(*sql.Subquery); ok {
		return []*sql.Subquery{q}
	}
	var out []*sql.Subquery
	for _, c := range children(e) {
		out = append(out, subqueries(c)...)
	}
	return out
}

func (sb *selectBinder) scalarQuery(q *sql.Subquery) error {
	r, err := sb.b.query(q.Query, nil)
	if err != nil {
		return err
	}
	node := r.relation()
	schema := node.Props().Schema
	if len(schema) != 1 {
		return errs.Userf("a sub-query used as a value must have one column, not %d", len(schema)).At(q.Pos())
	}
	if !node.Props().HasKey(nil) {
		return unsupported(q, "a sub-query as a value that may have several rows (without an aggregate or LIMIT 1)")
	}
	width := len(sb.node.Props().Schema)
	sb.node = logical.NewJoin(sb.node, node, logical.JoinSpec{Type: logical.Left, Span: q.Pos()})
	if sb.scalars == nil {
		sb.scalars = map[*sql.Subquery]rex.Expr{}
	}
	sb.scalars[q] = rex.Col(width, schema[0].Type.WithNullable(true))
	return nil
}
