package expr

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// plannerFunctions are called by plans only. Their names have a space, so that no
// query can.
func plannerFunctions() []Function {
	return []Function{{
		Name: "SINGLE VALUE", Family: "planner", Internal: true, Fallible: true, Usage: "SINGLE VALUE(value, BIGINT)",
		Doc: "The value of a sub-query, of which the second argument tells how many rows it has.",
		Resolve: func(args []rex.Expr) (rex.Resolved, error) {
			if len(args) != 2 {
				return rex.Resolved{}, errs.Bugf("SINGLE VALUE of %d arguments", len(args))
			}
			return rex.Resolved{Args: []types.Type{args[0].Type, args[1].Type}, Result: args[0].Type.WithNullable(true)}, nil
		},
		Bind: func(*Call) (Kernel, error) { return singleValue, nil },
	}}
}

// singleValue passes values on, unless one is one of several.
func singleValue(ctx *EvalContext, args []Vector, rows int) (arrow.Array, error) {
	value, counts := args[0], args[1]
	numbers, mask := values[int64](counts), counts.stride()
	for i := range rows {
		if !counts.Null(i) && numbers[i&mask] > 1 {
			return nil, errs.Userf("a sub-query used as a value has %d rows", numbers[i&mask]).
				WithHint("it may have one: aggregate it, or add LIMIT 1")
		}
	}
	return value.Column(ctx.Alloc, rows), nil
}
