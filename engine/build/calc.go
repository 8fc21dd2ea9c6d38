package build

import (
	"github.com/thalweg/thalweg/operators/calc"
	"github.com/thalweg/thalweg/operators/op"
)

func calcOperator() Operator {
	return Operator{PerRow: true, Build: func(env *Env, n Node) (op.Operator, error) {
		return calc.New(calc.Config{Filter: n.Calc.Filter, Project: n.Calc.Project, InputNames: n.Inputs[0].Names(),
			Registry: env.Functions, Zone: env.Zone})
	}}
}
