package physical

import (
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
)

// over builds OVER. Rows keep their columns, so both rows of an update agree in
// those of the input.
func (b *builder) over(n *logical.Over) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	node := plan.Node{
		Kind: plan.KindOver, Inputs: []plan.Input{b.hash(ids[0], n.PartitionBy)}, Singleton: len(n.PartitionBy) == 0,
		Over: &plan.Over{
			PartitionBy: n.PartitionBy, OrderBy: n.OrderBy, Aggs: n.Aggs, Frame: n.Frame, Places: n.Places,
			Mode: plan.OverMode(n.Mode), InputRetracts: b.at(ids[0]).Mode != plan.InsertOnly, TTLMillis: b.opts.TTLMillis,
			Keep: n.Keep, KeepBy: n.KeepBy,
		},
	}
	return b.add(n, node, hashedBy(n.PartitionBy).updating(logical.Range(0, len(n.Inputs()[0].Props().Schema)))), nil
}
