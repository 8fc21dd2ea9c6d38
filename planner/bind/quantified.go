package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// opposite are the comparisons that hold when another does not.
var opposite = map[sql.BinaryOp]sql.BinaryOp{
	sql.Equal: sql.NotEqual, sql.NotEqual: sql.Equal, sql.Less: sql.GreaterEqual, sql.GreaterEqual: sql.Less,
	sql.Greater: sql.LessEqual, sql.LessEqual: sql.Greater,
}

// quantified binds x op ANY and x op ALL: the latter is that the opposite holds for
// none.
func (x *exprBinder) quantified(e *sql.Quantified) (rex.Expr, error) {
	op, not := e.Op, e.All
	if not {
		op = opposite[op]
	}
	if op == sql.Equal {
		return x.in(membership{e, e.X, e.Query, not})
	}
	bind := x.any
	if isRow(e.X) {
		bind = x.anyRow
	}
	value, err := bind(e, op)
	if err != nil || !not {
		return value, err
	}
	return x.b.callOf("NOT", e.Pos(), value)
}

// any gives the value of x op ANY from the least and the greatest value.
func (x *exprBinder) any(e *sql.Quantified, op sql.BinaryOp) (rex.Expr, error) {
	sb := x.queries
	q, err := sb.bindQuery(e.Query)
	if err != nil {
		return rex.Expr{}, err
	}
	left, err := x.expr(e.X)
	if err != nil {
		return left, err
	}
	node := q.relation()
	schema := node.Props().Schema
	if len(schema) != 1 {
		return left, errs.Userf("%s ANY and ALL compare one value with a sub-query of one column, not %d", e.Op, len(schema)).At(e.Pos()).
			WithHint("compare a row of %d values: (a, …) %s …", len(schema), e.Op)
	}
	if op == sql.NotEqual && !x.b.ordered(schema[0].Type) {
		return x.anyUnlike(e, left, q)
	}
	node, flag, err := x.b.withNullFlag(node, e.Pos())
	if err != nil {
		return left, err
	}
	calls := []rex.AggCall{flag}
	for _, name := range []string{"MIN", "MAX"} {
		call, err := x.b.aggregateCall(name, schema, 0)
		if err != nil {
			return left, at(err, e.Pos())
		}
		calls = append(calls, call)
	}
	node = logical.NewAggregate(node, nil, calls, []string{"$nulls", "$least", "$greatest"}, e.Pos())
	if err := sb.joinQuery(q, logical.Left, node); err != nil {
		return left, err
	}
	some, err := x.anyOf(e, op, left, sb.last(2), sb.last(1))
	if err != nil {
		return some, err
	}
	unknown, err := sb.unknownBy(e.Pos(), left, sb.last(3))
	if err != nil {
		return unknown, err
	}
	return cases(some, rex.Bool(true), unknown, rex.NullOf(types.Of(types.Boolean)), rex.Bool(false)), nil
}

// ordered reports whether values of a type have a least and a greatest one.
func (b *Binder) ordered(t types.Type) bool {
	_, err := b.aggregateCall("MIN", types.Schema{{Type: t}}, 0)
	return err == nil
}

// anyUnlike gives the value of x <> ANY for types without an order.
func (x *exprBinder) anyUnlike(e *sql.Quantified, left rex.Expr, q bound) (rex.Expr, error) {
	sb := x.queries
	right := rex.Col(len(sb.node.Props().Schema), q.node.Props().Schema[0].Type)
	unlike, err := x.b.callOf("<>", e.Pos(), left, right)
	if err != nil {
		return unlike, err
	}
	if err := sb.joinQuery(q, logical.Mark, q.relation(), unlike); err != nil {
		return unlike, err
	}
	some := sb.last(1)
	unknown, err := sb.unknown(e.Pos(), left, q)
	return cases(some, rex.Bool(true), unknown, rex.NullOf(types.Of(types.Boolean)), rex.Bool(false)), err
}

// anyOf compares with the end of the values that decides.
func (x *exprBinder) anyOf(e *sql.Quantified, op sql.BinaryOp, left, least, greatest rex.Expr) (rex.Expr, error) {
	switch op {
	case sql.Greater, sql.GreaterEqual:
		return x.b.callOf(op.String(), e.Pos(), left, least)
	case sql.Less, sql.LessEqual:
		return x.b.callOf(op.String(), e.Pos(), left, greatest)
	}
	low, err := x.b.callOf(op.String(), e.Pos(), left, least)
	if err != nil {
		return low, err
	}
	high, err := x.b.callOf(op.String(), e.Pos(), left, greatest)
	if err != nil {
		return high, err
	}
	return x.b.callOf("OR", e.Pos(), low, high)
}

// anyRow gives the value of (a, b) op ANY: TRUE with a row for which the comparison
// holds, NULL when there is only one for which it is NULL.
func (x *exprBinder) anyRow(e *sql.Quantified, op sql.BinaryOp) (rex.Expr, error) {
	sb := x.queries
	q, err := sb.bindQuery(e.Query)
	if err != nil {
		return rex.Expr{}, err
	}
	left, err := membership{at: e, x: e.X}.values(x, q)
	if err != nil {
		return rex.Expr{}, err
	}
	holds, err := sb.compareRows(e.Pos(), op, left, q)
	if err != nil {
		return holds, err
	}
	if err := sb.joinQuery(q, logical.Mark, q.relation(), holds); err != nil || !holds.Type.Nullable {
		return sb.last(1), err
	}
	value := sb.last(1)
	if holds, err = sb.compareRows(e.Pos(), op, left, q); err == nil {
		holds, err = sb.b.callOf("IS NULL", e.Pos(), holds)
	}
	if err == nil {
		err = sb.joinQuery(q, logical.Mark, q.relation(), holds)
	}
	return cases(value, rex.Bool(true), sb.last(1), rex.NullOf(types.Of(types.Boolean)), rex.Bool(false)), err
}

// compareRows compares values with the columns of a sub-query that is joined next.
func (sb *selectBinder) compareRows(span errs.Span, op sql.BinaryOp, left []rex.Expr, q bound) (rex.Expr, error) {
	width := len(sb.node.Props().Schema)
	right := make([]rex.Expr, len(left))
	for i := range right {
		right[i] = rex.Col(width+i, q.node.Props().Schema[i].Type)
	}
	return sb.b.compareRows(span, op, left, right)
}

// semiRows applies [NOT] (a, b) op ANY and op ALL as a filter: ANY wants a row that
// makes it TRUE, ALL that there is none that keeps it from being so.
func (sb *selectBinder) semiRows(e *sql.Quantified, not bool, clause string) error {
	q, err := sb.bindQuery(e.Query)
	if err != nil {
		return err
	}
	left, err := membership{at: e, x: e.X}.values(sb.binder(clause), q)
	if err != nil {
		return err
	}
	term, err := sb.compareRows(e.Pos(), e.Op, left, q)
	if err != nil {
		return err
	}
	kind, test := logical.Semi, "IS TRUE"
	switch {
	case e.All && !not:
		kind, test = logical.Anti, "IS NOT TRUE"
	case not && !e.All:
		kind, test = logical.Anti, "IS NOT FALSE"
	case not:
		test = "IS FALSE"
	}
	if term, err = sb.b.callOf(test, e.Pos(), term); err != nil {
		return err
	}
	return sb.joinQuery(q, kind, q.relation(), term)
}
