package build

import (
	"github.com/thalweg/thalweg/operators/join"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/planner/plan"
)

func multiJoinOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		var cfg join.MultiConfig
		for i, p := range n.MultiJoin.Parts {
			cfg.Inputs = append(cfg.Inputs, join.MultiInput{Keys: p.Keys, Left: p.Left, Beside: p.Beside, InsertOnly: n.InputModes[i] == plan.InsertOnly})
		}
		for _, c := range n.MultiJoin.Columns {
			cfg.Columns = append(cfg.Columns, join.MultiColumn{Input: c.Part, Column: c.Column})
		}
		return join.NewMulti(cfg)
	}}
}
