package build

import (
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/match"
	"github.com/thalweg/thalweg/operators/op"
)

func matchOperator() Operator {
	return Operator{Stateful: true, Build: func(env *Env, n Node) (op.Operator, error) {
		return match.New(match.Config{Spec: *n.Match, Functions: env.Functions, Aggregates: env.Aggregates, Eval: expr.EvalContext{Zone: env.Zone}})
	}}
}
