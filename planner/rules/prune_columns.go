package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
)

// pruneColumns drops every column and row field that nothing above reads, down
// into the sources. A node that several others read keeps what any of them needs.
func pruneColumns() Rule {
	return Rule{
		Name: "prune_columns", Doc: "read and carry only the columns and row fields that are used",
		Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
			d := demandOf(roots)
			p := &pruner{c: c, demand: d, done: map[logical.Node]pruned{}}
			out := make([]logical.Node, len(roots))
			for i, root := range roots {
				r, err := p.prune(root)
				if err != nil {
					return nil, err
				}
				out[i] = r.node
			}
			return out, nil
		},
	}
}

// pruned is a rebuilt node and where its old columns are now, -1 for dropped ones.
type pruned struct {
	node    logical.Node
	columns []int
}

func (r pruned) at(c int) int { return r.columns[c] }

func (r pruned) all(columns []int) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = r.columns[c]
	}
	return out
}

// keys renames sort keys.
func (r pruned) keys(keys []rex.SortKey) []rex.SortKey {
	out := make([]rex.SortKey, len(keys))
	for i, k := range keys {
		k.Column = r.columns[k.Column]
		out[i] = k
	}
	return out
}

// expr moves an expression onto the rebuilt node.
func (r pruned) expr(e rex.Expr) rex.Expr { return onSchema(e, r.at, r.node.Props().Schema) }

// with is the same place for columns under another node, followed by appended
// columns of the node's own.
func (r pruned) with(n logical.Node, appended int) pruned {
	columns := append([]int(nil), r.columns...)
	for i := range appended {
		columns = append(columns, len(n.Props().Schema)-appended+i)
	}
	return pruned{node: n, columns: columns}
}

type pruner struct {
	c      *Context
	demand demand
	done   map[logical.Node]pruned
}

func (p *pruner) prune(n logical.Node) (pruned, error) {
	if r, ok := p.done[n]; ok {
		return r, nil
	}
	inputs := make([]pruned, len(n.Inputs()))
	changed := false
	for i, in := range n.Inputs() {
		r, err := p.prune(in)
		if err != nil {
			return r, err
		}
		inputs[i] = r
		changed = changed || r.node != in
	}
	r, err := p.rebuild(n, inputs, changed)
	if err != nil {
		return r, err
	}
	p.done[n] = r
	return r, nil
}

// rebuild makes n over pruned inputs.
func (p *pruner) rebuild(n logical.Node, in []pruned, changed bool) (pruned, error) {
	switch n := n.(type) {
	case *logical.Scan:
		return p.scan(n)
	case *logical.Values:
		return pruned{node: n, columns: logical.Range(0, len(n.Props().Schema))}, nil
	case *logical.Project:
		return p.project(n, in[0], changed), nil
	case *logical.Filter:
		if !changed {
			return in[0].with(n, 0), nil
		}
		return in[0].with(logical.NewFilter(in[0].node, in[0].expr(n.Predicate)), 0), nil
	case *logical.Watermark:
		if !changed {
			return in[0].with(n, 0), nil
		}
		s := n.WatermarkSpec
		s.Column, s.Expr = in[0].at(s.Column), in[0].expr(s.Expr)
		return in[0].with(logical.NewWatermark(in[0].node, s), 0), nil
	case *logical.Sink:
		return p.sink(n, in[0], changed), nil
	case *logical.Aggregate:
		return p.aggregate(n, in[0]), nil
	case *logical.WindowAggregate:
		return p.windowAggregate(n, in[0]), nil
	case *logical.Join:
		return p.join(n, in), nil
	case *logical.TemporalJoin:
		return p.temporalJoin(n, in), nil
	case *logical.Match:
		return p.match(n, in[0]), nil
	case *logical.Correlate:
		return p.correlate(n, in[0]), nil
	case *logical.Union:
		return p.union(n, in), nil
	}
	return p.passing(n, in[0]), nil
}

// passing rebuilds operators that pass their input's columns on. Those that keep
// rows in state get no column that they need not keep.
func (p *pruner) passing(n logical.Node, in pruned) pruned {
	switch n := n.(type) {
	case *logical.WindowTVF:
		w := n.Window
		w.Time, w.Partition = in.at(w.Time), in.all(w.Partition)
		return in.with(logical.NewWindowTVF(in.node, w, n.Span), 3)
	case *logical.Over:
		return p.over(n, p.narrow(n.Inputs()[0], in, p.demand.below(n, 0)))
	case *logical.TopN:
		in = p.narrow(n.Inputs()[0], in, p.demand.below(n, 0))
		spec := n.TopNSpec
		spec.PartitionBy, spec.OrderBy = in.all(spec.PartitionBy), in.keys(spec.OrderBy)
		if spec.Windowed {
			spec.WindowEnd = in.at(spec.WindowEnd)
		}
		if rank := len(n.Props().Schema) - 1; spec.Rank && p.demand.of[n][rank] == nil {
			spec.Rank = false
			out := in.with(logical.NewTopN(in.node, spec), 0)
			out.columns = append(out.columns, -1)
			return out
		}
		appended := 0
		if spec.Rank {
			appended = 1
		}
		return in.with(logical.NewTopN(in.node, spec), appended)
	case *logical.Dedup:
		in = p.narrow(n.Inputs()[0], in, p.demand.below(n, 0))
		time := n.Time
		if time >= 0 {
			time = in.at(time)
		}
		return in.with(logical.NewDedup(in.node, in.all(n.Keys), time, n.KeepLast), 0)
	case *logical.Limit:
		return in.with(logical.NewLimit(in.node, n.Offset, n.Count), 0)
	case *logical.LateRows:
		spec := n.LateRowsSpec
		spec.Keys = in.all(spec.Keys)
		if n.Attached {
			spec.End = in.at(spec.End)
		} else {
			spec.Window.Time = in.at(spec.Window.Time)
		}
		return in.with(logical.NewLateRows(in.node, spec), 1)
	case *logical.Sort:
		in = p.narrow(n.Inputs()[0], in, p.demand.below(n, 0))
		return in.with(logical.NewSort(in.node, in.keys(n.Keys), n.Span), 0)
	}
	panic("rules: prune_columns does not know " + n.Kind())
}

// over drops the calls whose values nothing reads, and itself when none is left.
func (p *pruner) over(n *logical.Over, in pruned) pruned {
	spec, need, width := n.OverSpec, p.demand.of[n], len(n.Inputs()[0].Props().Schema)
	spec.PartitionBy, spec.OrderBy = in.all(spec.PartitionBy), in.keys(spec.OrderBy)
	spec.Aggs, spec.Places, spec.Names = nil, nil, nil
	columns, next := append([]int(nil), in.columns...), len(in.node.Props().Schema)
	for i := range n.Names {
		if need[width+i] == nil {
			columns = append(columns, -1)
			continue
		}
		columns = append(columns, next)
		next++
		spec.Names = append(spec.Names, n.Names[i])
		if i < len(n.Aggs) {
			spec.Aggs = append(spec.Aggs, n.Aggs[i])
			continue
		}
		place := n.Places[i-len(n.Aggs)]
		if place.Value >= 0 {
			place.Value = in.at(place.Value)
		}
		if place.Default >= 0 {
			place.Default = in.at(place.Default)
		}
		spec.Places = append(spec.Places, place)
	}
	if len(spec.Names) == 0 {
		return pruned{node: in.node, columns: columns}
	}
	spec.Aggs = remapCalls(spec.Aggs, in.at)
	return pruned{node: logical.NewOver(in.node, spec), columns: columns}
}

// narrow projects a rebuilt input to the columns in need, old in, unless it has no
// others.
func (p *pruner) narrow(was logical.Node, in pruned, need needs) pruned {
	var keep []int
	columns := make([]int, len(in.columns))
	for c := range columns {
		columns[c] = -1
		if need[c] != nil && in.columns[c] >= 0 {
			columns[c] = len(keep)
			keep = append(keep, in.columns[c])
		}
	}
	if len(keep) == 0 || len(keep) == len(in.node.Props().Schema) {
		return in
	}
	return pruned{node: logical.Narrow(in.node, keep), columns: columns}
}

// exactly gives all old columns in their old places.
func (p *pruner) exactly(was logical.Node, in pruned) pruned {
	width := len(was.Props().Schema)
	return pruned{node: logical.Narrow(in.node, in.columns), columns: logical.Range(0, width)}
}

func (p *pruner) sink(n *logical.Sink, in pruned, changed bool) pruned {
	if !changed {
		return pruned{node: n}
	}
	in = p.exactly(n.Inputs()[0], in)
	return pruned{node: n.WithInputs([]logical.Node{in.node})}
}

func (p *pruner) project(n *logical.Project, in pruned, changed bool) pruned {
	need := p.demand.of[n]
	out := pruned{columns: make([]int, len(n.Exprs))}
	var exprs []rex.Expr
	var names []string
	for i, e := range n.Exprs {
		out.columns[i] = -1
		if need[i] != nil {
			out.columns[i] = len(exprs)
			exprs, names = append(exprs, in.expr(e)), append(names, n.Names[i])
		}
	}
	if len(exprs) == len(n.Exprs) && !changed {
		out.node = n
		return out
	}
	out.node = logical.NewProject(in.node, exprs, names)
	return out
}

// aggregate drops aggregates whose result nothing reads.
func (p *pruner) aggregate(n *logical.Aggregate, in pruned) pruned {
	aggs, names, columns := p.calls(n, n.Aggs, n.Names, len(n.Keys), in)
	return pruned{node: n.Like(logical.NewAggregate(in.node, in.all(n.Keys), aggs, names, n.Span)), columns: columns}
}

// calls are the aggregates in need, and where the keys and aggregates are then.
func (p *pruner) calls(n logical.Node, aggs []rex.AggCall, names []string, keys int, in pruned) ([]rex.AggCall, []string, []int) {
	need := p.demand.of[n]
	columns := logical.Range(0, keys)
	var kept []rex.AggCall
	var keptNames []string
	for i, a := range aggs {
		if need[keys+i] == nil {
			columns = append(columns, -1)
			continue
		}
		columns = append(columns, keys+len(kept))
		kept, keptNames = append(kept, a), append(keptNames, names[i])
	}
	return remapCalls(kept, in.at), keptNames, columns
}

func (p *pruner) windowAggregate(n *logical.WindowAggregate, in pruned) pruned {
	spec := n.WindowAggregateSpec
	var columns []int
	spec.Aggs, spec.Names, columns = p.calls(n, spec.Aggs, spec.Names, len(spec.Keys), in)
	spec.Keys = in.all(spec.Keys)
	if spec.Attached {
		spec.Start, spec.End = in.at(spec.Start), in.at(spec.End)
	} else {
		spec.Window.Time = in.at(spec.Window.Time)
	}
	out := logical.NewWindowAggregate(in.node, spec)
	for i := range spec.Bounds {
		columns = append(columns, len(spec.Keys)+len(spec.Aggs)+i)
	}
	return pruned{node: out, columns: columns}
}

func (p *pruner) join(n *logical.Join, in []pruned) pruned {
	l, r := p.narrowBoth(n, in)
	spec := n.JoinSpec
	spec.LeftKeys, spec.RightKeys = l.all(spec.LeftKeys), r.all(spec.RightKeys)
	spec.Condition = overBoth(spec.Condition, len(n.Left().Props().Schema), l, r)
	out := logical.NewJoin(l.node, r.node, spec)
	switch {
	case spec.Type == logical.Mark:
		return l.with(out, 1)
	case spec.Type.LeftOnly():
		return l.with(out, 0)
	}
	return beside(out, l, r)
}

func (p *pruner) temporalJoin(n *logical.TemporalJoin, in []pruned) pruned {
	l, r := p.narrowBoth(n, in)
	spec := n.TemporalJoinSpec
	spec.LeftKeys, spec.RightKeys = l.all(spec.LeftKeys), r.all(spec.RightKeys)
	if spec.Mode == logical.AtRowtime {
		spec.LeftTime, spec.RightTime = l.at(spec.LeftTime), r.at(spec.RightTime)
	}
	spec.Condition = overBoth(spec.Condition, len(n.Left().Props().Schema), l, r)
	return beside(logical.NewTemporalJoin(l.node, r.node, spec), l, r)
}

// narrowBoth gives both sides of a join no more than is read of them.
func (p *pruner) narrowBoth(n logical.Node, in []pruned) (l, r pruned) {
	for i := range in {
		in[i] = p.narrow(n.Inputs()[i], in[i], p.demand.below(n, i))
	}
	return in[0], in[1]
}

// overBoth moves a join's condition, if there is one, onto its rebuilt sides; the old
// left side had width columns.
func overBoth(condition *rex.Expr, width int, l, r pruned) *rex.Expr {
	if condition == nil {
		return nil
	}
	left := l.node.Props().Schema
	moved := onSchema(*condition, func(c int) int {
		if c < width {
			return l.at(c)
		}
		return len(left) + r.at(c-width)
	}, append(left[:len(left):len(left)], r.node.Props().Schema...))
	return &moved
}

// beside is where the columns of a join of l and r are.
func beside(n logical.Node, l, r pruned) pruned {
	out := l.with(n, 0)
	for _, c := range r.columns {
		if c >= 0 {
			c += len(l.node.Props().Schema)
		}
		out.columns = append(out.columns, c)
	}
	return out
}

// correlate passes on and asks of the function only what is read.
func (p *pruner) correlate(n *logical.Correlate, in pruned) pruned {
	need, spec := p.demand.of[n], n.CorrelateSpec
	spec.Keep, spec.Read, spec.Args = nil, nil, nil
	for _, e := range n.Args {
		spec.Args = append(spec.Args, in.expr(e))
	}
	columns := make([]int, 0, len(need))
	keep := func(read bool) {
		columns = append(columns, -1)
		if read {
			columns[len(columns)-1] = len(spec.Keep) + len(spec.Read)
		}
	}
	for i, c := range n.Keep {
		keep(need[i] != nil)
		if need[i] != nil {
			spec.Keep = append(spec.Keep, in.at(c))
		}
	}
	for i, c := range n.Read {
		read := need[len(n.Keep)+i] != nil
		keep(read)
		if read {
			spec.Read = append(spec.Read, c)
		}
	}
	return pruned{node: logical.NewCorrelate(in.node, spec), columns: columns}
}

// union gives all inputs the same columns: those in need.
func (p *pruner) union(n *logical.Union, in []pruned) pruned {
	need := p.demand.of[n]
	var keep []int
	out := pruned{columns: make([]int, len(need))}
	for c := range need {
		out.columns[c] = -1
		if need[c] != nil {
			out.columns[c] = len(keep)
			keep = append(keep, c)
		}
	}
	inputs := make([]logical.Node, len(in))
	for i := range in {
		inputs[i] = logical.Narrow(in[i].node, in[i].all(keep))
	}
	out.node = logical.NewUnion(inputs...)
	return out
}

// scan asks the connector to give only what is in need.
func (p *pruner) scan(n *logical.Scan) (pruned, error) {
	need := p.demand.of[n]
	out := pruned{node: n, columns: logical.Range(0, len(n.Columns))}
	var columns types.Schema
	places := make([]int, len(n.Columns))
	same := true
	for i, f := range n.Columns {
		places[i] = -1
		if need[i] == nil {
			same = false
			continue
		}
		t := need[i].prune(f.Type)
		same = same && t.Equal(f.Type)
		places[i] = len(columns)
		columns = append(columns, types.Field{Name: f.Name, Type: t})
	}
	if same {
		return out, nil
	}
	info, err := p.c.Catalog.Source(n.Table, catalog.Pushdown{Columns: columns, Filters: n.Filters, Limit: n.Limit})
	if err != nil || !info.Columns {
		return out, err
	}
	spec := n.Spec()
	spec.Columns, spec.Projected, spec.Info = columns, true, info
	return pruned{node: logical.NewScan(spec), columns: places}, nil
}
