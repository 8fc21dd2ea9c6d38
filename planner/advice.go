package planner

import (
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/planner/plan"
)

// advice names what may grow or surprise in a plan, for EXPLAIN PLAN_ADVICE.
func advice(p *plan.Plan) string {
	var out []string
	for i := range p.Nodes {
		n := &p.Nodes[i]
		label := n.Kind.String() + "[" + strconv.Itoa(i) + "] "
		if kept := keepsForEver(n); kept != "" {
			out = append(out, label+kept)
		}
		if n.Join != nil && len(n.Join.LeftKeys) == 0 || n.IntervalJoin != nil && len(n.IntervalJoin.LeftKeys) == 0 {
			out = append(out, label+"has no equality between its sides and runs as one task")
		}
		if n.Sink != nil && n.Sink.Guarantee == "at-least-once" {
			out = append(out, label+"may write rows again after a failure")
		}
	}
	if len(out) == 0 {
		return "none\n"
	}
	return strings.Join(out, "\n") + "\n"
}

// keepsForEver tells what of a node's state is never forgotten, and what would make it
// so; empty when its state is bounded by time, or by the query.
func keepsForEver(n *plan.Node) string {
	const ttl = ": set 'table.exec.state.ttl'"
	switch {
	case n.Kind == plan.KindGroupAgg && n.GroupAgg.TTLMillis == 0 && len(n.GroupAgg.Keys) > 0:
		return "keeps every group for ever" + ttl + ", or group by a window"
	case n.Join != nil && (n.Join.TTLMillis == 0 || n.Join.RightTTL() == 0):
		return "keeps all rows of both inputs" + ttl + " if old rows need not match"
	case n.MultiJoin != nil:
		return "keeps all rows of its inputs" + ttl + " if old rows need not match"
	case n.IntervalJoin != nil && (n.IntervalJoin.LeftLifeMillis == nil || n.IntervalJoin.RightLifeMillis == nil):
		return "keeps all rows of one input: bound the difference of both times in ON from both sides"
	case n.TopN != nil && n.TopN.TTLMillis == 0 && n.TopN.InputRetracts:
		return "keeps all rows of its input, as those ahead may be taken back" + ttl
	case n.TopN != nil && n.TopN.TTLMillis == 0 && len(n.TopN.PartitionBy) > 0:
		return "keeps the first rows of every partition for ever" + ttl + ", or partition by a window"
	case n.Dedup != nil && n.Dedup.TTLMillis == 0:
		return "keeps every key for ever" + ttl + ", or partition by a window"
	case n.Normalize != nil && n.Normalize.TTLMillis == 0:
		return "keeps the last row of every key, which the source does not tell" + ttl + " if old keys don't change"
	case n.Over != nil && n.Over.TTLMillis == 0:
		return overKeeps(n.Over)
	case n.TemporalJoin != nil:
		return "keeps the newest version of every key"
	case n.Match != nil && n.Match.WithinMillis == 0:
		return "keeps matches that never end: add WITHIN to the pattern"
	}
	return ""
}

// overKeeps is keepsForEver of window functions, which forget what time has passed where
// they follow a time attribute.
func overKeeps(o *plan.Over) string {
	switch {
	case o.Mode == plan.OverChanging:
		return "keeps all rows of its input: set 'table.exec.state.ttl', or order by a time attribute of rows that never change"
	case o.Mode != plan.OverAtEnd && len(o.PartitionBy) > 0:
		return "keeps every partition for ever: set 'table.exec.state.ttl'"
	}
	return ""
}
