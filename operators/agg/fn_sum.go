package agg

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// sumFunctions are COUNT, SUM and AVG.
func sumFunctions() []Function {
	return []Function{
		{
			Name: "COUNT", Resolve: resolveCount, DistinctMatters: true,
			Bind:   func(rex.AggCall, bool) (Agg, error) { return &count{}, nil },
			Syntax: "COUNT(*) | COUNT([DISTINCT] value, ...)",
			Doc:    "Counts rows, or with arguments the rows in which none of them is NULL.",
			Examples: []Example{
				{Call: "COUNT(v BIGINT)", Input: []string{"1", "NULL", "3"}, Want: "2"},
				{Call: "COUNT(*)", Input: []string{"1", "NULL", "3"}, Want: "3"},
			},
		},
		{
			Name: "SUM", Resolve: unary("SUM", "a number", numericArg, sumType), Bind: bindSum(false), DistinctMatters: true,
			Syntax: "SUM([DISTINCT] number)",
			Doc:    "Adds up the values that are not NULL; NULL when there is none. The sum of DECIMAL(p, s) is DECIMAL(38, s), others keep their type.",
			Examples: []Example{
				{Call: "SUM(v INT)", Input: []string{"1", "NULL", "3"}, Want: "4"},
				{Call: "SUM(v DECIMAL(4, 2))", Input: []string{"1.25", "2.50"}, Want: "3.75"},
				{Call: "SUM(v DOUBLE)", Input: []string{"NULL"}, Want: "NULL"},
			},
		},
		{
			Name: "AVG", Resolve: unary("AVG", "a number", numericArg, avgType), Bind: bindSum(true), DistinctMatters: true,
			Syntax: "AVG([DISTINCT] number)",
			Doc:    "The mean of the values that are not NULL; NULL when there is none. Of integers it is truncated to their type, of DECIMAL(p, s) it is DECIMAL(38, max(s, 6)).",
			Examples: []Example{
				{Call: "AVG(v BIGINT)", Input: []string{"1", "2", "NULL", "5"}, Want: "2"},
				{Call: "AVG(v DECIMAL(4, 2))", Input: []string{"1.00", "2.00", "2.00"}, Want: "1.666667"},
				{Call: "AVG(v DOUBLE)", Input: []string{"1", "2"}, Want: "1.5"},
			},
		},
	}
}

func resolveCount(args []rex.Expr) (rex.Resolved, error) {
	return rex.Resolved{Args: typesOf(args), Result: types.Of(types.BigInt).NotNull()}, nil
}

// sumType is the type of a sum.
func sumType(t types.Type) types.Type {
	if t.Kind == types.Decimal {
		return types.DecimalOf(types.MaxDecimalPrecision, t.Scale)
	}
	return t
}

// avgType is the type of a mean.
func avgType(t types.Type) types.Type {
	if t.Kind == types.Decimal {
		return types.DecimalOf(types.MaxDecimalPrecision, max(t.Scale, 6))
	}
	return t
}

func bindSum(average bool) func(rex.AggCall, bool) (Agg, error) {
	return func(call rex.AggCall, retracts bool) (Agg, error) {
		if len(call.ArgTypes) != 1 {
			return nil, errs.Bugf("%s bound with %d argument types", call.Name, len(call.ArgTypes))
		}
		arg, result := call.ArgTypes[0], call.Type.Arrow()
		switch {
		case arg.IsInteger():
			return &sumInt{result: result, average: average}, nil
		case arg.IsApproximate():
			return &sumFloat{result: result, average: average, retracts: retracts}, nil
		case arg.Kind == types.Decimal:
			decimal, ok := result.(*arrow.Decimal128Type)
			if !ok {
				return nil, errs.Bugf("%s of %s bound to result type %s", call.Name, arg, call.Type)
			}
			return &sumDecimal{argScale: int32(arg.Scale), result: decimal, average: average}, nil
		case arg.Kind == types.Null:
			return &nothing{result: result}, nil
		}
		return nil, errs.Unsupportedf("%s of %s", call.Name, arg)
	}
}
