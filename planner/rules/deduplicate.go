package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// deduplicate recognises a top-1 ordered by a time attribute over an insert-only
// input.
func deduplicate() Rule {
	return perNode("deduplicate", "make a top-1 by a time attribute a deduplication", func(_ *Context, n logical.Node) logical.Node {
		t, ok := n.(*logical.TopN)
		if !ok || t.Windowed || t.Count != 1 || t.Offset != 0 || len(t.OrderBy) != 1 || len(t.PartitionBy) == 0 {
			return n
		}
		input := t.Inputs()[0]
		p := input.Props()
		key := t.OrderBy[0]
		if !p.Changes.InsertOnly() || p.Time[key.Column] == logical.NotTime {
			return n
		}
		time := key.Column
		if p.Time[key.Column] == logical.Proctime {
			time = -1
		}
		d := logical.NewDedup(input, t.PartitionBy, time, key.Descending)
		if !t.Rank {
			return d
		}
		exprs := append(logical.AllCols(d.Props().Schema), rex.BigInt(1))
		return logical.NewProject(d, exprs, t.Props().Schema.Names())
	})
}
