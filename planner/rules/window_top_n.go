package rules

import (
	"slices"

	"github.com/thalweg/thalweg/planner/logical"
)

// windowTopN recognises a top-N by both bounds of a window, and more columns or
// none, over an input that only inserts: what is first is known when the window is
// over. A top-1 by event time is a deduplication, which prefers the last of equal
// times where it keeps the last.
func windowTopN() Rule {
	return perNode("window_top_n", "emit a top-N within windows once, when its window is over", func(_ *Context, n logical.Node) logical.Node {
		t, ok := n.(*logical.TopN)
		if !ok || t.Windowed {
			return n
		}
		p := t.Inputs()[0].Props()
		if p.Window == nil || p.Window.Window.Proctime || !p.Changes.InsertOnly() {
			return n
		}
		within := func(bound []int) int {
			return slices.IndexFunc(t.PartitionBy, func(c int) bool { return slices.Contains(bound, c) })
		}
		start, end := within(p.Window.Start), within(p.Window.End)
		if start < 0 || end < 0 {
			return n
		}
		spec := t.TopNSpec
		spec.Windowed, spec.WindowEnd, spec.WindowZone = true, t.PartitionBy[end], p.Window.Window.Zone
		if t.Count == 1 && t.Offset == 0 && len(t.OrderBy) == 1 && t.OrderBy[0].Descending {
			by := t.OrderBy[0].Column
			spec.LastOfTies = p.Time[by] == logical.Rowtime || slices.Contains(p.Window.Of, by)
		}
		return logical.NewTopN(t.Inputs()[0], spec)
	})
}
