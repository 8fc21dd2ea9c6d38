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
			return sessionAggregate(cfg, n)
		}
		if e := n.WindowAgg.Emit; e != nil {
			return windowagg.NewUpdating(cfg, emission(e), n.emitsUpdateBefore())
		}
		return windowagg.New(cfg)
	}}
}

func sessionAggregate(of windowagg.Config, n Node) (op.Operator, error) {
	cfg := session.AggregateConfig{Windows: of.Windows, Keys: of.Keys, Aggs: of.Aggs, Properties: of.Properties,
		InputSchema: of.InputSchema, Registry: of.Registry, InputRetracts: of.InputRetracts}
	if e := n.WindowAgg.Emit; e != nil {
		return session.NewUpdating(cfg, emission(e), n.emitsUpdateBefore())
	}
	return session.NewAggregate(cfg)
}

func emission(e *plan.Emission) windows.Emission {
	return windows.Emission{Early: e.Early, EarlyDelay: millis(e.EarlyMillis), Late: e.Late, LateDelay: millis(e.LateMillis),
		Lateness: millis(e.LatenessMillis)}
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
