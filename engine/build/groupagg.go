package build

import (
	"github.com/thalweg/thalweg/operators/groupagg"
	"github.com/thalweg/thalweg/operators/op"
)

func groupAggOperator() Operator {
	return Operator{Stateful: true, Build: func(env *Env, n Node) (op.Operator, error) {
		return groupagg.New(groupAggConfig(env, n))
	}}
}

func localGroupAggOperator() Operator {
	return Operator{Build: func(env *Env, n Node) (op.Operator, error) {
		return groupagg.NewLocal(groupAggConfig(env, n))
	}}
}

func groupAggConfig(env *Env, n Node) groupagg.Config {
	g := n.GroupAgg
	return groupagg.Config{Keys: g.Keys, Aggs: g.Aggs, InputSchema: g.InputSchema, Registry: env.Aggregates,
		InputRetracts: g.InputRetracts, FromLocal: g.FromLocal, EmitUpdateBefore: n.emitsUpdateBefore(), TTL: millis(g.TTLMillis)}
}
