package physical

import (
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
)

// correlate builds the call of a table function. Rows stay where they are.
func (b *builder) correlate(n *logical.Correlate) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	s := projected(b.spread[ids[0]], logical.Cols(n.Inputs()[0].Props().Schema, n.Keep))
	if s.updates.paired {
		// The rows for the old and the new row need not be as many.
		s.updates = updates{broken: true}
	}
	call := &plan.Correlate{Function: n.Function, Args: n.Args, Columns: n.Columns, Keep: n.Keep, Read: n.Read, Left: n.Left}
	if n.Calling != nil {
		calling := plan.Calling(*n.Calling)
		call.Calling = &calling
	}
	return b.add(n, plan.Node{Kind: plan.KindCorrelate, Inputs: []plan.Input{{Node: ids[0]}}, Correlate: call}, s), nil
}
