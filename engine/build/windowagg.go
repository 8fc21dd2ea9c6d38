package build

import (
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/session"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/operators/windowagg"
	"github.com/thalweg/thalweg/planner/plan"
)

func windowAggOperator() Operator {
	return Operator{Stateful: true, Build: func(env *Env, n Node) (op.Operator, error) {
		cfg, err := windowAggConfig(env, n)
		if err != nil {
			return nil, err
		}
		if cfg.Windows.Kind == windows.Session && !cfg.Windows.Attached {
			return session.NewAggregate(session.AggregateConfig{Windows: cfg.Windows, Keys: cfg.Keys, Aggs: cfg.Aggs, Properties: cfg.Properties,
				InputSchema: cfg.InputSchema, Registry: cfg.Registry, InputRetracts: cfg.InputRetracts})
		}
		if e := n.WindowAgg.Emit; e != nil {
			return windowagg.NewUpdating(cfg, windowagg.Emission{Early: e.Early, EarlyDelay: millis(e.EarlyMillis), Late: e.Late,
				LateDelay: millis(e.LateMillis), Lateness: millis(e.LatenessMillis)}, n.emitsUpdateBefore())
		}
		return windowagg.New(cfg)
	}}
}

func localWindowAggOperator() Operator {
	return Operator{Build: func(env *Env, n Node) (op.Operator, error) {
		cfg, err := windowAggConfig(env, n)
		if err != nil {
			return nil, err
		}
		return windowagg.NewLocal(cfg)
	}}
}

func windowAggConfig(env *Env, n Node) (windowagg.Config, error) {
	w := n.WindowAgg
	spec, err := windowSpec(w.Spec)
	cfg := windowagg.Config{Windows: spec, Keys: w.Keys, Aggs: w.Aggs, InputSchema: w.InputSchema,
		Registry: env.Aggregates, FromLocal: w.FromLocal, InputRetracts: w.InputRetracts}
	for _, p := range w.Properties {
		cfg.Properties = append(cfg.Properties, windowProperty(p))
	}
	return cfg, err
}

func windowProperty(p plan.WindowProperty) windows.Property {
	return map[plan.WindowProperty]windows.Property{plan.WindowStart: windows.WindowStart, plan.WindowEnd: windows.WindowEnd,
		plan.WindowTime: windows.WindowTime}[p]
}
