package rules

import "github.com/thalweg/thalweg/planner/logical"

// overMode finds the window functions whose values never change: over an input that
// only inserts, those that look back in the order of a time attribute; and over one
// that also ends, all, once it has ended.
func overMode() Rule {
	return perNode("over_mode", "give window functions their values once, by time or in the end, where they would not change", func(_ *Context, n logical.Node) logical.Node {
		over, ok := n.(*logical.Over)
		if !ok || over.Mode != logical.OverChanging || !over.Inputs()[0].Props().Changes.InsertOnly() {
			return n
		}
		spec := over.OverSpec
		spec.Mode = over.TimeMode()
		if spec.Mode == logical.OverChanging && over.Props().Bounded {
			spec.Mode = logical.OverAtEnd
		}
		if spec.Mode == logical.OverChanging {
			return n
		}
		return logical.NewOver(over.Inputs()[0], spec)
	})
}
