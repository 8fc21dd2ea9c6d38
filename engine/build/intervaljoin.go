package build

import (
	"github.com/thalweg/thalweg/operators/intervaljoin"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/planner/plan"
)

func intervalJoinOperator() Operator {
	return Operator{Stateful: true, Build: func(env *Env, n Node) (op.Operator, error) {
		j := n.IntervalJoin
		zone, err := windowZone(j.Zone)
		if err != nil {
			return nil, err
		}
		kind := map[plan.JoinKind]intervaljoin.Kind{plan.Inner: intervaljoin.Inner, plan.Left: intervaljoin.Left,
			plan.Right: intervaljoin.Right, plan.Full: intervaljoin.Full,
			plan.Semi: intervaljoin.Semi, plan.Anti: intervaljoin.Anti}[j.Kind]
		return intervaljoin.New(intervaljoin.Config{
			Kind: kind, LeftKeys: j.LeftKeys, RightKeys: j.RightKeys, LeftTime: j.LeftTime, RightTime: j.RightTime,
			LowerMillis: boundOr(j.LowerMillis, intervaljoin.NoLower), UpperMillis: boundOr(j.UpperMillis, intervaljoin.NoUpper),
			LeftLifeMillis:  boundOr(j.LeftLifeMillis, intervaljoin.Never),
			RightLifeMillis: boundOr(j.RightLifeMillis, intervaljoin.Never),
			DelayMillis:     j.DelayMillis, Proctime: j.ProcTime, Windowed: j.Windowed, WindowZone: zone, Condition: j.Condition, Registry: env.Functions, Zone: env.Zone,
		})
	}}
}

func boundOr(v *int64, none int64) int64 {
	if v == nil {
		return none
	}
	return *v
}
