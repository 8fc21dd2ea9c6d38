package rules

import (
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// lateRows sends rows that a windowed aggregate, or SESSION without one, would drop to
// the session's table for them. Lateness is told right below it, in its task, so that a
// row goes either way and never both. Of an input that changes a late row is no row of
// its own: there they are counted.
func lateRows() Rule {
	return Rule{Name: "late_rows", Doc: "send rows that come after their windows to the table for late rows", Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
		if c.Late == nil {
			return roots, nil
		}
		var sinks []logical.Node
		var failed error
		out := logical.Rewrite(roots, func(n logical.Node) logical.Node {
			spec, ok := lateRowsOf(n)
			if !ok {
				return n
			}
			split, above := splitLate(n.Inputs()[0], spec)
			width := len(split.Props().Schema) - 1
			late := rex.Col(width, split.Props().Schema[width].Type)
			sink, err := c.Late(logical.Narrow(logical.NewFilter(split, late), logical.Range(0, width)))
			if err != nil {
				failed = err
				return n
			}
			sinks = append(sinks, sink)
			inTime := rex.Expr{Kind: rex.Call, Name: "NOT", Args: []rex.Expr{late}, Type: late.Type}
			return n.WithInputs([]logical.Node{above(logical.Narrow(logical.NewFilter(split, inTime), logical.Range(0, width)))})
		})
		return append(out, sinks...), failed
	}}
}

// lateRowsOf describes the late rows that a relation would drop, if they can be told
// before it. Rows that bring their sessions are never late: they come when those are
// over.
func lateRowsOf(n logical.Node) (logical.LateRowsSpec, bool) {
	var spec logical.LateRowsSpec
	switch n := n.(type) {
	case *logical.WindowAggregate:
		if n.Attached && n.Window.Kind == logical.Session {
			return spec, false
		}
		spec = logical.LateRowsSpec{Window: n.Window, Attached: n.Attached, End: n.End, Keys: n.Keys}
		if n.Emit.Late {
			spec.LatenessMillis = n.Emit.LatenessMillis
		}
	case *logical.WindowTVF:
		if n.Window.Kind != logical.Session {
			return spec, false
		}
		spec = logical.LateRowsSpec{Window: n.Window, Keys: n.Window.Partition}
	default:
		return spec, false
	}
	spec.Window.Partition = nil
	return spec, !spec.Window.Proctime && n.Inputs()[0].Props().Changes.InsertOnly()
}

// splitLate tells late rows below a relation's input, and how to make that input
// again over those in time. Projections in between would leave columns out that the
// table may want: they go above, if the keys and the time are columns below them.
func splitLate(input logical.Node, spec logical.LateRowsSpec) (*logical.LateRows, func(logical.Node) logical.Node) {
	above := func(n logical.Node) logical.Node { return n }
	for {
		sets := projections(input)
		below, ok := lateBelow(sets, spec)
		if !ok {
			return logical.NewLateRows(input, spec), above
		}
		outer := above
		above = func(n logical.Node) logical.Node { return outer(projected(sets, n)) }
		input, spec = sets[0].Inputs()[0], below
	}
}

// projections are the one projection that a relation is, or those of one relation
// that GROUPING SETS unite.
func projections(n logical.Node) []*logical.Project {
	inputs := []logical.Node{n}
	if u, ok := n.(*logical.Union); ok && n.Props().Schema.Index(logical.GroupingSet) >= 0 {
		inputs = u.Inputs()
	}
	var out []*logical.Project
	for _, in := range inputs {
		p, ok := in.(*logical.Project)
		if !ok || len(out) > 0 && p.Inputs()[0] != out[0].Inputs()[0] {
			return nil
		}
		out = append(out, p)
	}
	return out
}

// projected makes projections again over another relation.
func projected(sets []*logical.Project, n logical.Node) logical.Node {
	out := make([]logical.Node, len(sets))
	for i, p := range sets {
		out[i] = logical.NewProject(n, p.Exprs, p.Names)
	}
	if len(out) == 1 {
		return out[0]
	}
	return logical.NewUnion(out...)
}

// lateBelow is spec below projections, if there are any. Those of GROUPING SETS must
// agree on the time; their keys are the columns that any of them has, so that rows meet
// the watermark of all tasks. Sessions are of their own in each set.
func lateBelow(sets []*logical.Project, spec logical.LateRowsSpec) (logical.LateRowsSpec, bool) {
	if len(sets) == 0 || len(sets) > 1 && spec.Window.Kind == logical.Session {
		return spec, false
	}
	at := &spec.Window.Time
	if spec.Attached {
		at = &spec.End
	}
	below := columnsBelow(sets, *at)
	if len(below) != len(sets) || len(slices.Compact(below)) > 1 {
		return spec, false
	}
	*at = below[0]
	keys := spec.Keys
	spec.Keys = nil
	for _, k := range keys {
		below := columnsBelow(sets, k)
		if len(below) > 0 {
			spec.Keys = append(spec.Keys, below[0])
		} else if len(sets) == 1 {
			return spec, false
		}
	}
	return spec, true
}

// columnsBelow are what a column is below those projections that have one there.
func columnsBelow(sets []*logical.Project, column int) []int {
	var out []int
	for _, p := range sets {
		if e := p.Exprs[column]; e.Kind == rex.Input {
			out = append(out, e.Index)
		}
	}
	return out
}
