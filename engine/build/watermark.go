package build

import (
	"time"

	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/watermark"
)

func watermarkOperator() Operator {
	return Operator{PerRow: true, Assigner: true, Build: func(env *Env, n Node) (op.Operator, error) {
		return watermark.New(watermark.Config{Column: n.Watermark.Column, Expr: n.Watermark.Expr,
			IdleAfter: time.Duration(n.Watermark.IdleMillis) * time.Millisecond, Registry: env.Functions, Zone: env.Zone})
	}}
}
