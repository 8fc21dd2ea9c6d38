// Package physical chooses operators and exchanges for a rewritten logical DAG:
// it fuses filters and projections, splits aggregates into two phases, decides
// how rows are spread over tasks, which changelog each node emits and what a sink
// needs of it.
package physical

import (
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/catalog"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
)

// Options steer the choices.
type Options struct {
	Functions catalog.Functions
	// TwoPhase allows local aggregation before an exchange.
	TwoPhase bool
	// MultiJoin allows one operator for several joins on one key.
	MultiJoin bool
	// DropNulls drops rows with NULL in a NOT NULL column of a sink instead of failing.
	DropNulls bool
	// TTLMillis drops state that was not touched for so long; 0 never.
	TTLMillis int64
}

// Build makes the plan of a query whose roots are sinks.
func Build(roots []logical.Node, opts Options) (*plan.Plan, error) {
	b := &builder{opts: opts, plan: &plan.Plan{Version: plan.Version}, done: map[logical.Node]plan.NodeID{}, parents: logical.Parents(roots)}
	for _, root := range roots {
		if _, err := b.build(root); err != nil {
			return nil, err
		}
	}
	chooseModes(b.plan)
	assignUIDs(b.plan)
	if err := b.plan.Validate(); err != nil {
		return nil, err
	}
	return b.plan, nil
}

type builder struct {
	opts    Options
	plan    *plan.Plan
	done    map[logical.Node]plan.NodeID
	parents map[logical.Node][]logical.Node
	// spread tells how the rows of each plan node are spread over tasks.
	spread []spread
}

// spread is how a node's rows lie on tasks.
type spread struct {
	// hashed are lists of columns whose hash chose the task.
	hashed [][]int
	// ordered are sets of columns: changes of rows that agree in one of them come
	// in the order they happened.
	ordered [][]int
	updates updates
}

// updates is what is known of the -U and +U of a node that has any.
type updates struct {
	// broken: a -U may come without a +U, and the other way round.
	broken bool
	// paired: a -U is followed by the +U that replaces it, and both agree in the
	// columns by. Neither broken nor paired: there are only +I and -D.
	paired bool
	by     []int
}

// build makes n's plan nodes once and gives the last one.
func (b *builder) build(n logical.Node) (plan.NodeID, error) {
	if id, ok := b.done[n]; ok {
		return id, nil
	}
	id, err := b.node(n)
	if err != nil {
		return 0, err
	}
	b.done[n] = id
	return id, nil
}

func (b *builder) node(n logical.Node) (plan.NodeID, error) {
	switch n := n.(type) {
	case *logical.Scan:
		return b.scan(n), nil
	case *logical.Values:
		return b.add(n, plan.Node{Kind: plan.KindValues, Singleton: true, Values: &plan.Values{Rows: n.Rows}}, spread{ordered: [][]int{{}}}), nil
	case *logical.Watermark:
		return b.watermark(n)
	case *logical.Filter:
		return b.calc(n)
	case *logical.Project:
		return b.calc(n)
	case *logical.Union:
		return b.union(n)
	case *logical.Sink:
		return b.sink(n)
	}
	return b.stateful(n)
}

// stateful builds the operators that keep rows.
func (b *builder) stateful(n logical.Node) (plan.NodeID, error) {
	switch n := n.(type) {
	case *logical.Aggregate:
		return b.groupAgg(n)
	case *logical.WindowTVF:
		return b.windowTVF(n)
	case *logical.WindowAggregate:
		return b.windowAgg(n)
	case *logical.Join:
		return b.join(n)
	case *logical.TemporalJoin:
		return b.temporalJoin(n)
	case *logical.TopN:
		return b.topN(n)
	case *logical.Dedup:
		return b.dedup(n)
	case *logical.Limit:
		return b.limit(n)
	case *logical.Match:
		return b.match(n)
	case *logical.Correlate:
		return b.correlate(n)
	case *logical.Over:
		return b.over(n)
	case *logical.LateRows:
		return b.lateRows(n)
	case *logical.Sort:
		return b.temporalSort(n)
	}
	return 0, errs.Bugf("no physical operator for %s", n.Kind())
}

// add appends a node with the properties of the logical node it stands for.
func (b *builder) add(n logical.Node, node plan.Node, s spread) plan.NodeID {
	p := n.Props()
	node.Schema, node.UniqueKeys, node.Rowtime = p.Schema, p.Keys, p.RowtimeColumn()
	if !p.Changes.InsertOnly() {
		node.Mode = plan.Retract
	}
	return b.append(node, s)
}

// append gives a node its number. A node that has one task forwards to nodes of
// one task, so a Forward edge makes its reader a singleton too.
func (b *builder) append(node plan.Node, s spread) plan.NodeID {
	node.ID = plan.NodeID(len(b.plan.Nodes))
	for _, in := range node.Inputs {
		if in.Exchange == plan.Forward && b.at(in.Node).Singleton {
			node.Singleton = true
		}
	}
	if node.Singleton {
		s = spread{ordered: [][]int{{}}, updates: s.updates}
	}
	b.plan.Nodes = append(b.plan.Nodes, node)
	b.spread = append(b.spread, s)
	return node.ID
}

func (b *builder) at(id plan.NodeID) *plan.Node { return &b.plan.Nodes[id] }

// inputs builds all inputs of n.
func (b *builder) inputs(n logical.Node) ([]plan.NodeID, error) {
	var ids []plan.NodeID
	for _, in := range n.Inputs() {
		id, err := b.build(in)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// sourceOf describes what a scan reads.
func sourceOf(n *logical.Scan) plan.Source {
	source := plan.Source{
		Table: tableRef(n.Table, n.Table.Columns), Filters: n.Filters, Projected: n.Info.Columns, Limit: n.Limit, Bounded: n.Info.Bounded,
	}
	if n.Projected {
		source.Columns = n.Columns
	}
	return source
}

func (b *builder) scan(n *logical.Scan) plan.NodeID {
	source := sourceOf(n)
	var s spread
	keys := n.Props().Keys
	if len(keys) > 0 {
		s.ordered = [][]int{keys[0]}
		s.updates = updates{paired: true, by: keys[0]}
	} else {
		s.updates = updates{broken: true}
	}
	node := plan.Node{Kind: plan.KindSource, Source: &source}
	if !n.Info.Upsert {
		return b.add(n, node, s)
	}
	id := b.add(n, node, s)
	b.at(id).Mode = plan.Upsert
	if n.Raw {
		return id
	}
	return b.add(n, plan.Node{
		Kind: plan.KindNormalize, Inputs: []plan.Input{b.hash(id, keys[0])},
		Normalize: &plan.Normalize{Keys: keys[0], TTLMillis: b.opts.TTLMillis},
	}, hashedBy(keys[0]).updating(keys[0]))
}

func hashedBy(keys []int) spread { return spread{hashed: [][]int{keys}, ordered: [][]int{keys}} }

// updating is s with updates in pairs by columns.
func (s spread) updating(by []int) spread {
	s.updates = updates{paired: true, by: by}
	return s
}

// tableRef describes an external table by its stored columns.
func tableRef(t *catalog.Table, columns []catalog.Column) plan.TableRef {
	ref := plan.TableRef{Name: t.Name, Connector: t.Options["connector"], PrimaryKey: t.PrimaryKey, PartitionedBy: t.PartitionedBy}
	for _, c := range columns {
		if c.Computed != "" {
			continue
		}
		ref.Schema = append(ref.Schema, c.Stored())
		if c.Metadata != "" {
			if ref.Metadata == nil {
				ref.Metadata = map[string]string{}
			}
			ref.Metadata[c.Name] = c.Metadata
		}
	}
	for k, v := range t.Options {
		if k == "connector" || strings.HasPrefix(k, "scan.watermark.") {
			continue
		}
		if ref.Options == nil {
			ref.Options = map[string]string{}
		}
		ref.Options[k] = v
	}
	return ref
}

func (b *builder) watermark(n *logical.Watermark) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	w := &plan.Watermark{Column: n.Column, Expr: n.Expr, IdleMillis: n.IdleMillis}
	if n.Align != nil {
		w.AlignGroup, w.AlignDriftMillis = n.Align.Group, n.Align.DriftMillis
	}
	id := b.add(n, plan.Node{Kind: plan.KindWatermark, Inputs: []plan.Input{{Node: ids[0]}}, Watermark: w}, b.spread[ids[0]])
	b.at(id).Mode = b.at(ids[0]).Mode
	return id, nil
}

func (b *builder) union(n *logical.Union) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	single := true
	for _, id := range ids {
		single = single && b.at(id).Singleton
	}
	node := plan.Node{Kind: plan.KindUnion}
	for _, id := range ids {
		in := plan.Input{Node: id}
		if b.at(id).Singleton && !single {
			in = b.scatter(id)
		}
		node.Inputs = append(node.Inputs, in)
	}
	return b.add(n, node, spread{updates: updates{broken: true}}), nil
}

// scatter is an edge that spreads the rows of one task over all. A row that comes
// and goes keeps to one task, so that its -D can't overtake its +I.
func (b *builder) scatter(from plan.NodeID) plan.Input {
	n := b.at(from)
	if n.Mode == plan.InsertOnly {
		return plan.Input{Node: from, Exchange: plan.Rebalance}
	}
	if len(n.UniqueKeys) > 0 && len(n.UniqueKeys[0]) > 0 {
		return plan.Input{Node: from, Exchange: plan.Hash, Keys: n.UniqueKeys[0]}
	}
	return plan.Input{Node: from, Exchange: plan.Hash, Keys: logical.Range(0, len(n.Schema))}
}

// hash is an edge that brings rows that agree in keys to one task; rows that lie
// so already stay where they are.
func (b *builder) hash(from plan.NodeID, keys []int) plan.Input {
	if len(keys) == 0 {
		return b.single(from)
	}
	for _, hashed := range b.spread[from].hashed {
		if slices.Equal(hashed, keys) {
			return plan.Input{Node: from}
		}
	}
	return plan.Input{Node: from, Exchange: plan.Hash, Keys: keys}
}

// single is an edge that brings all rows to one task.
func (b *builder) single(from plan.NodeID) plan.Input {
	if b.at(from).Singleton {
		return plan.Input{Node: from}
	}
	return plan.Input{Node: from, Exchange: plan.Single}
}
