package plan

import (
	"fmt"
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
)

// Validate checks that a plan is well formed: known version, topological order,
// the details its kinds need, and columns in range. A broken plan is a bug of
// whoever made it, or comes from a newer version.
func (p *Plan) Validate() error {
	if p.Version < 1 || p.Version > Version {
		return errs.Unsupportedf("plan has format %d, but this build knows 1 to %d", p.Version, Version)
	}
	uids := map[string]bool{}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		err := p.validateNode(n, i)
		if err == nil && (n.UID == "" || uids[n.UID]) {
			err = fmt.Errorf("UID %q is empty or not unique", n.UID)
		}
		if err != nil {
			return errs.Wrap(errs.Bug, err, "plan node %d (%s)", i, n.Kind)
		}
		uids[n.UID] = true
	}
	return nil
}

func (p *Plan) validateNode(n *Node, index int) error {
	if int(n.ID) != index {
		return fmt.Errorf("it has the ID %d", n.ID)
	}
	if !n.hasDetails() {
		return fmt.Errorf("its details are missing")
	}
	if want := n.arity(); want >= 0 && len(n.Inputs) != want || want < 0 && len(n.Inputs) == 0 {
		return fmt.Errorf("it has %d inputs", len(n.Inputs))
	}
	width := 0
	var widths []int
	for _, in := range n.Inputs {
		if in.Node < 0 || int(in.Node) >= index {
			return fmt.Errorf("its input %d does not come before it", in.Node)
		}
		from := &p.Nodes[in.Node]
		if !inRange(in.Keys, len(from.Schema)) || (in.Exchange == Hash) != (len(in.Keys) > 0) {
			return fmt.Errorf("its exchange from %d has keys %v", in.Node, in.Keys)
		}
		if in.Exchange == Forward && from.Singleton && !n.Singleton {
			return fmt.Errorf("it reads the singleton %d by forward, but is none", in.Node)
		}
		width += len(from.Schema)
		widths = append(widths, len(from.Schema))
	}
	if n.Rowtime >= len(n.Schema) {
		return fmt.Errorf("its event time column is %d", n.Rowtime)
	}
	if n.MultiJoin != nil {
		return n.MultiJoin.validate(widths)
	}
	return n.validateColumns(width)
}

// arity is the number of inputs a kind has; -1 is one or more.
func (n *Node) arity() int {
	switch n.Kind {
	case KindSource, KindValues:
		return 0
	case KindJoin, KindIntervalJoin, KindTemporalJoin:
		return 2
	case KindUnion, KindMultiJoin:
		return -1
	}
	return 1
}

// hasDetails reports whether the member that the kind needs is set.
func (n *Node) hasDetails() bool {
	switch n.Kind {
	case KindSource:
		return n.Source != nil
	case KindValues:
		return n.Values != nil
	case KindWatermark:
		return n.Watermark != nil
	case KindCalc:
		return n.Calc != nil
	case KindWindow, KindSessionWindow:
		return n.Window != nil
	case KindLocalGroupAgg, KindGroupAgg:
		return n.GroupAgg != nil
	case KindLocalWindowAgg, KindWindowAgg:
		return n.WindowAgg != nil
	case KindUnion:
		return true
	}
	return n.hasRowDetails()
}

func (n *Node) hasRowDetails() bool {
	switch n.Kind {
	case KindJoin:
		return n.Join != nil
	case KindIntervalJoin:
		return n.IntervalJoin != nil
	case KindTemporalJoin:
		return n.TemporalJoin != nil
	case KindLookupJoin:
		return n.LookupJoin != nil
	case KindMultiJoin:
		return n.MultiJoin != nil
	case KindTopN:
		return n.TopN != nil
	case KindWindowTopN:
		return n.WindowTopN != nil
	case KindLateRows:
		return n.LateRows != nil
	case KindTemporalSort:
		return n.TemporalSort != nil && len(n.TemporalSort.OrderBy) > 0
	case KindDedup:
		return n.Dedup != nil
	case KindNormalize:
		return n.Normalize != nil
	case KindLimit:
		return n.Limit != nil
	case KindSink:
		return n.Sink != nil
	case KindOver:
		return n.Over != nil
	case KindMatch:
		return n.Match != nil
	case KindCorrelate:
		return n.Correlate != nil && inRange(n.Correlate.Read, len(n.Correlate.Columns))
	}
	return false
}

// validateColumns checks column references against an input of width columns.
func (n *Node) validateColumns(width int) error {
	var columns []int
	var exprs []rex.Expr
	switch n.Kind {
	case KindWatermark:
		columns, exprs = []int{n.Watermark.Column}, []rex.Expr{n.Watermark.Expr}
	case KindCalc:
		exprs = n.Calc.Project
		if n.Calc.Filter != nil {
			exprs = append(exprs[:len(exprs):len(exprs)], *n.Calc.Filter)
		}
	case KindLocalGroupAgg, KindGroupAgg:
		columns, width = n.GroupAgg.Keys, len(n.GroupAgg.InputSchema)
	case KindLocalWindowAgg, KindWindowAgg:
		columns, width = n.WindowAgg.Keys, len(n.WindowAgg.InputSchema)
	case KindSessionWindow:
		columns = n.Window.Spec.Partition
	case KindTopN:
		columns = n.TopN.PartitionBy
	case KindWindowTopN:
		columns = append(n.WindowTopN.PartitionBy[:len(n.WindowTopN.PartitionBy):len(n.WindowTopN.PartitionBy)], n.WindowTopN.End)
	case KindDedup:
		columns = n.Dedup.Keys
	case KindOver:
		columns = n.Over.PartitionBy
	case KindNormalize:
		columns = n.Normalize.Keys
	case KindMatch:
		columns = n.Match.Columns()
	case KindCorrelate:
		columns, exprs = slices.Clone(n.Correlate.Keep), n.Correlate.Args
	case KindJoin:
		if n.Join.Condition != nil {
			exprs = []rex.Expr{*n.Join.Condition}
		}
	case KindIntervalJoin:
		if n.IntervalJoin.Condition != nil {
			exprs = []rex.Expr{*n.IntervalJoin.Condition}
		}
	case KindTemporalJoin:
		if n.TemporalJoin.Condition != nil {
			exprs = []rex.Expr{*n.TemporalJoin.Condition}
		}
	case KindLookupJoin:
		columns, width = n.LookupJoin.LeftKeys, max(width, len(n.Schema))
		if n.LookupJoin.Condition != nil {
			exprs = []rex.Expr{*n.LookupJoin.Condition}
		}
	}
	for _, e := range exprs {
		for c := range e.Inputs() {
			columns = append(columns, c)
		}
	}
	if !inRange(columns, width) {
		return fmt.Errorf("its columns %v are not all among the input's %d", columns, width)
	}
	return nil
}

func inRange(columns []int, width int) bool {
	for _, c := range columns {
		if c < 0 || c >= width {
			return false
		}
	}
	return true
}
