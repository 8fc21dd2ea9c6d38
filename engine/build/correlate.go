package build

import (
	"github.com/thalweg/thalweg/operators/correlate"
	"github.com/thalweg/thalweg/operators/op"
)

func correlateOperator() Operator {
	return Operator{PerRow: true, Build: func(env *Env, n Node) (op.Operator, error) {
		c := n.Correlate
		cfg := correlate.Config{Function: c.Function, Args: c.Args, Columns: c.Columns, Keep: c.Keep, Read: c.Read, Left: c.Left,
			InputNames: n.Inputs[0].Names(), Registry: env.Functions, Zone: env.Zone}
		if m := c.Calling; m != nil {
			cfg.Calling = correlate.Calling{Async: m.Async, Unordered: m.Unordered, Capacity: m.Capacity, Timeout: millis(m.TimeoutMillis)}
		}
		return correlate.New(cfg)
	}}
}
