package build

import (
	"github.com/thalweg/thalweg/operators/late"
	"github.com/thalweg/thalweg/operators/op"
)

func lateRowsOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		spec, err := windowSpec(n.LateRows.Spec)
		if err != nil {
			return nil, err
		}
		return late.New(late.Config{Windows: spec})
	}}
}
