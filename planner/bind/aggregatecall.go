package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql"
)

// aggregate resolves an aggregate and its clauses. place gives the column that an
// expression which the aggregate reads is put into.
func (x *exprBinder) aggregate(call *sql.Call, place func(rex.Expr) int) (rex.AggCall, error) {
	name := functionName(call)
	if err := plainAggregate(call, name); err != nil {
		return rex.AggCall{}, err
	}
	variant, err := x.b.aggregateVariant(name, call)
	if err != nil {
		return rex.AggCall{}, err
	}
	sig, _ := x.b.funcs.Aggregate(variant)
	agg := rex.AggCall{Name: sig.Name, Filter: -1, Distinct: call.Distinct && sig.Name != "MIN" && sig.Name != "MAX"}
	args, err := aggregateArguments(x, call, name)
	if err != nil {
		return agg, err
	}
	resolved, err := sig.Resolve(args)
	if err != nil {
		return agg, at(err, call.Pos())
	}
	agg.Type = resolved.Result
	for i, arg := range args {
		if i < len(resolved.Args) {
			arg = castTo(arg, resolved.Args[i])
		}
		agg.Args = append(agg.Args, place(arg))
		agg.ArgTypes = append(agg.ArgTypes, arg.Type)
	}
	if call.Filter != nil {
		filter, err := x.expr(call.Filter)
		if err == nil {
			filter, err = boolean(filter, "FILTER", call.Filter.Pos())
		}
		if err != nil {
			return agg, err
		}
		agg.Filter = place(filter)
	}
	err = x.aggregateOrder(call, sig, &agg, place)
	return agg, err
}

// plainAggregate refuses the clauses that no aggregate of ours takes.
func plainAggregate(call *sql.Call, name string) error {
	switch {
	case call.Nulls == sql.RespectNulls && !slices.Contains([]string{"ARRAY_AGG", "FIRST_VALUE", "LAST_VALUE"}, name):
		return unsupported(call, "RESPECT NULLS of %s", name)
	case call.Semantics != sql.DefaultSemantics:
		return errs.Userf("%s belongs into MATCH_RECOGNIZE", call.Semantics).At(call.Pos())
	}
	return nil
}

// aggregateVariant is the name under which an aggregate with its clauses is
// registered.
func (b *Binder) aggregateVariant(name string, call *sql.Call) (string, error) {
	switch {
	case call.JSON != nil:
		return b.jsonVariant(name, call)
	case name == "ARRAY_AGG" && call.Nulls == sql.IgnoreNulls:
		return name + " IGNORE NULLS", nil
	case name != "ARRAY_AGG" && call.Nulls == sql.RespectNulls:
		return name + " RESPECT NULLS", nil
	}
	return name, nil
}

// aggregateArguments binds a call's arguments; COUNT(*) has none. Values of JSON
// aggregates become JSON.
func aggregateArguments(x *exprBinder, call *sql.Call, name string) ([]rex.Expr, error) {
	if len(call.Args) == 1 {
		if star, ok := call.Args[0].(*sql.Star); ok {
			if name != "COUNT" || call.Distinct || len(star.Qualifier) > 0 {
				return nil, errs.Userf("* is an argument of COUNT(*) only").At(star.Pos())
			}
			return nil, nil
		}
	}
	if value := len(call.Args) - 1; value >= 0 && (name == "JSON_ARRAYAGG" || name == "JSON_OBJECTAGG") {
		args, err := x.exprs(call.Args[:value])
		if err != nil {
			return nil, err
		}
		last, err := x.jsonText(call.Args[value])
		return append(args, last), err
	}
	return x.exprs(call.Args)
}

// aggregateOrder binds the order in which an aggregate takes its values, inside its
// parentheses or in WITHIN GROUP. Keys that change nothing are left out.
func (x *exprBinder) aggregateOrder(call *sql.Call, sig rex.Signature, agg *rex.AggCall, place func(rex.Expr) int) error {
	name := functionName(call)
	switch {
	case len(call.OrderBy) > 0 && len(call.WithinGroup) > 0:
		return errs.Userf("%s has two orders", name).At(call.WithinGroup[0].Expr.Pos()).WithHint("leave WITHIN GROUP or the ORDER BY inside the parentheses out")
	case len(call.WithinGroup) > 0 && !sig.Ordered:
		return errs.Userf("%s takes no WITHIN GROUP: the order of its values means nothing to it", name).At(call.WithinGroup[0].Expr.Pos()).
			WithHint("leave WITHIN GROUP out")
	}
	for _, item := range append(slices.Clip(call.OrderBy), call.WithinGroup...) {
		key, err := x.expr(item.Expr)
		if err == nil {
			err = x.ordersValues(call, key, item)
		}
		if err != nil {
			return err
		}
		if !sig.Ordered || key.IsLiteral() {
			continue
		}
		column := place(key)
		if !slices.ContainsFunc(agg.OrderBy, func(k rex.SortKey) bool { return k.Column == column }) {
			agg.OrderBy, agg.ArgTypes = append(agg.OrderBy, sortKey(item, column)), append(agg.ArgTypes, key.Type)
		}
	}
	return nil
}

// ordersValues checks that values can be ordered by key: equal values of DISTINCT
// must have equal keys, or which of them counts would be left to chance.
func (x *exprBinder) ordersValues(call *sql.Call, key rex.Expr, item sql.OrderItem) error {
	if !sortable(key.Type) {
		return errs.Userf("values of %s have no order", key.Type.WithNullable(true)).At(item.Expr.Pos())
	}
	if !call.Distinct {
		return nil
	}
	args, err := x.exprs(call.Args)
	if err != nil {
		return err
	}
	values := grouping{keys: args}
	for _, a := range args {
		values.types = append(values.types, a.Type)
	}
	if _, ok := values.substitute(key); !ok {
		return errs.Userf("%s(DISTINCT …) can't be ordered by what is no part of its arguments", functionName(call)).At(item.Expr.Pos()).
			WithHint("order by an argument, or leave DISTINCT out")
	}
	return nil
}

// sortable tells whether values of a type have an order: maps and multisets don't.
func sortable(t types.Type) bool {
	switch t.Kind {
	case types.Map, types.Multiset:
		return false
	case types.Array:
		return sortable(*t.Elem)
	}
	return !slices.ContainsFunc(t.Fields, func(f types.Field) bool { return !sortable(f.Type) })
}
