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
		p, ok := input.(*logical.Project)
		if !ok {
			break
		}
		below, ok := lateBelow(p, spec)
		if !ok {
			break
		}
		outer := above
		above = func(n logical.Node) logical.Node { return outer(logical.NewProject(n, p.Exprs, p.Names)) }
		input, spec = p.Inputs()[0], below
	}
	return logical.NewLateRows(input, spec), above
}

// lateBelow is spec below a projection.
func lateBelow(p *logical.Project, spec logical.LateRowsSpec) (logical.LateRowsSpec, bool) {
	ok := true
	column := func(c int) int {
		if e := p.Exprs[c]; e.Kind == rex.Input {
			return e.Index
		}
		ok = false
		return c
	}
	if spec.Attached {
		spec.End = column(spec.End)
	} else {
		spec.Window.Time = column(spec.Window.Time)
	}
	spec.Keys = slices.Clone(spec.Keys)
	for i, k := range spec.Keys {
		spec.Keys[i] = column(k)
	}
	return spec, ok
}
