package agg

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// pickFunctions are MIN, MAX, FIRST_VALUE and LAST_VALUE.
func pickFunctions() []Function {
	anyFlat := func(t types.Type) bool { return !t.IsNested() }
	same := func(t types.Type) types.Type { return t }
	make := func(name string, p pick, doc string, want string) Function {
		resolve, syntax := unary(name, "a value that can be compared", anyFlat, same), "(value)"
		ordered := p == pickFirst || p == pickLast
		if ordered {
			resolve, syntax = unary(name, "a value", func(types.Type) bool { return true }, same), "(value [ORDER BY …])"
		}
		return Function{
			Name: name, Resolve: resolve, Bind: bindPick(p),
			OrderMatters: ordered,
			Syntax:       name + syntax, Doc: doc,
			Examples: []Example{{Call: name + "(v BIGINT)", Input: []string{"NULL", "2", "3", "1"}, Want: want}},
		}
	}
	return []Function{
		make("MIN", pickMin, "The least value that is not NULL; NULL when there is none.", "1"),
		make("MAX", pickMax, "The greatest value that is not NULL; NULL when there is none.", "3"),
		make("FIRST_VALUE", pickFirst, "The first value that is not NULL, in the order given or else of arrival.", "2"),
		make("LAST_VALUE", pickLast, "The last value that is not NULL, in the order given or else of arrival.", "1"),
	}
}

func bindPick(p pick) func(rex.AggCall, bool) (Agg, error) {
	return func(call rex.AggCall, retracts bool) (Agg, error) {
		if len(call.ArgTypes) != 1 {
			return nil, errs.Bugf("%s bound with %d argument types", call.Name, len(call.ArgTypes))
		}
		if call.ArgTypes[0].IsNested() {
			return newNestedPick(call, p, retracts)
		}
		dt := call.Type.Arrow()
		if call.ArgTypes[0].Kind == types.Null {
			return &nothing{result: dt}, nil
		}
		l, ok := laneOf(dt)
		if !ok {
			return nil, errs.Unsupportedf("%s of %s", call.Name, call.ArgTypes[0])
		}
		return &pickAgg{pick: p, lane: l, result: dt, partial: call.Type.WithNullable(true), retracts: retracts}, nil
	}
}
