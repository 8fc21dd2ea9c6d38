package physical

import (
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
)

// match builds MATCH_RECOGNIZE. Rows are spread by the partition; without one there
// is one task.
func (b *builder) match(n *logical.Match) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	spec := n.Spec
	node := plan.Node{
		Kind: plan.KindMatch, Inputs: []plan.Input{b.hash(ids[0], n.PartitionBy)}, Match: &spec, Singleton: len(n.PartitionBy) == 0,
	}
	return b.add(n, node, matchSpread(n)), nil
}

// matchSpread is how the result lies: by the partition, if all of it comes out.
func matchSpread(n *logical.Match) spread {
	var keys []int
	for _, p := range n.PartitionBy {
		for i, c := range n.Leading {
			if c == p {
				keys = append(keys, i)
				break
			}
		}
	}
	if len(keys) != len(n.PartitionBy) {
		return spread{}
	}
	return hashedBy(keys)
}
