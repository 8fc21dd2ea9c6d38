package build

import (
	"github.com/thalweg/thalweg/operators/late"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/session"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

func lateRowsOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		spec, err := windowSpec(n.LateRows.Spec)
		if err != nil {
			return nil, err
		}
		l := n.LateRows
		if spec.Kind == windows.Session {
			return session.NewLate(session.LateConfig{Windows: spec, Keys: l.Spec.Partition, LatenessMillis: l.LatenessMillis})
		}
		return late.New(late.Config{Windows: spec, LatenessMillis: l.LatenessMillis})
	}}
}
