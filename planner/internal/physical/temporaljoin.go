package physical

import (
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
)

// temporalJoin builds a join FOR SYSTEM_TIME AS OF. Versions are kept by a unique key
// of the right side; what else must be equal is a condition on the version found.
func (b *builder) temporalJoin(n *logical.TemporalJoin) (plan.NodeID, error) {
	if n.Mode == logical.ByLookup {
		return b.lookupJoin(n)
	}
	right := n.Right()
	if n.Mode == logical.AtRowtime {
		var err error
		if right, err = everyVersion(n, right, n.RightTime); err != nil {
			return 0, err
		}
	}
	left, err := b.build(n.Left())
	if err != nil {
		return 0, err
	}
	versions, err := b.build(right)
	if err != nil {
		return 0, err
	}
	key, err := b.versionKey(n, versions)
	if err != nil {
		return 0, err
	}
	join := &plan.TemporalJoin{
		KeepsLeft: n.KeepsLeft, LeftTime: n.LeftTime, RightTime: n.RightTime, ProcTime: n.Mode == logical.AtProctime, Condition: n.Condition,
	}
	width, both := len(n.Left().Props().Schema), n.Both()
	for i, k := range n.RightKeys {
		if slices.Contains(key, k) && !slices.Contains(join.RightKeys, k) {
			join.LeftKeys, join.RightKeys = append(join.LeftKeys, n.LeftKeys[i]), append(join.RightKeys, k)
			continue
		}
		l, r := rex.Col(n.LeftKeys[i], both[n.LeftKeys[i]].Type), rex.Col(width+k, both[width+k].Type)
		join.Condition = logical.AlsoTrue(join.Condition, rex.CallOf("=", types.Of(types.Boolean).WithNullable(l.Type.Nullable || r.Type.Nullable), l, r))
	}
	s := hashedBy(join.LeftKeys)
	if !n.Left().Props().Changes.InsertOnly() {
		// Rows that wait come out by their times, not as their changes happened.
		s.ordered, s.updates = nil, updates{broken: true}
	}
	return b.add(n, plan.Node{
		Kind: plan.KindTemporalJoin, Inputs: []plan.Input{b.hash(left, join.LeftKeys), b.hash(versions, join.RightKeys)}, TemporalJoin: join,
	}, s), nil
}

// everyVersion is the right side with every version in it. Operators that keep the last
// row of a key leave out what a batch overwrites, and the join keeps versions itself: a
// deduplication by the versions' time and the normalising of upserts make way.
func everyVersion(n *logical.TemporalJoin, right logical.Node, time int) (logical.Node, error) {
	switch at := right.(type) {
	case *logical.Scan:
		if !at.Info.Upsert {
			return at, nil
		}
		spec := at.Spec()
		spec.Raw = true
		return logical.NewScan(spec), nil
	case *logical.Dedup:
		if at.KeepLast && at.Time == time {
			return at.Inputs()[0], nil
		}
		return nil, errs.Userf("%s is no versioned table: it doesn't keep the last row of each key by event time", n.RightName).At(n.Span).
			WithHint("order ROW_NUMBER() by the column of the WATERMARK, descending")
	case *logical.Project:
		if at.Exprs[time].Kind != rex.Input {
			return at, nil
		}
		time = at.Exprs[time].Index
	case *logical.Watermark, *logical.Filter:
	default:
		return right, nil
	}
	below, err := everyVersion(n, right.Inputs()[0], time)
	if err != nil || below == right.Inputs()[0] {
		return right, err
	}
	return right.WithInputs([]logical.Node{below}), nil
}

// versionKey is the unique key of the right side that its versions are kept by; the
// join must be by all of it, and both rows of an update must agree in it: a version
// ends where the next begins.
func (b *builder) versionKey(n *logical.TemporalJoin, id plan.NodeID) ([]int, error) {
	right, u := n.Right().Props(), b.spread[id].updates
	changing := b.at(id).Mode != plan.InsertOnly
	if changing && u.broken {
		return nil, errs.Unsupportedf("FOR SYSTEM_TIME AS OF over versions of %s that conditions or unions leave out is not supported", n.RightName).At(n.Span).
			WithHint("put the conditions on %s into ON or WHERE of the join", n.RightName)
	}
	var best []int
	for _, key := range right.Keys {
		if changing && u.paired && slices.ContainsFunc(key, func(c int) bool { return !slices.Contains(u.by, c) }) {
			continue
		}
		within := !slices.ContainsFunc(key, func(c int) bool { return !slices.Contains(n.RightKeys, c) })
		if len(key) > 0 && within && (best == nil || len(key) < len(best)) {
			best = key
		}
	}
	if best != nil {
		return best, nil
	}
	key, ok := right.SmallestKey()
	if !ok || len(key) == 0 {
		return nil, errs.Userf("%s is no versioned table: nothing tells its rows apart", n.RightName).At(n.Span).
			WithHint("declare PRIMARY KEY (columns) NOT ENFORCED for it, or keep the last row of each key by event time with ROW_NUMBER() in a view")
	}
	names := right.Schema.Names()
	var missing []string
	for _, c := range key {
		if !slices.Contains(n.RightKeys, c) {
			missing = append(missing, names[c])
		}
	}
	return nil, errs.Userf("the join FOR SYSTEM_TIME AS OF must be by all of the key of %s, but ON has no equality of %s", n.RightName,
		strings.Join(missing, ", ")).At(n.Span).WithHint("add it to ON")
}

// lookupJoin builds a join whose right side is asked for by key.
func (b *builder) lookupJoin(n *logical.TemporalJoin) (plan.NodeID, error) {
	id, err := b.build(n.Left())
	if err != nil {
		return 0, err
	}
	scan, calc, keys, err := lookedUp(n)
	if err != nil {
		return 0, err
	}
	hint := n.Lookup
	join := &plan.LookupJoin{
		Table: sourceOf(scan), Asked: scan.Columns, Calc: calc, KeepsLeft: n.KeepsLeft, LeftKeys: n.LeftKeys, RightKeys: keys, Condition: n.Condition,
		Asking: plan.LookupMode{Async: hint.Async, Capacity: hint.Capacity, TimeoutMillis: hint.TimeoutMillis, RetryAttempts: hint.RetryAttempts,
			RetryMillis: hint.RetryMillis, Unordered: hint.Unordered && n.Left().Props().Changes.InsertOnly()},
	}
	s := b.spread[id]
	if !n.KeepsLeft || join.Condition != nil {
		// What is found for both rows of an update may differ.
		s.updates = updates{broken: !n.Left().Props().Changes.InsertOnly()}
	}
	return b.add(n, plan.Node{Kind: plan.KindLookupJoin, Inputs: []plan.Input{{Node: id}}, LookupJoin: join}, s), nil
}

// lookedUp takes the right side of a lookup apart: the scan, the conditions and
// expressions over it, and the keys as columns of the scan.
func lookedUp(n *logical.TemporalJoin) (*logical.Scan, *plan.Calc, []int, error) {
	node := n.Right()
	exprs := logical.AllCols(node.Props().Schema)
	var filter *rex.Expr
	for {
		switch at := node.(type) {
		case *logical.Scan:
			keys := make([]int, len(n.RightKeys))
			for i, k := range n.RightKeys {
				if exprs[k].Kind != rex.Input {
					return nil, nil, nil, errs.Userf("%s can be looked up by columns of its table only, and %s is computed", n.RightName,
						n.Right().Props().Schema[k].Name).At(n.Span).WithHint("compare stored columns of %s in ON", n.RightName)
				}
				keys[i] = exprs[k].Index
			}
			return at, calcOf(at, filter, exprs), keys, nil
		case *logical.Project:
			for i := range exprs {
				exprs[i] = substituted(exprs[i], at.Exprs)
			}
			if filter != nil {
				moved := substituted(*filter, at.Exprs)
				filter = &moved
			}
		case *logical.Filter:
			filter = logical.AlsoTrue(filter, at.Predicate)
		default:
			return nil, nil, nil, errs.Bugf("%s below a lookup", node.Kind())
		}
		node = node.Inputs()[0]
	}
}

// substituted replaces columns by the expressions that make them.
func substituted(e rex.Expr, by []rex.Expr) rex.Expr {
	return e.Map(func(x rex.Expr) rex.Expr {
		if x.Kind == rex.Input {
			return by[x.Index]
		}
		return x
	})
}

// calcOf is nil when all columns of the scan are taken as they are.
func calcOf(scan *logical.Scan, filter *rex.Expr, exprs []rex.Expr) *plan.Calc {
	same := len(exprs) == len(scan.Columns)
	for i, e := range exprs {
		same = same && e.Kind == rex.Input && e.Index == i
	}
	switch {
	case same && filter == nil:
		return nil
	case same:
		return &plan.Calc{Filter: filter}
	}
	return &plan.Calc{Filter: filter, Project: exprs}
}
