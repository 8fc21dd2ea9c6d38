package agg

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// pickFunctions are MIN, MAX, FIRST_VALUE and LAST_VALUE. The latter two pass over
// NULLs unless RESPECT NULLS follows, which is a variant of its own.
func pickFunctions() []Function {
	anyFlat := func(t types.Type) bool { return !t.IsNested() }
	anyType := func(types.Type) bool { return true }
	same := func(t types.Type) types.Type { return t }
	make := func(name string, like pickAgg, doc string, want string) Function {
		resolve, syntax := unary(name, "a value that can be compared", anyFlat, same), "(value)"
		_, ordered := like.end()
		if ordered {
			resolve, syntax = unary(name, "a value", anyType, same), "(value [RESPECT NULLS | IGNORE NULLS] [ORDER BY …])"
		}
		return Function{
			Name: name, Resolve: resolve, Bind: bindPick(like),
			OrderMatters: ordered,
			Syntax:       name + syntax, Doc: doc,
			Examples: []Example{{Call: name + "(v BIGINT)", Input: []string{"NULL", "2", "3", "1"}, Want: want}},
		}
	}
	first := make("FIRST_VALUE", pickAgg{pick: pickFirst}, "The first value, that is not NULL unless RESPECT NULLS, in the order given or else of arrival.", "2")
	last := make("LAST_VALUE", pickAgg{pick: pickLast}, "The last value, that is not NULL unless RESPECT NULLS, in the order given or else of arrival.", "1")
	return []Function{
		make("MIN", pickAgg{pick: pickMin}, "The least value that is not NULL; NULL when there is none.", "1"),
		make("MAX", pickAgg{pick: pickMax}, "The greatest value that is not NULL; NULL when there is none.", "3"),
		first, last, respecting(first, pickFirst), respecting(last, pickLast),
	}
}

// respecting is the variant of FIRST_VALUE or LAST_VALUE that gives NULLs too.
func respecting(f Function, p pick) Function {
	f.Name, f.Bind = f.Name+" RESPECT NULLS", bindPick(pickAgg{pick: p, nulls: true})
	return f
}

func bindPick(like pickAgg) func(rex.AggCall, bool) (Agg, error) {
	return func(call rex.AggCall, retracts bool) (Agg, error) {
		if len(call.ArgTypes) != 1 {
			return nil, errs.Bugf("%s bound with %d argument types", call.Name, len(call.ArgTypes))
		}
		g := like
		g.retracts = retracts
		if call.ArgTypes[0].IsNested() {
			return newNestedPick(call, g)
		}
		dt := call.Type.Arrow()
		if call.ArgTypes[0].Kind == types.Null {
			return &nothing{result: dt}, nil
		}
		l, ok := laneOf(dt)
		if !ok {
			return nil, errs.Unsupportedf("%s of %s", call.Name, call.ArgTypes[0])
		}
		g.lane, g.result, g.partial = l, dt, call.Type.WithNullable(true)
		return &g, nil
	}
}
