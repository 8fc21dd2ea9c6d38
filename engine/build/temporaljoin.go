package build

import (
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/temporaljoin"
)

func temporalJoinOperator() Operator {
	return Operator{Stateful: true, Build: func(env *Env, n Node) (op.Operator, error) {
		j := n.TemporalJoin
		return temporaljoin.New(temporaljoin.Config{
			KeepsLeft: j.KeepsLeft, LeftKeys: j.LeftKeys, RightKeys: j.RightKeys, LeftTime: j.LeftTime, RightTime: j.RightTime,
			Proctime: j.ProcTime, Condition: j.Condition, Registry: env.Functions, Zone: env.Zone,
		})
	}}
}
