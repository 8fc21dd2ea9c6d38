package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/sql"
)

// isPredicate reports the expressions that predicate binds.
func isPredicate(e sql.Expr) bool {
	switch e.(type) {
	case *sql.Is, *sql.Between, *sql.InList, *sql.Like, *sql.InQuery, *sql.Exists, *sql.Quantified:
		return true
	}
	return false
}

// predicate binds IS, BETWEEN, IN and LIKE.
func (x *exprBinder) predicate(e sql.Expr) (rex.Expr, error) {
	switch e := e.(type) {
	case *sql.Is:
		name := "IS "
		if e.Not && e.Kind < sql.IsJSON {
			name += "NOT "
		}
		bound, err := x.apply(name+e.Kind.String(), e, e.X)
		if err == nil && e.Not && e.Kind >= sql.IsJSON {
			return x.b.callOf("NOT", e.Pos(), bound)
		}
		return bound, err
	case *sql.Between:
		return x.between(e)
	case *sql.InList:
		return x.inList(e)
	case *sql.Like:
		return x.like(e)
	case *sql.InQuery:
		return x.subquery(e, e.Query, func() (rex.Expr, error) { return x.in(membership{e, e.X, e.Query, e.Not}) })
	case *sql.Exists:
		return x.subquery(e, e.Query, func() (rex.Expr, error) { return x.queries.exists(e) })
	}
	q := e.(*sql.Quantified)
	return x.subquery(q, q.Query, func() (rex.Expr, error) { return x.quantified(q) })
}

func (x *exprBinder) like(e *sql.Like) (rex.Expr, error) {
	args := []sql.Expr{e.X, e.Pattern}
	if e.Escape != nil {
		args = append(args, e.Escape)
	}
	name := "LIKE"
	if e.Similar {
		name = "SIMILAR TO"
	}
	bound, err := x.apply(name, e, args...)
	if err != nil || !e.Not {
		return bound, err
	}
	return x.b.callOf("NOT", e.Pos(), bound)
}

// between lowers BETWEEN to comparisons.
func (x *exprBinder) between(e *sql.Between) (rex.Expr, error) {
	v, err := x.exprs([]sql.Expr{e.X, e.Low, e.High})
	if err != nil {
		return rex.Expr{}, err
	}
	bound, err := x.inRange(e, v[0], v[1], v[2])
	if err == nil && e.Symmetric {
		var other rex.Expr
		if other, err = x.inRange(e, v[0], v[2], v[1]); err == nil {
			bound, err = x.b.callOf("OR", e.Pos(), bound, other)
		}
	}
	if err != nil || !e.Not {
		return bound, err
	}
	return x.b.callOf("NOT", e.Pos(), bound)
}

func (x *exprBinder) inRange(e *sql.Between, v, low, high rex.Expr) (rex.Expr, error) {
	above, err := x.b.callOf(">=", e.Pos(), v, low)
	if err != nil {
		return above, err
	}
	below, err := x.b.callOf("<=", e.Pos(), v, high)
	if err != nil {
		return below, err
	}
	return x.b.callOf("AND", e.Pos(), above, below)
}

// inList binds IN: over constants as one call, otherwise as equalities.
func (x *exprBinder) inList(e *sql.InList) (rex.Expr, error) {
	if row, ok := e.X.(*sql.Row); ok && len(row.Items) > 1 {
		return x.inRows(e, row)
	}
	args, err := x.exprs(append([]sql.Expr{e.X}, e.Items...))
	if err != nil {
		return rex.Expr{}, err
	}
	bound, err := x.b.equalsAny(e.Pos(), args[0], args[1:], e.Items)
	if err != nil || !e.Not {
		return bound, err
	}
	return x.b.callOf("NOT", e.Pos(), bound)
}

// equalsAny tells whether a value is among items, which stand at places.
func (b *Binder) equalsAny(span errs.Span, v rex.Expr, items []rex.Expr, places []sql.Expr) (rex.Expr, error) {
	if !slices.ContainsFunc(items, func(e rex.Expr) bool { return !constant(e) }) {
		return b.callOf("IN", span, append([]rex.Expr{v}, items...)...)
	}
	var terms []rex.Expr
	for i, item := range items {
		term, err := b.callOf("=", places[i].Pos(), v, item)
		if err != nil {
			return term, err
		}
		terms = append(terms, term)
	}
	return b.chain("OR", span, terms)
}

// chain joins conditions with AND or OR.
func (b *Binder) chain(op string, span errs.Span, terms []rex.Expr) (rex.Expr, error) {
	out := terms[0]
	for _, t := range terms[1:] {
		var err error
		if out, err = b.callOf(op, span, out, t); err != nil {
			return out, err
		}
	}
	return out, nil
}

// inRows binds (a, b) IN ((1, 2), …).
func (x *exprBinder) inRows(e *sql.InList, row *sql.Row) (rex.Expr, error) {
	var alternatives []rex.Expr
	for _, item := range e.Items {
		other, ok := item.(*sql.Row)
		if !ok || len(other.Items) != len(row.Items) {
			return rex.Expr{}, errs.Userf("IN compares %d values with each item of its list", len(row.Items)).At(item.Pos())
		}
		var terms []rex.Expr
		for i := range row.Items {
			term, err := x.apply("=", item, row.Items[i], other.Items[i])
			if err != nil {
				return term, err
			}
			terms = append(terms, term)
		}
		alternative, err := x.b.chain("AND", item.Pos(), terms)
		if err != nil {
			return alternative, err
		}
		alternatives = append(alternatives, alternative)
	}
	bound, err := x.b.chain("OR", e.Pos(), alternatives)
	if err != nil || !e.Not {
		return bound, err
	}
	return x.b.callOf("NOT", e.Pos(), bound)
}

// binary binds an infix operator.
func (x *exprBinder) binary(e *sql.Binary) (rex.Expr, error) {
	if l, ok := e.Left.(*sql.Row); ok && len(l.Items) > 1 && e.Op >= sql.Equal && e.Op <= sql.GreaterEqual {
		if r, ok := e.Right.(*sql.Row); ok {
			return x.rowComparison(e, l, r)
		}
	}
	sides := []sql.Expr{e.Left, e.Right}
	if e.Op == sql.Overlaps {
		sides = append(periodEnds(e.Left), periodEnds(e.Right)...)
	}
	args, err := x.exprs(sides)
	if err != nil {
		return rex.Expr{}, err
	}
	if e.Op == sql.And || e.Op == sql.Or {
		for i, side := range sides {
			if args[i], err = boolean(args[i], e.Op.String(), side.Pos()); err != nil {
				return rex.Expr{}, err
			}
		}
	}
	return x.b.callOf(e.Op.String(), e.Pos(), args...)
}

// periodEnds are the two values of a side of OVERLAPS; another expression is left
// to the function's own check.
func periodEnds(e sql.Expr) []sql.Expr {
	if row, ok := e.(*sql.Row); ok && len(row.Items) == 2 {
		return row.Items
	}
	return []sql.Expr{e}
}

// rowComparison binds (a, b) < (c, d) and its kin.
func (x *exprBinder) rowComparison(e *sql.Binary, l, r *sql.Row) (rex.Expr, error) {
	if len(r.Items) != len(l.Items) {
		return rex.Expr{}, errs.Userf("both sides of %s must have %d values", e.Op, len(l.Items)).At(e.Pos())
	}
	left, err := x.exprs(l.Items)
	if err != nil {
		return rex.Expr{}, err
	}
	right, err := x.exprs(r.Items)
	if err != nil {
		return rex.Expr{}, err
	}
	return x.b.compareRows(e.Pos(), e.Op, left, right)
}

// compareRows compares rows by their first values that differ.
func (b *Binder) compareRows(span errs.Span, op sql.BinaryOp, left, right []rex.Expr) (rex.Expr, error) {
	var equal []rex.Expr
	for i := range left {
		term, err := b.callOf("=", span, left[i], right[i])
		if err != nil {
			return term, err
		}
		equal = append(equal, term)
	}
	switch op {
	case sql.Equal:
		return b.chain("AND", span, equal)
	case sql.NotEqual:
		all, err := b.chain("AND", span, equal)
		if err != nil {
			return all, err
		}
		return b.callOf("NOT", span, all)
	}
	last := len(left) - 1
	out, err := b.callOf(op.String(), span, left[last], right[last])
	for i := last - 1; i >= 0 && err == nil; i-- {
		if out, err = b.callOf("AND", span, equal[i], out); err != nil {
			break
		}
		var differ rex.Expr
		if differ, err = b.callOf(strict[op], span, left[i], right[i]); err == nil {
			out, err = b.callOf("OR", span, differ, out)
		}
	}
	return out, err
}

// strict are the comparisons that decide between values that are not the last.
var strict = map[sql.BinaryOp]string{sql.Less: "<", sql.LessEqual: "<", sql.Greater: ">", sql.GreaterEqual: ">"}
