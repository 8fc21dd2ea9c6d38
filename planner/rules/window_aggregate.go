package rules

import (
	"maps"
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// windowAggregate recognises a GROUP BY on both bounds of a window. Where the
// window function is right below, rows are not multiplied: the aggregate assigns
// them to windows itself. Otherwise it takes the windows from the columns; those of
// processing time are then columns like others, as only the clock that gave them tells
// when they are over. Sessions are assigned by the aggregate if it groups by what they
// are apart by, and can merge its results when sessions join, or has to know them
// before they are over.
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
	if below := (stripper{}).strip(input); below.ok && x.assigns(spec, below.stripped) {
		input = below.node
		spec = remapSpec(spec, below.stripped)
	} else if spec.Window.Proctime {
		return a
	} else {
		spec.Attached = true
		x.attachSession(&spec)
	}
	return x.reorder(logical.NewWindowAggregate(input, spec), len(spec.Keys))
}

// assigns reports whether the aggregate assigns rows to windows: not when it aggregates
// their bounds, and sessions only when it groups by what they are apart by. Of those
// that it can't merge it has to keep the rows, and so assigns them only where it must.
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
	return maps.Equal(keys, partition) && (mapping.window.Proctime || spec.Emit.Updates() || x.merges(spec.Aggs))
}

// merges reports whether the results of all aggregates can be merged.
func (x *windowing) merges(aggs []rex.AggCall) bool {
	retracts := !x.agg.Inputs()[0].Props().Changes.InsertOnly()
	for _, a := range aggs {
		sig, ok := x.c.Functions.Aggregate(a.Name)
		if !ok || sig.Partial == nil || len(sig.Partial(a, retracts)) == 0 {
			return false
		}
	}
	return true
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

// strippedNode is the relation itself; not ok when the window function can't be taken
// out.
type strippedNode struct {
	stripped
	node logical.Node
	ok   bool
}

// stripper takes window functions out of a DAG, in which each node is looked at once.
type stripper map[logical.Node]strippedNode

// strip takes the window function out from below projections and filters that do not
// compute with the window's columns.
func (x stripper) strip(n logical.Node) strippedNode {
	if known, ok := x[n]; ok {
		return known
	}
	x[n] = x.node(n)
	return x[n]
}

func (x stripper) node(n logical.Node) strippedNode {
	switch n := n.(type) {
	case *logical.WindowTVF:
		input := n.Inputs()[0]
		width := len(input.Props().Schema)
		return strippedNode{stripped{columns: append(logical.Range(0, width), -1, -1, -1), window: n.Window}, input, true}
	case *logical.Filter:
		s := x.strip(n.Inputs()[0])
		if !s.ok || s.window.Kind == logical.Session || uses(n.Predicate, s.lost) || s.repeats() && n.Predicate.HasVolatile() {
			return strippedNode{}
		}
		s.node = logical.NewFilter(s.node, onSchema(n.Predicate, s.at, s.node.Props().Schema))
		return s
	case *logical.Project:
		if s := x.strip(n.Inputs()[0]); s.ok {
			return s.project(n)
		}
	case *logical.Union:
		return x.union(n)
	}
	return strippedNode{}
}

// union takes the window functions out of the branches of a union, such as grouping
// sets make: all over the same columns.
func (x stripper) union(n *logical.Union) strippedNode {
	var branches []logical.Node
	var first strippedNode
	for i, in := range n.Inputs() {
		s := x.strip(in)
		if i == 0 {
			first = s
		}
		if !s.ok || s.window.Kind == logical.Session || s.window.Time != first.window.Time || !s.window.SameShape(first.window) ||
			!slices.Equal(s.columns, first.columns) {
			return strippedNode{}
		}
		branches = append(branches, s.node)
	}
	union := logical.NewUnion(branches...)
	return strippedNode{first.stripped, union, union.Props().Time[first.window.Time] != logical.NotTime}
}

func (s stripped) lost(c int) bool { return s.columns[c] < 0 }

func (s stripped) at(c int) int { return s.columns[c] }

// repeats reports whether a row may be in several windows, for each of which a volatile
// call is made anew.
func (s stripped) repeats() bool {
	return s.window.Kind == logical.Hop || s.window.Kind == logical.Cumulate
}

// project rebuilds a projection over s without the window's columns and with the time
// column.
func (s strippedNode) project(n *logical.Project) strippedNode {
	schema := s.node.Props().Schema
	var exprs []rex.Expr
	var names []string
	out := stripped{columns: make([]int, len(n.Exprs)), window: s.window}
	time := -1
	for i, e := range n.Exprs {
		if e.Kind == rex.Input && s.lost(e.Index) {
			out.columns[i] = -1
			continue
		}
		if uses(e, s.lost) || s.repeats() && e.HasVolatile() {
			return strippedNode{}
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
	out.window.Partition = nil
	for _, p := range s.window.Partition {
		at := slices.IndexFunc(exprs, func(e rex.Expr) bool { return e.Kind == rex.Input && e.Index == p })
		if at < 0 {
			return strippedNode{}
		}
		out.window.Partition = append(out.window.Partition, at)
	}
	return strippedNode{out, logical.NewProject(s.node, exprs, names), true}
}
