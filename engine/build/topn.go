package build

import (
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/topn"
)

func topNOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		t := n.TopN
		return topn.New(topn.Config{PartitionBy: t.PartitionBy, OrderBy: t.OrderBy, Offset: t.Offset, Count: t.Count, Rank: t.Rank, LastOfTies: t.LastOfTies,
			InputRetracts: t.InputRetracts, EmitUpdateBefore: n.emitsUpdateBefore(), TTL: millis(t.TTLMillis)})
	}}
}

func windowTopNOperator() Operator {
	return Operator{Stateful: true, Build: func(_ *Env, n Node) (op.Operator, error) {
		t := n.WindowTopN
		zone, err := windowZone(t.Zone)
		if err != nil {
			return nil, err
		}
		return topn.NewWindowed(topn.WindowedConfig{PartitionBy: t.PartitionBy, End: t.End, Zone: zone, OrderBy: t.OrderBy, Offset: t.Offset,
			Count: t.Count, Rank: t.Rank, LastOfTies: t.LastOfTies})
	}}
}
