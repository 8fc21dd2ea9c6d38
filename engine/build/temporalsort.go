package build

import (
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/timesort"
)

func temporalSortOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		return timesort.New(timesort.Config{OrderBy: n.TemporalSort.OrderBy, ProcTime: n.TemporalSort.ProcTime})
	}}
}
