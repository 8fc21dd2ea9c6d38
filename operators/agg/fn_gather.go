package agg

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
)

// gatherFunctions are the aggregates that keep all values, and the one that counts
// them approximately. A function whose clauses matter is one entry a variant: its
// name is followed by the clause, as the binder writes it.
func gatherFunctions() []Function {
	anyType := func(types.Type) bool { return true }
	arrayOf := func(t types.Type) types.Type { return types.ArrayOf(t.WithNullable(true)) }
	arrayAgg := Function{
		Name: "ARRAY_AGG", Resolve: unary("ARRAY_AGG", "a value", anyType, arrayOf), DistinctMatters: true, OrderMatters: true,
		Bind:     bindGathering(true, ByArrival, newArrayGathering),
		Syntax:   "ARRAY_AGG([DISTINCT] value [RESPECT NULLS | IGNORE NULLS] [ORDER BY …])",
		Doc:      "An array of the values in the order given, else as they arrive, NULLs too unless IGNORE NULLS; NULL when there is none.",
		Examples: []Example{{Call: "ARRAY_AGG(v BIGINT)", Input: []string{"2", "NULL", "1"}, Want: "[2, NULL, 1]"}},
	}
	ignoring := arrayAgg
	ignoring.Name, ignoring.Bind = "ARRAY_AGG IGNORE NULLS", bindGathering(false, ByArrival, newArrayGathering)
	return append([]Function{arrayAgg, ignoring,
		{
			Name: "COLLECT", DistinctMatters: true,
			Resolve:  notNull(unary("COLLECT", "a value", anyType, func(t types.Type) types.Type { return types.MultisetOf(t.NotNull()) })),
			Bind:     bindGathering(false, ByValue, newBagGathering),
			Syntax:   "COLLECT([DISTINCT] value)",
			Doc:      "A multiset of the values that are not NULL.",
			Examples: []Example{{Call: "COLLECT(v STRING)", Input: []string{"b", "a", "NULL", "b"}, Want: "{a=1, b=2}"}},
		},
		{
			Name: "PERCENTILE", Resolve: resolvePercentile, DistinctMatters: true,
			Bind:   bindGathering(false, ByValue, newPercentileGathering),
			Syntax: "PERCENTILE([DISTINCT] number, percentage | ARRAY[percentage, …] [, frequency])",
			Doc: "The exact percentile of the numbers, between two of them the linear interpolation; percentages go from 0 to 1, an array of them gives an array. " +
				"A row counts as often as its frequency says.",
			Examples: []Example{{Call: "PERCENTILE(v INT, p DOUBLE)", Input: []string{"10,0.3", "NULL,0.3", "20,0.3", "40,0.3"}, Want: "16.0"}},
		},
		{
			Name: "APPROX_COUNT_DISTINCT", Bind: bindApprox,
			Resolve: notNull(unary("APPROX_COUNT_DISTINCT", "a value", anyType, func(types.Type) types.Type { return types.Of(types.BigInt) })),
			Syntax:  "APPROX_COUNT_DISTINCT(value)",
			Doc: "About how many distinct values there are that are not NULL: exact for the first thousand, then with a standard error of 0.8 %. " +
				"Of an input that changes the count is exact.",
			Examples: []Example{{Call: "APPROX_COUNT_DISTINCT(v STRING)", Input: []string{"b", "a", "NULL", "b"}, Want: "2"}},
		},
	}, jsonFunctions()...)
}

func jsonFunctions() []Function {
	array := Function{
		Name: "JSON_ARRAYAGG", Resolve: resolveJSONAgg("JSON_ARRAYAGG", 1), DistinctMatters: true, OrderMatters: true,
		Bind:     bindGathering(false, ByArrival, func(rex.AggCall) (gathering, error) { return &jsonArrayGathering{}, nil }),
		Syntax:   "JSON_ARRAYAGG(value [ORDER BY …] [NULL ON NULL | ABSENT ON NULL])",
		Doc:      "A JSON array of the values in the order given, else as they arrive; NULLs are left out unless NULL ON NULL.",
		Examples: []Example{{Call: "JSON_ARRAYAGG(v STRING)", Input: []string{"2", "NULL", "1"}, Want: `[2,1]`}},
	}
	arrayNull := array
	arrayNull.Name, arrayNull.Bind = "JSON_ARRAYAGG NULL ON NULL",
		bindGathering(true, ByArrival, func(rex.AggCall) (gathering, error) { return &jsonArrayGathering{}, nil })
	object := Function{
		Name: "JSON_OBJECTAGG", Resolve: resolveJSONAgg("JSON_OBJECTAGG", 2),
		Bind:     bindGathering(true, ByArrival, func(rex.AggCall) (gathering, error) { return &jsonObjectGathering{}, nil }),
		Syntax:   "JSON_OBJECTAGG([KEY] string VALUE value [NULL ON NULL | ABSENT ON NULL])",
		Doc:      "A JSON object of keys and values, in the order of the keys; NULLs are values unless ABSENT ON NULL. A key that comes twice is an error.",
		Examples: []Example{{Call: "JSON_OBJECTAGG(k STRING, v STRING)", Input: []string{"b,1", "a,NULL"}, Want: `{"a":null,"b":1}`}},
	}
	absent := object
	absent.Name, absent.Bind = "JSON_OBJECTAGG ABSENT ON NULL",
		bindGathering(false, ByArrival, func(rex.AggCall) (gathering, error) { return &jsonObjectGathering{}, nil })
	return []Function{array, arrayNull, object, absent}
}

// notNull makes the result of a rule NOT NULL: the aggregate of no rows is empty.
func notNull(rule func([]rex.Expr) (rex.Resolved, error)) func([]rex.Expr) (rex.Resolved, error) {
	return func(args []rex.Expr) (rex.Resolved, error) {
		out, err := rule(args)
		out.Result.Nullable = false
		return out, err
	}
}

// bindGathering binds an aggregate of all its values; nulls says that NULLs count,
// under is the multiset that it reads when values may be taken away.
func bindGathering(nulls bool, under SetKind, make func(rex.AggCall) (gathering, error)) func(rex.AggCall, bool) (Agg, error) {
	return func(call rex.AggCall, retracts bool) (Agg, error) {
		kind, err := make(call)
		if err != nil {
			return nil, err
		}
		g := &gatherAgg{kind: kind, nulls: nulls}
		if retracts {
			g.set = under
		}
		return g, nil
	}
}

func newArrayGathering(call rex.AggCall) (gathering, error) {
	values, err := newEncodedValues(call.Type.Elem.Arrow())
	return &arrayGathering{encodedValues: values, result: call.Type.Arrow()}, err
}

func newBagGathering(call rex.AggCall) (gathering, error) {
	values, err := newEncodedValues(call.Type.Elem.Arrow())
	return &bagGathering{encodedValues: values, result: call.Type.Arrow()}, err
}

func newPercentileGathering(call rex.AggCall) (gathering, error) {
	return &percentileGathering{several: call.Type.Kind == types.Array}, nil
}

// bindApprox counts exactly, over distinct values, when they may be taken away: a
// sketch can't forget.
func bindApprox(call rex.AggCall, retracts bool) (Agg, error) {
	if retracts {
		return &exactDistinct{}, nil
	}
	encoder, err := rowcodec.NewKeyEncoder([]arrow.DataType{call.ArgTypes[0].Arrow()})
	return &approxDistinct{encoder: encoder}, err
}

// exactDistinct is a COUNT that has to be fed distinct values.
type exactDistinct struct{ count }

var _ Agg = (*exactDistinct)(nil)

// Spec has no partial results: distinct values of parts are not those of the whole.
func (e *exactDistinct) Spec() Spec {
	spec := e.count.Spec()
	spec.Partial, spec.Invertible, spec.Distinct = nil, false, true
	return spec
}

func resolvePercentile(args []rex.Expr) (rex.Resolved, error) {
	if len(args) < 2 || len(args) > 3 {
		return rex.Resolved{}, errs.Userf("PERCENTILE takes a number, a percentage and, if need be, a frequency, not %d arguments", len(args))
	}
	given := typesOf(args)
	refuse := func(what string, i int) (rex.Resolved, error) {
		return rex.Resolved{}, errs.Userf("PERCENTILE takes %s, not %s", what, given[i].WithNullable(true))
	}
	double := types.Of(types.Double)
	out := rex.Resolved{Args: slices.Clone(given), Result: double}
	if !numericArg(given[0]) {
		return refuse("a number", 0)
	}
	if given[0].Kind == types.Null {
		out.Args[0] = double
	}
	switch p := given[1]; {
	case p.IsNumeric():
		out.Args[1] = double.WithNullable(p.Nullable)
	case p.Kind == types.Array && p.Elem.IsNumeric():
		out.Args[1] = types.ArrayOf(double).WithNullable(p.Nullable)
		out.Result = types.ArrayOf(double)
	default:
		return refuse("a percentage from 0 to 1, or an array of such", 1)
	}
	if err := checkPercentages(args[1]); err != nil {
		return rex.Resolved{}, err
	}
	if len(args) == 3 {
		if !given[2].IsInteger() {
			return refuse("a whole number as frequency", 2)
		}
		out.Args[2] = types.Of(types.BigInt).WithNullable(given[2].Nullable)
	}
	return out, nil
}

// checkPercentages refuses constants that are out of range.
func checkPercentages(e rex.Expr) error {
	var err error
	e.Walk(func(x rex.Expr) bool {
		if !x.IsLiteral() || x.IsNull() || err != nil {
			return true
		}
		value, low := x.Value.Float, false
		switch {
		case x.Type.IsInteger():
			value = float64(x.Value.Int)
		case x.Type.Kind == types.Decimal:
			// DECIMAL(p, s) is at most 1 when its digits are at most 1 and s zeros.
			low = len(x.Value.Str) <= x.Type.Scale || x.Value.Str == "1"+string(slices.Repeat([]byte{'0'}, x.Type.Scale))
			value = 2
		}
		if !low && !(value >= 0 && value <= 1) {
			err = errs.Userf("the percentage %s of PERCENTILE is not between 0 and 1", x)
		}
		return true
	})
	return err
}

// resolveJSONAgg types aggregates of JSON texts: the binder has wrapped values, a
// key is text as it is.
func resolveJSONAgg(name string, n int) func([]rex.Expr) (rex.Resolved, error) {
	return func(args []rex.Expr) (rex.Resolved, error) {
		if len(args) != n {
			what := map[int]string{1: "one value", 2: "a key and a value"}[n]
			return rex.Resolved{}, errs.Userf("%s takes %s, not %d arguments", name, what, len(args))
		}
		out := rex.Resolved{Result: types.StringType().NotNull()}
		for i, a := range args {
			if !a.Type.IsString() && a.Type.Kind != types.Null {
				return rex.Resolved{}, errs.Userf("a key of %s must be a STRING, not %s", name, args[i].Type.WithNullable(true))
			}
			out.Args = append(out.Args, types.StringType().WithNullable(a.Type.Nullable))
		}
		return out, nil
	}
}
