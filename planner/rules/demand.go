package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
)

// need is how much of a column is read: all of it, or some fields of a row.
type need struct {
	whole  bool
	fields map[string]*need
}

// needs has an entry per column; nil columns are not read.
type needs []*need

// add reads the field at the end of path, as far as wanted says.
func (n needs) add(column int, path []string, wanted *need) {
	if n[column] == nil {
		n[column] = &need{}
	}
	at := n[column]
	for _, name := range path {
		if at.whole {
			return
		}
		if at.fields == nil {
			at.fields = map[string]*need{}
		}
		if at.fields[name] == nil {
			at.fields[name] = &need{}
		}
		at = at.fields[name]
	}
	at.merge(wanted)
}

func (n *need) merge(o *need) {
	if n.whole || o.whole {
		n.whole, n.fields = true, nil
		return
	}
	for name, f := range o.fields {
		if n.fields == nil {
			n.fields = map[string]*need{}
		}
		if n.fields[name] == nil {
			n.fields[name] = &need{}
		}
		n.fields[name].merge(f)
	}
}

// whole reads all of the columns.
func (n needs) whole(columns ...int) {
	for _, c := range columns {
		n.add(c, nil, &need{whole: true})
	}
}

// expr reads what e reads; wanted is how much of e itself is read.
func (n needs) expr(e rex.Expr, wanted *need) {
	var path []string
	at := e
	for at.Kind == rex.Field {
		path = append([]string{at.Name}, path...)
		at = at.Args[0]
	}
	if at.Kind == rex.Input {
		n.add(at.Index, path, wanted)
		return
	}
	for _, a := range e.Args {
		n.expr(a, &need{whole: true})
	}
}

// prune keeps the fields of a row type that are read; a row of which none is read
// by name is kept whole.
func (n *need) prune(t types.Type) types.Type {
	if n.whole || t.Kind != types.Row || len(n.fields) == 0 {
		return t
	}
	out := t
	out.Fields = nil
	for _, f := range t.Fields {
		if sub := n.fields[f.Name]; sub != nil {
			out.Fields = append(out.Fields, types.Field{Name: f.Name, Type: sub.prune(f.Type)})
		}
	}
	return out
}

// demand is what is read of every node's columns by all its readers.
type demand struct {
	of map[logical.Node]needs
}

// demandOf walks from the sinks down, every node after all its readers.
func demandOf(roots []logical.Node) demand {
	var order []logical.Node
	logical.Walk(roots, func(n logical.Node) { order = append(order, n) })
	d := demand{of: map[logical.Node]needs{}}
	for i := len(order) - 1; i >= 0; i-- {
		n := order[i]
		d.atLeastOne(n)
		for j, in := range n.Inputs() {
			below := d.below(n, j)
			if d.of[in] == nil {
				d.of[in] = make(needs, len(in.Props().Schema))
			}
			for c, w := range below {
				if w != nil {
					d.of[in].add(c, nil, w)
				}
			}
		}
	}
	return d
}

// atLeastOne makes sure that a node has a column, as rows without columns can't be
// counted, and that scans of updates have their key.
func (d demand) atLeastOne(n logical.Node) {
	schema := n.Props().Schema
	if d.of[n] == nil {
		d.of[n] = make(needs, len(schema))
	}
	if s, ok := n.(*logical.Scan); ok && (s.Info.Upsert || s.Info.Changelog) {
		for _, key := range s.Props().Keys {
			d.of[n].whole(key...)
		}
	}
	best := -1
	for c, w := range d.of[n] {
		if w != nil {
			return
		}
		if best < 0 || width(schema[c].Type) < width(schema[best].Type) {
			best = c
		}
	}
	if best >= 0 {
		d.of[n].whole(best)
	}
}

// width is a rough cost of reading a type.
func width(t types.Type) int {
	switch {
	case t.IsNested():
		return 100
	case t.IsString(), t.IsBinary():
		return 30
	case t.Kind == types.Decimal:
		return 16
	}
	return 8
}

// below is what n reads of its input number j to give what is read of n.
func (d demand) below(n logical.Node, j int) needs {
	in := n.Inputs()[j]
	out := make(needs, len(in.Props().Schema))
	of := d.of[n]
	switch n := n.(type) {
	case *logical.Project:
		for i, e := range n.Exprs {
			if of[i] != nil {
				out.expr(e, of[i])
			}
		}
		return out
	case *logical.Sink:
		out.whole(logical.Range(0, len(out))...)
		return out
	case *logical.Aggregate:
		out.whole(n.Keys...)
		out.whole(d.callColumns(n, n.Aggs, len(n.Keys))...)
		return out
	case *logical.WindowAggregate:
		d.windowColumns(n, out)
		return out
	case *logical.Join:
		d.joinColumns(n, j, out)
		return out
	case *logical.Correlate:
		for _, e := range n.Args {
			out.expr(e, &need{whole: true})
		}
		for i, c := range n.Keep {
			if of[i] != nil {
				out.add(c, nil, of[i])
			}
		}
		return out
	case *logical.TemporalJoin:
		d.temporalColumns(n, j, out)
		return out
	case *logical.Match:
		spec, _ := matchInUse(n, of)
		out.whole(spec.Columns()...)
		return out
	}
	for c := range out {
		if of[c] != nil {
			out.add(c, nil, of[c])
		}
	}
	d.ownColumns(n, out)
	return out
}

// callColumns are the columns of the aggregates whose results are read.
func (d demand) callColumns(n logical.Node, aggs []rex.AggCall, keys int) []int {
	var used []rex.AggCall
	for i, a := range aggs {
		if d.of[n][keys+i] != nil {
			used = append(used, a)
		}
	}
	return logical.AggColumns(used)
}

func (d demand) windowColumns(n *logical.WindowAggregate, out needs) {
	out.whole(n.Keys...)
	out.whole(d.callColumns(n, n.Aggs, len(n.Keys))...)
	if n.Attached {
		out.whole(n.Start, n.End)
		return
	}
	out.whole(n.Window.Time)
}

// joinColumns are the columns of side j that come out, and that the join itself
// reads.
func (d demand) joinColumns(n *logical.Join, j int, out needs) {
	width := len(n.Left().Props().Schema)
	own := append([]int(nil), n.LeftKeys...)
	for _, k := range n.RightKeys {
		own = append(own, k+width)
	}
	d.bothColumns(n, n.Condition, own, j, out)
}

// temporalColumns is joinColumns of a temporal join, which reads times too.
func (d demand) temporalColumns(n *logical.TemporalJoin, j int, out needs) {
	width := len(n.Left().Props().Schema)
	own := append([]int(nil), n.LeftKeys...)
	for _, k := range n.RightKeys {
		own = append(own, k+width)
	}
	if n.Mode == logical.AtRowtime {
		own = append(own, n.LeftTime, n.RightTime+width)
	}
	d.bothColumns(n, n.Condition, own, j, out)
}

// bothColumns are the columns of side j of n that come out, that its condition reads,
// and those among own, which count left then right columns.
func (d demand) bothColumns(n logical.Node, condition *rex.Expr, own []int, j int, out needs) {
	width := len(n.Inputs()[0].Props().Schema)
	both := make(needs, width+len(n.Inputs()[1].Props().Schema))
	for c, w := range d.of[n] {
		if w != nil {
			both.add(c, nil, w)
		}
	}
	if condition != nil {
		both.expr(*condition, &need{whole: true})
	}
	both.whole(own...)
	for c := range out {
		from := c
		if j == 1 {
			from += width
		}
		if both[from] != nil {
			out.add(c, nil, both[from])
		}
	}
}

// ownColumns are the columns that operators that pass rows on read themselves.
func (d demand) ownColumns(n logical.Node, out needs) {
	switch n := n.(type) {
	case *logical.Filter:
		out.expr(n.Predicate, &need{whole: true})
	case *logical.Watermark:
		out.whole(n.Column)
		out.expr(n.Expr, &need{whole: true})
	case *logical.WindowTVF:
		out.whole(n.Window.Time)
		out.whole(n.Window.Partition...)
	case *logical.Over:
		out.whole(n.Columns()...)
	case *logical.LateRows:
		out.whole(n.Column())
		out.whole(n.Keys...)
	case *logical.Sort:
		for _, k := range n.Keys {
			out.whole(k.Column)
		}
	case *logical.TopN:
		out.whole(n.PartitionBy...)
		for _, k := range n.OrderBy {
			out.whole(k.Column)
		}
	case *logical.Dedup:
		out.whole(n.Keys...)
		if n.Time >= 0 {
			out.whole(n.Time)
		}
	}
}
