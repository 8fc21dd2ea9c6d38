package agg

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
)

// varianceFunctions are the measures of spread.
func varianceFunctions() []Function {
	make := func(name string, s spread, doc, want string, aliases ...string) Function {
		return Function{
			Name: name, Aliases: aliases, Resolve: unary(name, "a number", numericArg, avgType), Bind: bindVariance(s),
			DistinctMatters: true,
			Syntax:          name + "([DISTINCT] number)", Doc: doc + " The result has the type of AVG.",
			Examples: []Example{{Call: name + "(v DOUBLE)", Input: []string{"2", "4", "4", "4", "5", "5", "7", "9"}, Want: want}},
		}
	}
	return []Function{
		make("VAR_POP", varPop, "The population variance of the values that are not NULL.", "4.0"),
		make("VAR_SAMP", varSamp, "The sample variance; NULL for fewer than two values.", "4.571428571428571", "VARIANCE"),
		make("STDDEV_POP", stddevPop, "The square root of VAR_POP.", "2.0"),
		make("STDDEV_SAMP", stddevSamp, "The square root of VAR_SAMP; NULL for fewer than two values.", "2.138089935299395", "STDDEV"),
	}
}

func bindVariance(s spread) func(rex.AggCall, bool) (Agg, error) {
	return func(call rex.AggCall, retracts bool) (Agg, error) {
		if len(call.ArgTypes) != 1 {
			return nil, errs.Bugf("%s bound with %d argument types", call.Name, len(call.ArgTypes))
		}
		if !call.ArgTypes[0].IsNumeric() {
			return &nothing{result: call.Type.Arrow()}, nil
		}
		return &variance{spread: s, result: call.Type.Arrow(), retracts: retracts && call.ArgTypes[0].IsApproximate()}, nil
	}
}
