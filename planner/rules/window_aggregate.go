package rules

import (
	"maps"
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// windowAggregate recognises a GROUP BY on both bounds of a window. Where the
// window function is right below, rows are not multiplied: the aggregate assigns
// them to windows itself. Otherwise it takes the windows from the columns. Sessions
// are assigned by the aggregate if it groups by what they are apart by, and can
// merge its results when sessions join.
func windowAggregate() Rule {
	return perNode("window_aggregate", "make a GROUP BY on window_start and window_end a windowed aggregate", func(c *Context, n logical.Node) logical.Node {
		a, ok := n.(*logical.Aggregate)
		if !ok {
			return n
		}
		w := a.Inputs()[0].Props().Window
		if w == nil {
			return n
		}
		x := &windowing{c: c, agg: a, columns: w}
		return x.build()
	})
}

// windowing turns one aggregate into a windowed one.
type windowing struct {
	c       *Context
	agg     *logical.Aggregate
	columns *logical.WindowColumns
}

// bound tells which bound of the window an input column is.
func (x *windowing) bound(column int) (logical.WindowBound, bool) {
	switch {
	case slices.Contains(x.columns.Start, column):
		return logical.WindowStart, true
	case slices.Contains(x.columns.End, column):
		return logical.WindowEnd, true
	case slices.Contains(x.columns.Time, column):
		return logical.WindowTime, true
	}
	return 0, false
}

func (x *windowing) build() logical.Node {
	a := x.agg
	spec := logical.WindowAggregateSpec{Window: x.columns.Window, Aggs: a.Aggs, Names: a.Names, Span: a.Span, Start: -1, End: -1, Emit: x.c.Emit}
	var bounds []logical.WindowBound
	for _, k := range a.Keys {
		b, ok := x.bound(k)
		switch {
		case !ok:
			spec.Keys = append(spec.Keys, k)
			continue
		case b == logical.WindowStart:
			spec.Start = k
		case b == logical.WindowEnd:
			spec.End = k
		}
		bounds = append(bounds, b)
	}
	if spec.Start < 0 || spec.End < 0 {
		return a
	}
	slices.Sort(bounds)
	spec.Bounds = slices.Compact(bounds)
	input := a.Inputs()[0]
	if below, mapping, ok := withoutWindow(input); ok && x.assigns(spec, mapping) {
		input = below
		spec = remapSpec(spec, mapping)
	} else {
		spec.Attached = true
		x.attachSession(&spec)
	}
	return x.reorder(logical.NewWindowAggregate(input, spec), len(spec.Keys))
}

// assigns reports whether the aggregate can assign rows to windows: not when it
// aggregates their bounds, and sessions only when it groups by what they are apart by,
// and its results can be merged.
func (x *windowing) assigns(spec logical.WindowAggregateSpec, mapping stripped) bool {
	if slices.ContainsFunc(logical.AggColumns(spec.Aggs), mapping.lost) {
		return false
	}
	if mapping.window.Kind != logical.Session {
		return true
	}
	keys := map[int]bool{}
	for _, k := range spec.Keys {
		keys[mapping.columns[k]] = true
	}
	partition := map[int]bool{}
	for _, p := range mapping.window.Partition {
		partition[p] = true
	}
	retracts := !x.agg.Inputs()[0].Props().Changes.InsertOnly()
	for _, a := range spec.Aggs {
		sig, ok := x.c.Functions.Aggregate(a.Name)
		if !ok || sig.Partial == nil || len(sig.Partial(a, retracts)) == 0 {
			return false
		}
	}
	return maps.Equal(keys, partition)
}

// attachSession makes the start of a session that comes with the rows a key.
func (x *windowing) attachSession(spec *logical.WindowAggregateSpec) {
	if spec.Window.Kind != logical.Session {
		return
	}
	spec.Keys = append(spec.Keys, spec.Start)
	spec.Bounds = slices.DeleteFunc(spec.Bounds, func(b logical.WindowBound) bool { return b == logical.WindowStart })
}

// remapSpec renames the columns that a windowed aggregate reads.
func remapSpec(spec logical.WindowAggregateSpec, mapping stripped) logical.WindowAggregateSpec {
	spec.Window, spec.Start, spec.End = mapping.window, 0, 0
	keys := make([]int, len(spec.Keys))
	for i, k := range spec.Keys {
		keys[i] = mapping.columns[k]
	}
	spec.Keys = keys
	spec.Aggs = remapCalls(spec.Aggs, func(c int) int { return mapping.columns[c] })
	return spec
}

// remapCalls renames the columns that aggregate calls read.
func remapCalls(calls []rex.AggCall, mapping func(int) int) []rex.AggCall {
	return logical.RemapCalls(calls, mapping)
}

// reorder gives the columns of the plain aggregate: keys in their order, then the
// aggregates.
func (x *windowing) reorder(w *logical.WindowAggregate, keys int) logical.Node {
	a, schema := x.agg, w.Props().Schema
	var columns []int
	next := 0
	for _, k := range a.Keys {
		b, ok := x.bound(k)
		if ok && w.Attached && k == w.Start && w.Window.Kind == logical.Session {
			columns = append(columns, keys-1)
			continue
		}
		if ok {
			columns = append(columns, keys+len(a.Aggs)+slices.Index(w.Bounds, b))
			continue
		}
		columns = append(columns, next)
		next++
	}
	columns = append(columns, logical.Range(keys, keys+len(a.Aggs))...)
	return logical.NewProject(w, logical.Cols(schema, columns), a.Props().Schema.Names())
}

// stripped tells what became of a relation whose window function was taken out:
// where its columns are now (-1 for the window's own), and the window over the
// time column's new place.
type stripped struct {
	columns []int
	window  logical.Window
}

// withoutWindow takes the window function out from below projections and filters
// that do not compute with the window's columns.
func withoutWindow(n logical.Node) (logical.Node, stripped, bool) {
	switch n := n.(type) {
	case *logical.WindowTVF:
		input := n.Inputs()[0]
		width := len(input.Props().Schema)
		return input, stripped{columns: append(logical.Range(0, width), -1, -1, -1), window: n.Window}, true
	case *logical.Filter:
		below, s, ok := withoutWindow(n.Inputs()[0])
		if !ok || s.window.Kind == logical.Session || uses(n.Predicate, s.lost) {
			return nil, s, false
		}
		return logical.NewFilter(below, onSchema(n.Predicate, s.at, below.Props().Schema)), s, true
	case *logical.Project:
		below, s, ok := withoutWindow(n.Inputs()[0])
		if !ok {
			return nil, s, false
		}
		return s.project(n, below)
	case *logical.Union:
		return unionWithoutWindow(n)
	}
	return nil, stripped{}, false
}

// unionWithoutWindow takes the window functions out of the branches of a union
// that grouping sets make: all over the same columns.
func unionWithoutWindow(n *logical.Union) (logical.Node, stripped, bool) {
	var branches []logical.Node
	var first stripped
	for i, in := range n.Inputs() {
		below, s, ok := withoutWindow(in)
		if i == 0 {
			first = s
		}
		if !ok || s.window.Kind == logical.Session || s.window.Time != first.window.Time || !s.window.SameShape(first.window) ||
			!slices.Equal(s.columns, first.columns) {
			return nil, s, false
		}
		branches = append(branches, below)
	}
	union := logical.NewUnion(branches...)
	return union, first, union.Props().Time[first.window.Time] != logical.NotTime
}

func (s stripped) lost(c int) bool { return s.columns[c] < 0 }

func (s stripped) at(c int) int { return s.columns[c] }

// project rebuilds a projection without the window's columns and with the time
// column.
func (s stripped) project(n *logical.Project, below logical.Node) (logical.Node, stripped, bool) {
	schema := below.Props().Schema
	var exprs []rex.Expr
	var names []string
	out := stripped{columns: make([]int, len(n.Exprs)), window: s.window}
	time := -1
	for i, e := range n.Exprs {
		if e.Kind == rex.Input && s.lost(e.Index) {
			out.columns[i] = -1
			continue
		}
		if uses(e, s.lost) {
			return nil, s, false
		}
		moved := onSchema(e, s.at, schema)
		if moved.Kind == rex.Input && moved.Index == s.window.Time {
			time = len(exprs)
		}
		out.columns[i] = len(exprs)
		exprs, names = append(exprs, moved), append(names, n.Names[i])
	}
	if time < 0 {
		time = len(exprs)
		exprs = append(exprs, rex.Col(s.window.Time, schema[s.window.Time].Type))
		names = append(names, schema[s.window.Time].Name)
	}
	out.window.Time = time
	if len(s.window.Partition) == 0 {
		return logical.NewProject(below, exprs, names), out, true
	}
	out.window.Partition = nil
	for _, p := range s.window.Partition {
		at := slices.IndexFunc(exprs, func(e rex.Expr) bool { return e.Kind == rex.Input && e.Index == p })
		if at < 0 {
			return nil, s, false
		}
		out.window.Partition = append(out.window.Partition, at)
	}
	return logical.NewProject(below, exprs, names), out, true
}
