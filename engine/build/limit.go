package build

import (
	"github.com/thalweg/thalweg/operators/limit"
	"github.com/thalweg/thalweg/operators/op"
)

func limitOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		return limit.New(limit.Config{Offset: n.Limit.Offset, Count: n.Limit.Count})
	}}
}
