package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// lateRows sends rows that a windowed aggregate would drop to the session's table
// for them. Lateness is told right below the aggregate, in its task, so that a row
// goes either way and never both. Sessions know what is late only themselves, and
// of an input that changes a late row is no row of its own: there they are counted,
// as they are where windows take rows after they were due.
func lateRows() Rule {
	return Rule{Name: "late_rows", Doc: "send rows that come after their windows to the table for late rows", Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
		if c.Late == nil {
			return roots, nil
		}
		var sinks []logical.Node
		var failed error
		out := logical.Rewrite(roots, func(n logical.Node) logical.Node {
			a, ok := n.(*logical.WindowAggregate)
			if !ok || !tellsLate(a) {
				return n
			}
			split, above := splitLate(a)
			width := len(split.Props().Schema) - 1
			late := rex.Col(width, split.Props().Schema[width].Type)
			sink, err := c.Late(logical.Narrow(logical.NewFilter(split, late), logical.Range(0, width)))
			if err != nil {
				failed = err
				return n
			}
			sinks = append(sinks, sink)
			inTime := rex.Expr{Kind: rex.Call, Name: "NOT", Args: []rex.Expr{late}, Type: late.Type}
			return a.WithInputs([]logical.Node{above(logical.Narrow(logical.NewFilter(split, inTime), logical.Range(0, width)))})
		})
		return append(out, sinks...), failed
	}}
}

// splitLate tells late rows below the aggregate's input, and how to make that input
// again over those in time. Projections in between would leave columns out that the
// table may want: they go above, if the keys and the time are columns below them.
func splitLate(a *logical.WindowAggregate) (*logical.LateRows, func(logical.Node) logical.Node) {
	split := logical.NewLateRows(a.Inputs()[0], a.Window, a.Attached, a.End, a.Keys)
	above := func(n logical.Node) logical.Node { return n }
	for {
		p, ok := split.Inputs()[0].(*logical.Project)
		if !ok {
			return split, above
		}
		column := func(c int) int {
			if e := p.Exprs[c]; e.Kind == rex.Input {
				return e.Index
			}
			ok = false
			return c
		}
		w, end, keys := split.Window, split.End, make([]int, len(split.Keys))
		if split.Attached {
			end = column(end)
		} else {
			w.Time = column(w.Time)
		}
		for i, k := range split.Keys {
			keys[i] = column(k)
		}
		if !ok {
			return split, above
		}
		outer := above
		above = func(n logical.Node) logical.Node { return outer(logical.NewProject(n, p.Exprs, p.Names)) }
		split = logical.NewLateRows(p.Inputs()[0], w, split.Attached, end, keys)
	}
}

// tellsLate reports aggregates whose late rows can be told before them.
func tellsLate(a *logical.WindowAggregate) bool {
	if a.Window.Proctime || a.Emit.Updates() || !a.Inputs()[0].Props().Changes.InsertOnly() {
		return false
	}
	return a.Attached || a.Window.Kind != logical.Session
}
