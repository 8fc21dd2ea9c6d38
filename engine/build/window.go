package build

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/session"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/operators/window"
	"github.com/thalweg/thalweg/planner/plan"
)

func windowOperator() Operator {
	return Operator{Build: func(_ *Env, n Node) (op.Operator, error) {
		spec, err := windowSpec(n.Window.Spec)
		if err != nil {
			return nil, err
		}
		return window.New(window.Config{Windows: spec})
	}}
}

func sessionWindowOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		spec, err := windowSpec(n.Window.Spec)
		if err != nil {
			return nil, err
		}
		return session.NewRows(session.RowsConfig{Windows: spec, Keys: n.Window.Spec.Partition})
	}}
}

// windowZone is the zone that windows are cut in: one an operator.
func windowZone(name string) (*windows.Zone, error) {
	if name == "" {
		return nil, nil
	}
	location, ok := temporal.ParseZone(name)
	if !ok {
		return nil, errs.Userf("there is no time zone '%s' on this machine", name)
	}
	return windows.NewZone(location), nil
}

// windowSpec turns a plan's windows into the operators'.
func windowSpec(s plan.WindowSpec) (windows.Spec, error) {
	zone, err := windowZone(s.Zone)
	kind := map[plan.WindowKind]windows.Kind{plan.Tumble: windows.Tumble, plan.Hop: windows.Hop, plan.Cumulate: windows.Cumulate,
		plan.Session: windows.Session}[s.Kind]
	return windows.Spec{Kind: kind, Time: s.Time, SizeMillis: s.SizeMillis, StepMillis: s.StepMillis, OffsetMillis: s.OffsetMillis,
		ProcTime: s.ProcTime, Zone: zone, Attached: s.Attached, Start: s.Start, End: s.End}, err
}
