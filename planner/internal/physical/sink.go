package physical

import (
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
)

// sink builds a root: it checks that the sink accepts the changes that come, and
// brings changes of one primary key into one order.
func (b *builder) sink(n *logical.Sink) (plan.NodeID, error) {
	id, err := b.build(n.Inputs()[0])
	if err != nil {
		return 0, err
	}
	if n.Table == nil {
		if len(n.OrderBy) > 0 && !n.Props().Bounded && b.at(id).Kind != plan.KindTopN {
			return 0, errs.Unsupportedf("ORDER BY without LIMIT of a result that never ends is not supported other than by a time attribute, ascending, of rows that never change").
				At(n.OrderSpan).WithHint("order by the column of the WATERMARK first, add LIMIT, or read bounded tables")
		}
		return b.collect(n, id), nil
	}
	sink := &plan.Sink{Table: tableRef(n.Table, n.Table.Written()), Mode: n.Info.Mode, Guarantee: n.Info.Guarantee,
		NotNull: n.NotNull, DropNulls: b.opts.DropNulls && len(n.NotNull) > 0}
	updating := b.at(id).Mode != plan.InsertOnly
	key, keyed := primaryKey(n)
	// The last of rows that are only inserted overwrites the others by itself.
	resolves := n.OnConflict == "NOTHING" || n.OnConflict == "ERROR"
	switch {
	case n.Info.Mode == "append" && updating:
		return 0, b.appendOnlyError(n, id)
	case n.Info.Mode == "upsert" && updating && !keyed:
		return 0, errs.Userf("table %s takes updates by key, but declares no PRIMARY KEY", n.Table.Name).At(n.Span).
			WithHint("add PRIMARY KEY (columns) NOT ENFORCED to the table")
	case n.OnConflict != "" && (n.Info.Mode != "upsert" || !keyed):
		return 0, errs.Userf("ON CONFLICT is for tables that take updates by a PRIMARY KEY, which %s does not", n.Table.Name).At(n.OnConflictSpan)
	case n.Info.Mode == "upsert" && (updating || resolves) && !b.keyedInOrder(id, key):
		if n.OnConflict == "ERROR" {
			return 0, errs.Unsupportedf("ON CONFLICT DO ERROR is not supported yet where conflicts may be: the query's rows have another key than table %s", n.Table.Name).
				At(n.OnConflictSpan).WithHint("write ON CONFLICT DO NOTHING to keep the first row of a key, or ON CONFLICT DO DEDUPLICATE to keep the last")
		}
		id = b.materialise(id, key, n.OnConflict != "NOTHING")
	}
	if keyed {
		sink.UpsertKey = key
	}
	return b.add(n, plan.Node{Kind: plan.KindSink, Inputs: []plan.Input{{Node: id}}, Sink: sink}, spread{}), nil
}

// collect gathers a result in one task.
func (b *builder) collect(n *logical.Sink, id plan.NodeID) plan.NodeID {
	sink := &plan.Sink{Collect: true, OrderBy: n.OrderBy, Mode: "retract", Guarantee: "exactly-once"}
	if n.Visible < len(n.Props().Schema) {
		sink.Visible = n.Visible
	}
	return b.add(n, plan.Node{Kind: plan.KindSink, Inputs: []plan.Input{b.single(id)}, Sink: sink, Singleton: true}, spread{})
}

// primaryKey gives the columns of the target's primary key.
func primaryKey(n *logical.Sink) ([]int, bool) {
	var key []int
	for _, name := range n.Table.PrimaryKey {
		key = append(key, n.Props().Schema.Index(name))
	}
	slices.Sort(key)
	return key, len(key) > 0 && key[0] >= 0
}

// keyedInOrder reports whether the rows of node id are unique by exactly key, its
// changes come in order, and -U can be left out: a +U by the same key follows.
func (b *builder) keyedInOrder(id plan.NodeID, key []int) bool {
	u := b.spread[id].updates
	if u.broken || u.paired && slices.ContainsFunc(key, func(c int) bool { return !slices.Contains(u.by, c) }) {
		return false
	}
	for _, unique := range b.at(id).UniqueKeys {
		if slices.Equal(unique, key) && b.inOrder(id, key) {
			return true
		}
	}
	return false
}

// materialise keeps all rows by the sink's key and passes the one that came last, or
// first, on: rows of several keys of the query may come to one key of the sink, from
// several tasks.
func (b *builder) materialise(id plan.NodeID, key []int, last bool) plan.NodeID {
	in := b.at(id)
	node := plan.Node{
		Kind: plan.KindTopN, Inputs: []plan.Input{b.hash(id, key)}, Schema: in.Schema, UniqueKeys: [][]int{key}, Rowtime: in.Rowtime,
		Mode: plan.Retract, TopN: &plan.TopN{PartitionBy: key, Count: 1, LastOfTies: last, InputRetracts: in.Mode != plan.InsertOnly, TTLMillis: b.opts.TTLMillis},
	}
	return b.append(node, hashedBy(key).updating(key))
}

// appendOnlyError names the node that makes the updates.
func (b *builder) appendOnlyError(n *logical.Sink, id plan.NodeID) error {
	culprit := b.at(id)
	for {
		next := plan.NodeID(-1)
		for _, in := range culprit.Inputs {
			if b.at(in.Node).Mode != plan.InsertOnly {
				next = in.Node
				break
			}
		}
		if next < 0 {
			break
		}
		culprit = b.at(next)
	}
	hint := "declare a PRIMARY KEY on a connector that takes upserts, or make the query append-only, for instance by grouping by a window"
	if culprit.Kind == plan.KindSource || culprit.Kind == plan.KindNormalize {
		hint = "declare a PRIMARY KEY on a connector that takes upserts"
	}
	return errs.Userf("table %s only takes inserts, but the query updates its results in %s", n.Table.Name, describe(culprit)).At(n.Span).
		WithHint("%s", hint)
}

// describe names a node for a message.
func describe(n *plan.Node) string {
	names := n.Schema.Names()
	columns := func(cols []int) string {
		var out []string
		for _, c := range cols {
			out = append(out, names[c])
		}
		return strings.Join(out, ", ")
	}
	switch n.Kind {
	case plan.KindGroupAgg:
		if len(n.GroupAgg.Keys) == 0 {
			return "an aggregate without GROUP BY"
		}
		return "GROUP BY " + columns(logical.Range(0, len(n.GroupAgg.Keys)))
	case plan.KindWindowAgg:
		return "windows that are emitted early or late"
	case plan.KindTopN:
		return "a top-N by " + columns(n.TopN.PartitionBy)
	case plan.KindDedup:
		return "a deduplication by " + columns(n.Dedup.Keys)
	case plan.KindJoin:
		return "a " + n.Join.Kind.String() + " JOIN"
	case plan.KindMultiJoin:
		return "a LEFT JOIN"
	case plan.KindSource:
		return "the source " + n.Source.Table.Name
	}
	return "a " + n.Kind.String()
}
