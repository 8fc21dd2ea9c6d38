package bind

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql"
)

// call binds a function call.
func (x *exprBinder) call(e *sql.Call) (rex.Expr, error) {
	if bound, ok := x.computed[e]; ok {
		return bound, nil
	}
	if e.Over != nil {
		return rex.Expr{}, errs.Userf("the window function %s can't stand in %s", e.Function, x.clause).At(e.Pos()).
			WithHint("compute it in a derived table and filter that, or use QUALIFY")
	}
	name := functionName(e)
	if x.b.isAggregate(e) {
		return rex.Expr{}, errs.Userf("the aggregate %s can't stand in %s", name, x.clause).At(e.Pos())
	}
	if err := x.plainCall(e); err != nil {
		return rex.Expr{}, err
	}
	if bound, ok, err := x.jsonCall(name, e); ok {
		return bound, err
	}
	if name == "TRIM" {
		return x.trim(e)
	}
	return x.apply(name, e, e.Args...)
}

// trim fills in what TRIM(x) and TRIM(side FROM x) leave out.
func (x *exprBinder) trim(e *sql.Call) (rex.Expr, error) {
	side := "BOTH"
	switch len(e.Args) {
	case 1:
	case 2:
		symbol, ok := e.Args[0].(*sql.Symbol)
		if !ok {
			return x.apply("TRIM", e, e.Args...)
		}
		side = symbol.Text
	default:
		return x.apply("TRIM", e, e.Args...)
	}
	s, err := x.expr(e.Args[len(e.Args)-1])
	if err != nil {
		return s, err
	}
	return x.b.callOf("TRIM", e.Pos(), rex.Str(side), rex.Str(" "), s)
}

// functionName is the upper-case name without Flink's default path.
func functionName(e *sql.Call) string {
	name := e.Function
	for _, prefix := range []string{"DEFAULT_CATALOG.", "DEFAULT_DATABASE."} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}

// plainCall refuses the clauses that only aggregates have.
func (x *exprBinder) plainCall(e *sql.Call) error {
	name := functionName(e)
	if _, known := x.b.funcs.Scalar(name); !known {
		return x.b.unknownFunction(name, nameSpan(e))
	}
	switch {
	case e.Distinct, e.Filter != nil, len(e.WithinGroup) > 0, len(e.OrderBy) > 0, e.Nulls != sql.NullsUnspecified:
		return errs.Userf("%s is not an aggregate function, so it takes no DISTINCT, FILTER, ORDER BY or NULLS clause", name).At(e.Pos())
	case e.Semantics != sql.DefaultSemantics:
		return errs.Userf("%s belongs into MATCH_RECOGNIZE", e.Semantics).At(e.Pos())
	}
	return nil
}

// nameSpan is the span of a call's name.
func nameSpan(e *sql.Call) errs.Span {
	if span := e.Name.Pos(); span != (errs.Span{}) {
		return span
	}
	return e.Pos()
}

// isAggregate reports whether a call without OVER aggregates.
func (b *Binder) isAggregate(e *sql.Call) bool {
	if e.Over != nil {
		return false
	}
	_, ok := b.funcs.Aggregate(functionName(e))
	return ok
}

// constant binds an expression that must be a constant and folds it.
func (b *Binder) constant(e sql.Expr, what string) (rex.Expr, error) {
	x := &exprBinder{b: b, clause: what}
	bound, err := x.expr(e)
	if err != nil {
		return bound, err
	}
	if bound.IsLiteral() {
		return bound, nil
	}
	v, ok := b.funcs.Fold(bound)
	if !ok {
		return bound, errs.Userf("%s must be a constant", what).At(e.Pos())
	}
	return rex.Lit(bound.Type, v), nil
}

// millis binds a constant interval of days or smaller.
func (b *Binder) millis(e sql.Expr, what string) (int64, error) {
	bound, err := b.constant(e, what)
	if err != nil {
		return 0, err
	}
	if bound.Type.Kind != types.IntervalDayTime || bound.Value.Null {
		return 0, errs.Userf("%s must be an interval of days or smaller units, not %s", what, bound.Type.WithNullable(true)).At(e.Pos())
	}
	return bound.Value.Int, nil
}

// count binds a constant number of rows.
func (b *Binder) count(e sql.Expr, what string) (int64, error) {
	bound, err := b.constant(e, what)
	if err != nil {
		return 0, err
	}
	if !bound.Type.IsInteger() || bound.Value.Null || bound.Value.Int < 0 {
		return 0, errs.Userf("%s must be a whole number of rows, 0 or more", what).At(e.Pos())
	}
	return bound.Value.Int, nil
}
