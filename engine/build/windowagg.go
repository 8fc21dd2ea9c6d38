package build

import (
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/windowagg"
	"github.com/thalweg/thalweg/planner/plan"
)

func windowAggOperator() Operator {
	return Operator{Stateful: true, Build: func(env *Env, n Node) (op.Operator, error) {
		return windowagg.New(windowAggConfig(env, n))
	}}
}

func localWindowAggOperator() Operator {
	return Operator{Build: func(env *Env, n Node) (op.Operator, error) {
		return windowagg.NewLocal(windowAggConfig(env, n))
	}}
}

func windowAggConfig(env *Env, n Node) windowagg.Config {
	w := n.WindowAgg
	cfg := windowagg.Config{Windows: windowSpec(w.Spec), Keys: w.Keys, Aggs: w.Aggs, InputSchema: w.InputSchema,
		Registry: env.Aggregates, FromLocal: w.FromLocal, InputRetracts: w.InputRetracts}
	for _, p := range w.Properties {
		cfg.Properties = append(cfg.Properties, windowProperty(p))
	}
	return cfg
}

func windowProperty(p plan.WindowProperty) windowagg.Property {
	return map[plan.WindowProperty]windowagg.Property{plan.WindowStart: windowagg.WindowStart, plan.WindowEnd: windowagg.WindowEnd,
		plan.WindowTime: windowagg.WindowTime}[p]
}
