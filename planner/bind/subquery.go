package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// subquery is a condition on a sub-query: IN or EXISTS, perhaps negated.
type subquery struct {
	query *sql.Query
	// x is the left side of IN, nil for EXISTS.
	x   sql.Expr
	not bool
}

// subqueryOf recognises such a condition.
func subqueryOf(e sql.Expr) (subquery, bool) {
	switch e := e.(type) {
	case *sql.InQuery:
		return subquery{e.Query, e.X, e.Not}, true
	case *sql.Exists:
		return subquery{e.Query, nil, false}, true
	case *sql.Unary:
		if e.Op == sql.Not {
			s, ok := subqueryOf(e.X)
			s.not = !s.not
			return s, ok
		}
	}
	return subquery{}, false
}

func isSubqueryCondition(e sql.Expr) bool {
	_, ok := subqueryOf(e)
	return ok
}

// subqueryCondition applies IN or EXISTS as a semi or anti join.
func (sb *selectBinder) subqueryCondition(e sql.Expr) error {
	s, _ := subqueryOf(e)
	inner := *sb.scope
	r, err := sb.b.query(s.query, &inner)
	if err != nil {
		return err
	}
	if len(sb.correlated) > 0 {
		return unsupported(e, "a sub-query inside a sub-query that reads columns of the query around")
	}
	width := len(sb.node.Props().Schema)
	var terms []rex.Expr
	for _, c := range r.correlated {
		terms = append(terms, uncorrelate(c, width))
	}
	if s.x != nil {
		in, err := sb.inTerms(s, e, r, width)
		if err != nil {
			return err
		}
		terms = append(in, terms...)
	}
	spec := logical.JoinSpec{Type: logical.Semi, Span: e.Pos()}
	if s.not {
		spec.Type = logical.Anti
	}
	if len(terms) > 0 {
		condition, err := sb.b.chain("AND", e.Pos(), terms)
		if err != nil {
			return err
		}
		spec.Condition = &condition
	}
	sb.node = logical.NewJoin(sb.node, r.node, spec)
	return nil
}

// uncorrelate turns a condition over the sub-query's columns and the outer ones
// into one over left (outer) then right (inner) columns.
func uncorrelate(e rex.Expr, width int) rex.Expr {
	return e.Map(func(x rex.Expr) rex.Expr {
		if x.Kind == rex.Input {
			if x.Index >= outerBase {
				x.Index -= outerBase
			} else {
				x.Index += width
			}
		}
		return x
	})
}

// inTerms are the equalities of IN. NOT IN with NULLs on either side is not TRUE,
// so that a NULL counts as a match.
func (sb *selectBinder) inTerms(s subquery, e sql.Expr, r *result, width int) ([]rex.Expr, error) {
	items := []sql.Expr{s.x}
	if row, ok := s.x.(*sql.Row); ok && !row.Explicit {
		items = row.Items
	}
	if len(items) != r.visible {
		return nil, errs.Userf("IN compares %d values with a sub-query of %d columns", len(items), r.visible).At(e.Pos())
	}
	schema := r.node.Props().Schema
	var terms []rex.Expr
	for i, item := range items {
		left, err := sb.binder("WHERE").expr(item)
		if err != nil {
			return nil, err
		}
		right := rex.Col(width+i, schema[i].Type)
		term, err := sb.b.callOf("=", item.Pos(), left, right)
		if err != nil {
			return nil, err
		}
		if s.not {
			if term, err = sb.b.orNull(term, item, left, right); err != nil {
				return nil, err
			}
		}
		terms = append(terms, term)
	}
	return terms, nil
}

// orNull is `term OR v IS NULL` for each v that may be NULL.
func (b *Binder) orNull(term rex.Expr, n sql.Node, values ...rex.Expr) (rex.Expr, error) {
	for _, v := range values {
		if !v.Type.Nullable {
			continue
		}
		null, err := b.callOf("IS NULL", n.Pos(), v)
		if err != nil {
			return null, err
		}
		if term, err = b.callOf("OR", n.Pos(), term, null); err != nil {
			return term, err
		}
	}
	return term, nil
}

// correlatedResult makes the result of a sub-query whose conditions read the query
// around: the select list, then all columns that the conditions may read.
func (sb *selectBinder) correlatedResult(r *result, exprs []rex.Expr, names []string) (*result, error) {
	if sb.s.Distinct || len(sb.order) > 0 {
		return nil, unsupported(sb.s, "DISTINCT or ORDER BY in a sub-query that reads columns of the query around")
	}
	schema := sb.node.Props().Schema
	exprs = append(exprs, logical.AllCols(schema)...)
	names = append(names, schema.Names()...)
	for _, c := range sb.correlated {
		r.correlated = append(r.correlated, c.Map(func(x rex.Expr) rex.Expr {
			if x.Kind == rex.Input && x.Index < outerBase {
				x.Index += r.visible
			}
			return x
		}))
	}
	r.node = logical.NewProject(sb.node, exprs, names)
	return r, nil
}
