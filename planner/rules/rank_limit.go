package rules

import (
	"math"
	"slices"

	"github.com/thalweg/thalweg/planner/logical"
)

// rankLimit notes on RANK() and DENSE_RANK() filtered to the first ranks that the
// others need not be kept. Over an input that only inserts, ranks only grow, so that a
// row beyond the limit never comes back; functions beside it must look back only.
func rankLimit() Rule {
	return perNode("rank_limit", "keep the first ranks only of RANK() filtered from above", func(_ *Context, n logical.Node) logical.Node {
		f, ok := n.(*logical.Filter)
		if !ok {
			return n
		}
		over, ok := f.Inputs()[0].(*logical.Over)
		if !ok || over.Keep > 0 || over.Mode == logical.OverRowtime || over.Mode == logical.OverProctime || !looksBack(over) {
			return n
		}
		spec := over.OverSpec
		first := len(over.Inputs()[0].Props().Schema)
		for i, p := range spec.Places {
			if p.Name != "RANK" && p.Name != "DENSE_RANK" {
				continue
			}
			limit := int64(math.MaxInt64)
			for _, t := range conjuncts(f.Predicate) {
				if _, high, ok := bounds(t, first+i); ok {
					limit = min(limit, high)
				}
			}
			if limit >= 1 && limit < math.MaxInt64 && (spec.Keep == 0 || limit < spec.Keep) {
				spec.Keep, spec.KeepBy = limit, i
			}
		}
		if spec.Keep == 0 {
			return n
		}
		return f.WithInputs([]logical.Node{logical.NewOver(over.Inputs()[0], spec)})
	})
}

// looksBack reports functions alone, over an input that only inserts, none of which
// depends on rows further on.
func looksBack(over *logical.Over) bool {
	if len(over.Aggs) > 0 || !over.Inputs()[0].Props().Changes.InsertOnly() {
		return false
	}
	for _, p := range over.Places {
		if !slices.Contains([]string{"ROW_NUMBER", "RANK", "DENSE_RANK", "LAG"}, p.Name) {
			return false
		}
	}
	return true
}
