package build

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/over"
	"github.com/thalweg/thalweg/planner/plan"
)

func overOperator() Operator {
	return Operator{Stateful: true, Build: func(env *Env, n Node) (op.Operator, error) {
		o := n.Over
		places, err := overFunctions(o.Places)
		if err != nil {
			return nil, err
		}
		cfg := over.Config{PartitionBy: o.PartitionBy, OrderBy: o.OrderBy, Aggs: o.Aggs, Frame: o.Frame, Functions: places,
			InputSchema: n.Inputs[0], Registry: env.Aggregates, TTL: millis(o.TTLMillis)}
		switch o.Mode {
		case plan.OverRowtime, plan.OverProctime:
			return over.NewTimed(over.TimedConfig{Config: cfg, ProcTime: o.Mode == plan.OverProctime})
		}
		changing := over.ChangingConfig{Config: cfg, InputRetracts: o.InputRetracts, EmitUpdateBefore: n.emitsUpdateBefore(),
			AtEnd: o.Mode == plan.OverAtEnd, Keep: o.Keep}
		if o.Keep > 0 {
			changing.KeepBy = places[o.KeepBy].Kind
		}
		return over.NewChanging(changing)
	}}
}

func overFunctions(calls []rex.PlaceCall) ([]over.Function, error) {
	var out []over.Function
	for _, c := range calls {
		kind, ok := over.FunctionNamed(c.Name)
		if !ok {
			return nil, errs.Unsupportedf("window function %s is not known", c.Name)
		}
		out = append(out, over.Function{Kind: kind, Value: c.Value, Default: c.Default, Offset: c.Offset, IgnoreNulls: c.IgnoreNulls})
	}
	return out, nil
}
