package build

import (
	"github.com/thalweg/thalweg/operators/late"
	"github.com/thalweg/thalweg/operators/op"
)

func lateRowsOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		return late.New(late.Config{Windows: windowSpec(n.LateRows.Spec)})
	}}
}
