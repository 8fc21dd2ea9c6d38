package physical

import (
	"slices"
	"strconv"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
)

func itoa(n int) string { return strconv.Itoa(n) }

func (b *builder) join(n *logical.Join) (plan.NodeID, error) {
	if id, ok, err := b.multiJoin(n); ok || err != nil {
		return id, err
	}
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	left, right := b.ttl(n.LeftTTL), b.ttl(n.RightTTL)
	if x := n.Interval(); x != nil && (x.Attributes || x.Windowed || left == 0 && right == 0) {
		return b.intervalJoin(n, x, ids), nil
	}
	join := &plan.Join{
		Kind: plan.JoinKind(n.Type), LeftKeys: n.LeftKeys, RightKeys: n.RightKeys, NullEqual: n.NullEqual, Condition: n.Condition,
		LeftUnique: b.orderedKey(ids[0]), RightUnique: b.orderedKey(ids[1]), TTLMillis: left,
	}
	if right != left {
		join.RightTTLMillis = &right
	}
	node := plan.Node{
		Kind: plan.KindJoin, Inputs: []plan.Input{b.hash(ids[0], n.LeftKeys), b.hash(ids[1], n.RightKeys)},
		Join: join, Singleton: len(n.LeftKeys) == 0,
	}
	return b.add(n, node, joinSpread(n)), nil
}

// ttl is how long state is kept in milliseconds: as long as a hint says, or the job.
func (b *builder) ttl(hint *int64) int64 {
	if hint != nil {
		return *hint
	}
	return b.opts.TTLMillis
}

// intervalJoin builds a join whose rows die with time. One that is no interval join
// in Flink's sense stays a plain join when state is to be forgotten after a while
// anyway: what is forgotten then shows in the result.
func (b *builder) intervalJoin(n *logical.Join, x *logical.Interval, inputs []plan.NodeID) plan.NodeID {
	bound := func(v, none int64) *int64 {
		if v == none {
			return nil
		}
		return &v
	}
	return b.add(n, plan.Node{
		Kind: plan.KindIntervalJoin, Inputs: []plan.Input{b.hash(inputs[0], n.LeftKeys), b.hash(inputs[1], n.RightKeys)},
		Singleton: len(n.LeftKeys) == 0,
		IntervalJoin: &plan.IntervalJoin{
			Kind: plan.JoinKind(n.Type), LeftKeys: n.LeftKeys, RightKeys: n.RightKeys, Condition: n.Residual(),
			LeftTime: x.Left, RightTime: x.Right, LowerMillis: bound(x.LowerMillis, logical.NoLower), UpperMillis: bound(x.UpperMillis, logical.NoUpper),
			LeftLifeMillis: bound(x.LeftLife, logical.Never), RightLifeMillis: bound(x.RightLife, logical.Never),
			DelayMillis: x.Delay(), ProcTime: x.Proctime, Windowed: x.Windowed, Zone: x.Zone,
		},
	}, joinSpread(n))
}

// joinSpread is how a join's rows lie: by the keys of a side that is not padded.
func joinSpread(n *logical.Join) spread {
	var s spread
	if !n.Type.KeepsRight() {
		s = hashedBy(n.LeftKeys)
	}
	if !n.Type.KeepsLeft() && !n.Type.LeftOnly() {
		width := len(n.Left().Props().Schema)
		right := make([]int, len(n.RightKeys))
		for i, k := range n.RightKeys {
			right[i] = k + width
		}
		s.ordered = append(s.ordered, right)
		s.hashed = append(s.hashed, right)
	}
	return s
}

// orderedKey is a unique key of a node whose changes come in order, so that a
// later row with the key replaces an earlier one; nil without.
func (b *builder) orderedKey(id plan.NodeID) []int {
	var best []int
	for _, key := range b.at(id).UniqueKeys {
		if len(key) > 0 && (best == nil || len(key) < len(best)) && b.inOrder(id, key) {
			best = key
		}
	}
	return best
}

// inOrder reports whether changes of rows with equal key come in order.
func (b *builder) inOrder(id plan.NodeID, key []int) bool {
	if b.at(id).Mode == plan.InsertOnly {
		return true
	}
	for _, set := range b.spread[id].ordered {
		if !slices.ContainsFunc(set, func(c int) bool { return !slices.Contains(key, c) }) {
			return true
		}
	}
	return false
}

func (b *builder) topN(n *logical.TopN) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	if n.Windowed {
		node := plan.Node{
			Kind: plan.KindWindowTopN, Inputs: []plan.Input{b.hash(ids[0], n.PartitionBy)},
			WindowTopN: &plan.WindowTopN{PartitionBy: n.PartitionBy, End: n.WindowEnd, Zone: n.WindowZone, OrderBy: n.OrderBy, Offset: n.Offset, Count: n.Count,
				Rank: n.Rank, LastOfTies: n.LastOfTies},
		}
		return b.add(n, node, hashedBy(n.PartitionBy)), nil
	}
	top := &plan.TopN{
		PartitionBy: n.PartitionBy, OrderBy: n.OrderBy, Offset: n.Offset, Count: n.Count, Rank: n.Rank,
		InputRetracts: b.at(ids[0]).Mode != plan.InsertOnly, TTLMillis: b.opts.TTLMillis,
	}
	if top.InputRetracts {
		top.InputUnique = b.orderedKey(ids[0])
	}
	node := plan.Node{
		Kind: plan.KindTopN, Inputs: []plan.Input{b.hash(ids[0], n.PartitionBy)}, TopN: top, Singleton: len(n.PartitionBy) == 0,
	}
	return b.add(n, node, hashedBy(n.PartitionBy).updating(b.topPairs(n))), nil
}

// topPairs are the columns that both rows of an update of a top-N agree in. With
// more than one row a partition and no rank there are only inserts and deletes,
// which any columns suit.
func (b *builder) topPairs(n *logical.TopN) []int {
	width := len(n.Props().Schema)
	switch {
	case n.Rank:
		return append(slices.Clone(n.PartitionBy), width-1)
	case n.Count == 1:
		return n.PartitionBy
	}
	return logical.Range(0, width)
}

// temporalSort builds an order by time: one task brings all rows into it.
func (b *builder) temporalSort(n *logical.Sort) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	if b.at(ids[0]).Mode != plan.InsertOnly {
		return 0, errs.Unsupportedf("ORDER BY without LIMIT of rows that change is not supported").At(n.Span).
			WithHint("add LIMIT, or order what only grows, such as the result of windows")
	}
	return b.add(n, plan.Node{
		Kind: plan.KindTemporalSort, Inputs: []plan.Input{b.single(ids[0])}, Singleton: true,
		TemporalSort: &plan.TemporalSort{OrderBy: n.Keys, ProcTime: n.Proctime()},
	}, spread{}), nil
}

func (b *builder) dedup(n *logical.Dedup) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	node := plan.Node{
		Kind: plan.KindDedup, Inputs: []plan.Input{b.hash(ids[0], n.Keys)}, Singleton: len(n.Keys) == 0,
		Dedup: &plan.Dedup{Keys: n.Keys, Time: n.Time, KeepLast: n.KeepLast, EmitUpdateBefore: true, TTLMillis: b.opts.TTLMillis},
	}
	return b.add(n, node, hashedBy(n.Keys).updating(n.Keys)), nil
}

// limit builds LIMIT. Over an input that takes rows away, rows move up from behind
// the limit, which is what a top-N without an order does.
func (b *builder) limit(n *logical.Limit) (plan.NodeID, error) {
	ids, err := b.inputs(n)
	if err != nil {
		return 0, err
	}
	node := plan.Node{
		Kind: plan.KindLimit, Inputs: []plan.Input{b.single(ids[0])}, Singleton: true, Limit: &plan.Limit{Offset: n.Offset, Count: n.Count},
	}
	if b.at(ids[0]).Mode != plan.InsertOnly {
		node.Kind, node.Limit = plan.KindTopN, nil
		node.TopN = &plan.TopN{Offset: n.Offset, Count: n.Count, InputRetracts: true, InputUnique: b.orderedKey(ids[0]), TTLMillis: b.opts.TTLMillis}
	}
	return b.add(n, node, spread{updates: updates{paired: n.Count == 1}}), nil
}
