package build

import (
	"github.com/thalweg/thalweg/operators/normalize"
	"github.com/thalweg/thalweg/operators/op"
)

func normalizeOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		return normalize.New(normalize.Config{Keys: n.Normalize.Keys, OmitUpdateBefore: !n.emitsUpdateBefore(),
			TTL: millis(n.Normalize.TTLMillis)}), nil
	}}
}
