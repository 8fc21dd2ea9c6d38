package build

import (
	"github.com/thalweg/thalweg/operators/dedup"
	"github.com/thalweg/thalweg/operators/op"
)

func dedupOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		d := n.Dedup
		return dedup.New(dedup.Config{Keys: d.Keys, Time: d.Time, KeepLast: d.KeepLast, EmitUpdateBefore: d.EmitUpdateBefore,
			TTL: millis(d.TTLMillis)}), nil
	}}
}
