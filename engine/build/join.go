package build

import (
	"time"

	"github.com/thalweg/thalweg/operators/join"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/planner/plan"
)

func joinOperator() Operator {
	return Operator{Stateful: true, Build: func(env *Env, n Node) (op.Operator, error) {
		j := n.Join
		var inserts [2]bool
		for i, mode := range n.InputModes {
			inserts[i] = mode == plan.InsertOnly
		}
		return join.New(join.Config{Kind: joinKind(j.Kind), LeftKeys: j.LeftKeys, RightKeys: j.RightKeys, NullEqual: j.NullEqual, InsertOnly: inserts, Condition: j.Condition,
			Registry: env.Functions, Zone: env.Zone, TTL: [2]time.Duration{millis(j.TTLMillis), millis(j.RightTTL())}})
	}}
}

func joinKind(k plan.JoinKind) join.Kind {
	return map[plan.JoinKind]join.Kind{plan.Inner: join.Inner, plan.Left: join.Left, plan.Right: join.Right, plan.Full: join.Full,
		plan.Semi: join.Semi, plan.Anti: join.Anti, plan.Mark: join.Mark}[k]
}
