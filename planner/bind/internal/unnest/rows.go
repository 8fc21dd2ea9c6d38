package unnest

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
)

// settledInput settles the one input of a node.
func (l *lifter) settledInput(n logical.Node) (settled, error) {
	q, err := l.lift(n.Inputs()[0])
	if err != nil {
		return settled{}, err
	}
	return l.settle(q), nil
}

// topN keeps the first rows of each partition for each value of the keys.
func (l *lifter) topN(n *logical.TopN) (lifted, error) {
	s, err := l.settledInput(n)
	if err != nil {
		return lifted{}, err
	}
	spec := n.TopNSpec
	spec.PartitionBy = partition(s, n.PartitionBy)
	spec.OrderBy = sortKeys(s, n.OrderBy)
	width := len(s.node.Props().Schema)
	out := l.after(s, logical.NewTopN(s.node, spec))
	if n.Rank {
		out.columns = append(out.columns, rex.Col(width, out.node.Props().Schema[width].Type))
	}
	return out, nil
}

// after is what s is above an operator that passes its columns on.
func (l *lifter) after(s settled, node logical.Node) lifted {
	return lifted{node: node, columns: logical.Cols(node.Props().Schema, s.columns), preds: s.preds()}
}

// partition are columns that rows are apart by, for each value of the keys.
func partition(s settled, columns []int) []int {
	out := s.by()
	for _, c := range columns {
		out = append(out, s.at(c))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func sortKeys(s settled, keys []rex.SortKey) []rex.SortKey {
	out := slices.Clone(keys)
	for i := range out {
		out[i].Column = s.at(out[i].Column)
	}
	return out
}

// limit counts the rows for each value of the keys: a top-N without an order.
func (l *lifter) limit(n *logical.Limit) (lifted, error) {
	s, err := l.settledInput(n)
	if err != nil {
		return lifted{}, err
	}
	if len(s.keys) == 0 {
		return l.after(s, logical.NewLimit(s.node, n.Offset, n.Count)), nil
	}
	return l.after(s, logical.NewTopN(s.node, logical.TopNSpec{PartitionBy: partition(s, nil), Offset: n.Offset, Count: n.Count})), nil
}

// over computes the functions for each value of the keys.
func (l *lifter) over(n *logical.Over) (lifted, error) {
	s, err := l.settledInput(n)
	if err != nil {
		return lifted{}, err
	}
	spec := n.OverSpec
	spec.PartitionBy = partition(s, n.PartitionBy)
	spec.OrderBy = sortKeys(s, n.OrderBy)
	spec.Aggs = logical.RemapCalls(n.Aggs, s.at)
	spec.Places = slices.Clone(n.Places)
	for i := range spec.Places {
		if p := &spec.Places[i]; p.Value >= 0 {
			p.Value = s.at(p.Value)
		}
		if p := &spec.Places[i]; p.Default >= 0 {
			p.Default = s.at(p.Default)
		}
	}
	width := len(s.node.Props().Schema)
	out := l.after(s, logical.NewOver(s.node, spec))
	schema := out.node.Props().Schema
	out.columns = append(out.columns, logical.Cols(schema, logical.Range(width, len(schema)))...)
	return out, nil
}

// window puts rows into windows; sessions are apart by the keys too. Where the rows must
// be joined with the domain first, they come without event time.
func (l *lifter) window(n *logical.WindowTVF) (lifted, error) {
	s, err := l.settledInput(n)
	if err != nil {
		return lifted{}, err
	}
	w := n.Window
	w.Time = s.at(w.Time)
	if s.node.Props().Time[w.Time] == logical.NotTime {
		return lifted{}, errs.Unsupportedf("windows over rows that are chosen by another condition on the query around than equality are not supported").At(n.Span).
			WithHint("filter the windows instead: put the condition behind the window function")
	}
	if w.Kind == logical.Session {
		w.Partition = partition(s, n.Window.Partition)
	}
	width := len(s.node.Props().Schema)
	out := l.after(s, logical.NewWindowTVF(s.node, w, n.Span))
	out.columns = append(out.columns, logical.Cols(out.node.Props().Schema, logical.Range(width, width+3))...)
	return out, nil
}

// aggregate groups by the keys too.
func (l *lifter) aggregate(n *logical.Aggregate) (lifted, error) {
	q, err := l.lift(n.Inputs()[0])
	if err != nil {
		return q, err
	}
	global := len(n.Keys) == 0
	if global && slices.ContainsFunc(n.Aggs, func(a rex.AggCall) bool { _, ok := ofNothing(a); return !ok }) {
		return l.groupDomain(n, q), nil
	}
	s := l.settle(q)
	by := s.by()
	keys := slices.Clone(by)
	for _, k := range n.Keys {
		keys = append(keys, s.at(k))
	}
	out := lifted{node: logical.NewAggregate(s.node, keys, logical.RemapCalls(n.Aggs, s.at), n.Names, n.Span), preds: slices.Clone(s.tests), single: global}
	schema := out.node.Props().Schema
	for i, k := range s.keys {
		k.column = i
		out.preds = append(out.preds, k.condition(schema))
	}
	for i := len(by); i < len(schema); i++ {
		c := rex.Col(i, schema[i].Type)
		if a := i - len(by) - len(n.Keys); a >= 0 && global {
			c.Type.Nullable = true
			if empty, _ := ofNothing(n.Aggs[a]); !empty.IsNull() {
				c = rex.CallOf("COALESCE", schema[i].Type, c, empty)
			}
		}
		out.columns = append(out.columns, c)
	}
	return out, nil
}

// ofNothing is the value of an aggregate over no rows, where it is known.
func ofNothing(a rex.AggCall) (rex.Expr, bool) {
	switch a.Name {
	case "COUNT", "APPROX_COUNT_DISTINCT":
		return rex.Lit(a.Type, rex.Value{}), true
	case "SUM", "MIN", "MAX", "AVG", "STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP", "FIRST_VALUE", "LAST_VALUE",
		"FIRST_VALUE RESPECT NULLS", "LAST_VALUE RESPECT NULLS", "LISTAGG", "PERCENTILE":
		return rex.NullOf(a.Type), true
	}
	return rex.Expr{}, false
}

// groupDomain groups the domain's rows, each with those of q or with none: the
// aggregates count the former only.
func (l *lifter) groupDomain(n *logical.Aggregate, q lifted) lifted {
	if q.single {
		q = l.whole(q)
	}
	schema := q.node.Props().Schema
	columns := l.refs(append(slices.Clone(q.preds), q.columns...)...)
	marked := lifted{columns: q.columns, preds: q.preds}
	marked.node = logical.NewProject(q.node, append(logical.AllCols(schema), rex.Bool(true)), append(schema.Names(), "$match"))
	node, keys, move := l.joined(logical.Left, marked, columns)
	padded := node.Props().Schema
	exprs := make([]rex.Expr, len(q.columns))
	for i, c := range q.columns {
		exprs[i] = logical.OnSchema(move(c), func(c int) int { return c }, padded)
	}
	boolean := types.Of(types.Boolean)
	match := rex.CallOf("IS NOT NULL", boolean.NotNull(), rex.Col(len(columns)+len(schema), boolean))
	filters := map[int]int{}
	for _, a := range n.Aggs {
		filters[a.Filter] = len(exprs)
		if a.Filter >= 0 {
			exprs = append(exprs, logical.And([]rex.Expr{match, exprs[a.Filter]}))
		} else {
			exprs = append(exprs, match)
		}
	}
	s := layOut(node, exprs, keys)
	aggs := slices.Clone(n.Aggs)
	for i := range aggs {
		aggs[i].Filter = filters[aggs[i].Filter]
	}
	out := logical.NewAggregate(s.node, s.by(), logical.RemapCalls(aggs, s.at), n.Names, n.Span)
	result := settled{node: out, columns: logical.Range(len(columns), len(columns)+len(aggs))}
	for i, k := range s.keys {
		result.keys = append(result.keys, key{k.outer, i, true})
	}
	return result.lifted()
}

// union lifts all inputs; they must agree in what their keys are.
func (l *lifter) union(n *logical.Union) (lifted, error) {
	branches := make([]lifted, len(n.Inputs()))
	for i, in := range n.Inputs() {
		q, err := l.rows(in)
		if err != nil {
			return q, err
		}
		branches[i] = q
	}
	return l.unionOf(branches, n.Props().Schema.Names()), nil
}

func (l *lifter) unionOf(branches []lifted, names []string) lifted {
	all := make([]settled, len(branches))
	agree := true
	var need []rex.Expr
	for i, q := range branches {
		need = append(append(need, q.preds...), q.columns...)
		all[i] = l.settle(q)
		agree = agree && sameKeys(all[0], all[i])
	}
	if !agree {
		for i, q := range branches {
			all[i] = l.overDomain(q, l.refs(need...))
		}
	}
	width := len(names)
	for i := range all[0].keys {
		names = append(names, "$key"+itoa(i))
	}
	inputs := make([]logical.Node, len(all))
	for i, s := range all {
		inputs[i] = logical.NewProject(s.node, logical.Cols(s.node.Props().Schema, append(slices.Clone(s.columns), s.by()...)), names)
	}
	out := settled{node: logical.NewUnion(inputs...), columns: logical.Range(0, width)}
	for i, k := range all[0].keys {
		out.keys = append(out.keys, key{k.outer, width + i, k.nulls})
	}
	return out.lifted()
}

// sameKeys reports whether rows of both hang on the relation in the same way.
func sameKeys(a, b settled) bool {
	if len(a.keys) != len(b.keys) || len(a.tests)+len(b.tests) > 0 {
		return false
	}
	for i, k := range a.keys {
		if !k.outer.Equal(b.keys[i].outer) || k.nulls != b.keys[i].nulls {
			return false
		}
	}
	return true
}
