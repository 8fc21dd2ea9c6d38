package build

import (
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/session"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/operators/window"
	"github.com/thalweg/thalweg/planner/plan"
)

func windowOperator() Operator {
	return Operator{Build: func(_ *Env, n Node) (op.Operator, error) {
		return window.New(window.Config{Windows: windowSpec(n.Window.Spec)})
	}}
}

func sessionWindowOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		return session.NewRows(session.RowsConfig{Windows: windowSpec(n.Window.Spec), Keys: n.Window.Spec.Partition})
	}}
}

// windowSpec turns a plan's windows into the operators'.
func windowSpec(s plan.WindowSpec) windows.Spec {
	kind := map[plan.WindowKind]windows.Kind{plan.Tumble: windows.Tumble, plan.Hop: windows.Hop, plan.Cumulate: windows.Cumulate,
		plan.Session: windows.Session}[s.Kind]
	return windows.Spec{Kind: kind, Time: s.Time, SizeMillis: s.SizeMillis, StepMillis: s.StepMillis, OffsetMillis: s.OffsetMillis,
		ProcTime: s.ProcTime, Attached: s.Attached, Start: s.Start, End: s.End}
}
