package physical

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/plan"
)

// chooseModes drops -U where no reader needs it: a node that updates by key emits
// upserts when all its readers are upsert sinks, or pass rows on to such.
func chooseModes(p *plan.Plan) {
	readers := make([][]*plan.Node, len(p.Nodes))
	for i := range p.Nodes {
		for _, in := range p.Nodes[i].Inputs {
			readers[in.Node] = append(readers[in.Node], &p.Nodes[i])
		}
	}
	for i := len(p.Nodes) - 1; i >= 0; i-- {
		n := &p.Nodes[i]
		if n.Mode != plan.Retract || !canUpsert(n.Kind) {
			continue
		}
		upsert := true
		for _, r := range readers[i] {
			upsert = upsert && takesUpserts(r, n)
		}
		if !upsert {
			continue
		}
		n.Mode = plan.Upsert
		if n.Dedup != nil {
			n.Dedup.EmitUpdateBefore = false
		}
	}
	for i := range p.Nodes {
		if n := &p.Nodes[i]; n.Kind == plan.KindSink && n.Mode == plan.Retract && n.Sink.Mode == "upsert" {
			n.Mode = plan.Upsert
		}
	}
}

// canUpsert lists the operators that can leave -U out.
func canUpsert(k plan.Kind) bool {
	switch k {
	case plan.KindGroupAgg, plan.KindWindowAgg, plan.KindTopN, plan.KindDedup, plan.KindNormalize, plan.KindCalc, plan.KindOver:
		return true
	}
	return false
}

// takesUpserts reports whether reader r of n works without -U. A filter does only
// when it looks at nothing but n's unique key, as it must see the row it takes
// back.
func takesUpserts(r, n *plan.Node) bool {
	switch r.Kind {
	case plan.KindSink:
		return r.Sink.Mode == "upsert"
	case plan.KindTemporalJoin:
		// Versions end when the next begins; left rows keep their kinds.
		return r.Inputs[0].Node != n.ID
	case plan.KindCalc:
		return r.Mode == plan.Upsert && (r.Calc.Filter == nil || onKey(*r.Calc.Filter, n.UniqueKeys))
	}
	return false
}

func onKey(e rex.Expr, keys [][]int) bool {
	used := e.Inputs()
	for _, key := range keys {
		in := 0
		for _, c := range key {
			if used[c] {
				in++
			}
		}
		if in == len(used) {
			return true
		}
	}
	return false
}
