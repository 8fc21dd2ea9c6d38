package physical

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
)

// groupAgg builds an unbounded GROUP BY, with a local phase before the exchange
// where all aggregates can merge.
func (b *builder) groupAgg(n *logical.Aggregate) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	input := n.Inputs()[0]
	agg := &plan.GroupAgg{
		Keys: n.Keys, Aggs: n.Aggs, InputSchema: input.Props().Schema,
		InputRetracts: !input.Props().Changes.InsertOnly(), TTLMillis: b.ttl(n.TTL),
	}
	edge := b.hash(ids[0], n.Keys)
	if columns, ok := b.partials(n.Aggs, agg.InputRetracts); ok && edge.Exchange != plan.Forward {
		schema := keySchema(agg.InputSchema, n.Keys)
		if agg.InputRetracts {
			schema = append(schema, types.Field{Name: "$rows", Type: types.Of(types.BigInt).NotNull()})
		}
		local := *agg
		local.TTLMillis = 0
		id := b.append(plan.Node{
			Kind: plan.KindLocalGroupAgg, Inputs: []plan.Input{{Node: ids[0]}}, Schema: append(schema, columns...), Rowtime: -1, GroupAgg: &local,
		}, spread{})
		agg.FromLocal = true
		edge = b.hash(id, logical.Range(0, len(n.Keys)))
	}
	node := plan.Node{Kind: plan.KindGroupAgg, Inputs: []plan.Input{edge}, GroupAgg: agg, Singleton: len(n.Keys) == 0}
	keys := logical.Range(0, len(n.Keys))
	return b.add(n, node, hashedBy(keys).updating(keys)), nil
}

func keySchema(in types.Schema, keys []int) types.Schema {
	out := types.Schema{}
	for _, k := range keys {
		out = append(out, in[k])
	}
	return out
}

// partials are the columns of the aggregates' partial results; false when the
// aggregation stays in one phase.
func (b *builder) partials(aggs []rex.AggCall, retracts bool) (types.Schema, bool) {
	if !b.opts.TwoPhase || len(aggs) == 0 {
		return nil, false
	}
	var out types.Schema
	for _, a := range aggs {
		sig, ok := b.opts.Functions.Aggregate(a.Name)
		if !ok || sig.Partial == nil {
			return nil, false
		}
		columns := sig.Partial(a, retracts)
		if len(columns) == 0 {
			return nil, false
		}
		for _, t := range columns {
			out = append(out, types.Field{Name: "$part" + itoa(len(out)), Type: t})
		}
	}
	return out, true
}

// windowPairs are the columns that both rows of an update of a windowed aggregate
// agree in: the keys and the window.
func windowPairs(n *logical.WindowAggregate) []int {
	aggs := len(n.Keys) + len(n.Aggs)
	return append(logical.Range(0, len(n.Keys)), logical.Range(aggs, aggs+len(n.Bounds))...)
}

// windowSpec translates a window.
func windowSpec(w logical.Window) plan.WindowSpec {
	return plan.WindowSpec{
		Kind: plan.WindowKind(w.Kind), Time: w.Time, SizeMillis: w.SizeMillis, StepMillis: w.StepMillis,
		OffsetMillis: w.OffsetMillis, ProcTime: w.Proctime, Zone: w.Zone, Partition: w.Partition,
	}
}

func (b *builder) windowTVF(n *logical.WindowTVF) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	if by := n.Window.Partition; n.Window.Kind == logical.Session {
		s := hashedBy(by)
		s.updates = updates{broken: !n.Props().Changes.InsertOnly()}
		return b.add(n, plan.Node{
			Kind: plan.KindSessionWindow, Inputs: []plan.Input{b.hash(ids[0], by)}, Window: &plan.Window{Spec: windowSpec(n.Window)}, Singleton: len(by) == 0,
		}, s), nil
	}
	return b.add(n, plan.Node{
		Kind: plan.KindWindow, Inputs: []plan.Input{{Node: ids[0]}}, Window: &plan.Window{Spec: windowSpec(n.Window)},
	}, b.spread[ids[0]]), nil
}

// windowAgg builds a windowed GROUP BY. Rows are spread by the keys alone; one
// without keys has one task.
func (b *builder) windowAgg(n *logical.WindowAggregate) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	input := n.Inputs()[0]
	agg := &plan.WindowAgg{
		Spec: windowSpec(n.Window), Keys: n.Keys, Aggs: n.Aggs, InputSchema: input.Props().Schema,
		InputRetracts: !input.Props().Changes.InsertOnly(),
	}
	if n.Emit.Updates() {
		if n.Window.Kind == logical.Session && n.Attached && !agg.InputRetracts {
			return 0, errs.Unsupportedf("early and late fire of an aggregate over SESSION windows that it can't assign itself is not supported").At(n.Span).
				WithHint("group right above the window function by what the sessions are apart by; or " +
					"RESET 'table.exec.emit.early-fire.enabled' and 'table.exec.emit.late-fire.enabled'")
		}
		agg.Emit = &plan.Emission{Early: n.Emit.Early, EarlyMillis: n.Emit.EarlyMillis, Late: n.Emit.Late, LateMillis: n.Emit.LateMillis,
			LatenessMillis: n.Emit.LatenessMillis}
	}
	for _, bound := range n.Bounds {
		agg.Properties = append(agg.Properties, plan.WindowProperty(bound))
	}
	if n.Attached {
		agg.Spec.Attached, agg.Spec.Start, agg.Spec.End = true, n.Start, n.End
	}
	if n.Attached && n.Window.Proctime {
		return 0, errs.Bugf("an aggregate takes windows of processing time from columns")
	}
	agg.Spec.Partition = nil
	edge := b.hash(ids[0], n.Keys)
	if columns, ok := b.partials(n.Aggs, agg.InputRetracts); ok && edge.Exchange != plan.Forward && inPhases(n) && !agg.InputRetracts {
		schema := append(keySchema(agg.InputSchema, n.Keys), types.Field{Name: "$slice_end", Type: types.Of(types.BigInt).NotNull()})
		local := *agg
		local.Properties = nil
		id := b.append(plan.Node{
			Kind: plan.KindLocalWindowAgg, Inputs: []plan.Input{{Node: ids[0]}}, Schema: append(schema, columns...), Rowtime: -1, WindowAgg: &local,
		}, spread{})
		agg.FromLocal = true
		edge = b.hash(id, logical.Range(0, len(n.Keys)))
	}
	node := plan.Node{Kind: plan.KindWindowAgg, Inputs: []plan.Input{edge}, WindowAgg: agg, Singleton: len(n.Keys) == 0}
	return b.add(n, node, hashedBy(logical.Range(0, len(n.Keys))).updating(windowPairs(n))), nil
}

// inPhases reports windows that a local phase can assign rows to: neither sessions,
// which other tasks' rows may extend, nor windows that are emitted early or late, nor
// those of processing time, since what was
// held back would come when the global phase's clock has closed the window.
func inPhases(n *logical.WindowAggregate) bool {
	return !n.Emit.Updates() && !n.Attached && n.Window.Kind != logical.Session && !n.Window.Proctime
}

// lateRows builds what tells late rows, spread as the aggregate that follows.
func (b *builder) lateRows(n *logical.LateRows) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	late := &plan.LateRows{Spec: windowSpec(n.Window), LatenessMillis: n.LatenessMillis}
	if n.Attached {
		late.Spec.Attached, late.Spec.End = true, n.End
	}
	if n.Window.Kind == logical.Session {
		late.Spec.Partition = n.Keys
	}
	return b.add(n, plan.Node{
		Kind: plan.KindLateRows, Inputs: []plan.Input{b.hash(ids[0], n.Keys)}, LateRows: late, Singleton: len(n.Keys) == 0,
	}, hashedBy(n.Keys)), nil
}
