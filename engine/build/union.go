package build

import (
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/union"
)

func unionOperator() Operator {
	return Operator{PerRow: true, Build: func(*Env, Node) (op.Operator, error) { return union.New(), nil }}
}
