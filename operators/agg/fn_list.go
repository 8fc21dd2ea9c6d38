package agg

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// listFunctions are the aggregates that gather values.
func listFunctions() []Function {
	return []Function{{
		Name: "LISTAGG", Resolve: resolveListAgg, Bind: bindListAgg, DistinctMatters: true, OrderMatters: true,
		Syntax:   "LISTAGG([DISTINCT] string [, separator]) [WITHIN GROUP (ORDER BY …)]",
		Doc:      "Joins the strings that are not NULL in the order given, else as they arrive, with a separator (a comma by default) between them.",
		Examples: []Example{{Call: "LISTAGG(v STRING)", Input: []string{"a", "NULL", "b"}, Want: "a,b"}},
	}}
}

func resolveListAgg(args []rex.Expr) (rex.Resolved, error) {
	if err := expect("LISTAGG", args, 1, 2); err != nil {
		return rex.Resolved{}, err
	}
	for _, a := range args {
		if !a.Type.IsString() && a.Type.Kind != types.Null {
			return rex.Resolved{}, errs.Userf("LISTAGG takes strings, not %s", a.Type.WithNullable(true)).
				WithHint("CAST it to STRING")
		}
	}
	want := make([]types.Type, len(args))
	for i, a := range args {
		want[i] = types.StringType().WithNullable(a.Type.Nullable)
	}
	return rex.Resolved{Args: want, Result: types.StringType()}, nil
}

func bindListAgg(call rex.AggCall, retracts bool) (Agg, error) {
	l := &listAgg{result: call.Type.Arrow(), retracts: retracts}
	if len(call.ArgTypes) > 1 && !retracts {
		return &ownSeparator{listAgg: l}, nil
	}
	return l, nil
}

// ownSeparator is a LISTAGG whose partial results can't be merged, since they
// don't tell the separator.
type ownSeparator struct{ *listAgg }

var _ Agg = (*ownSeparator)(nil)

func (o *ownSeparator) Spec() Spec {
	spec := o.listAgg.Spec()
	spec.Partial = nil
	return spec
}
