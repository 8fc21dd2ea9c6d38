package plan

import (
	"fmt"
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// String draws the plan as a tree from the sinks down: each node with its number,
// key properties and the changelog it emits, each edge with its exchange. A node
// with several readers is drawn once and referred to afterwards.
func (p *Plan) String() string {
	d := drawing{plan: p, drawn: map[NodeID]bool{}, readers: map[NodeID]int{}}
	for i := range p.Nodes {
		for _, in := range p.Nodes[i].Inputs {
			d.readers[in.Node]++
		}
	}
	for i := range p.Nodes {
		if d.readers[NodeID(i)] == 0 {
			d.node(Input{Node: NodeID(i)}, "", "")
		}
	}
	return d.b.String()
}

type drawing struct {
	plan    *Plan
	b       strings.Builder
	drawn   map[NodeID]bool
	readers map[NodeID]int
}

// node draws the node that an edge reads: lead stands before its own line, indent
// before those of its inputs.
func (d *drawing) node(in Input, lead, indent string) {
	n := &d.plan.Nodes[in.Node]
	d.b.WriteString(lead)
	if in.Exchange != Forward {
		d.b.WriteString(in.Exchange.String())
		if len(in.Keys) > 0 {
			d.b.WriteString("[" + columns(n.Schema, in.Keys) + "]")
		}
		d.b.WriteString(" <- ")
	}
	if d.drawn[in.Node] {
		fmt.Fprintf(&d.b, "%s[%d] (see above)\n", n.Kind, n.ID)
		return
	}
	d.drawn[in.Node] = true
	fmt.Fprintf(&d.b, "%s[%d](%s) %s", n.Kind, n.ID, d.plan.Describe(n.ID), "changelog=["+n.Mode.String()+"]")
	if n.Singleton {
		d.b.WriteString(" singleton")
	}
	if d.readers[in.Node] > 1 {
		fmt.Fprintf(&d.b, " readers=%d", d.readers[in.Node])
	}
	d.b.WriteByte('\n')
	for i, child := range n.Inputs {
		if i+1 < len(n.Inputs) {
			d.node(child, indent+":- ", indent+":  ")
		} else {
			d.node(child, indent+"+- ", indent+"   ")
		}
	}
}

// Describe prints a node's parameters with column names.
func (p *Plan) Describe(id NodeID) string {
	n := &p.Nodes[id]
	var in types.Schema
	if len(n.Inputs) > 0 {
		in = p.Nodes[n.Inputs[0].Node].Schema
	}
	switch n.Kind {
	case KindSource:
		return n.Source.describe(n.Schema)
	case KindValues:
		return fmt.Sprintf("rows=%d", len(n.Values.Rows))
	case KindWatermark:
		return n.Watermark.describe(in)
	case KindCalc:
		return n.Calc.describe(in, n.Schema)
	case KindWindow, KindSessionWindow:
		return n.Window.Spec.describe(in)
	case KindLocalGroupAgg, KindGroupAgg:
		return n.GroupAgg.describe()
	case KindLocalWindowAgg, KindWindowAgg:
		return n.WindowAgg.describe()
	case KindJoin:
		return n.Join.describe(in, p.Nodes[n.Inputs[1].Node].Schema)
	case KindIntervalJoin:
		return n.IntervalJoin.describe(in, p.Nodes[n.Inputs[1].Node].Schema)
	case KindMultiJoin:
		var inputs []types.Schema
		for _, in := range n.Inputs {
			inputs = append(inputs, p.Nodes[in.Node].Schema)
		}
		return n.MultiJoin.describe(inputs)
	case KindTemporalJoin:
		return n.TemporalJoin.describe(in, p.Nodes[n.Inputs[1].Node].Schema)
	case KindLookupJoin:
		return n.LookupJoin.describe(in, n.Schema[len(in):])
	}
	return n.describeRows(in)
}

func (w *Watermark) describe(in types.Schema) string {
	text := fmt.Sprintf("%s AS %s", in[w.Column].Name, w.Expr.Format(in.Names()))
	if w.AlignGroup != "" {
		text += fmt.Sprintf(", aligned=['%s' within %dms]", w.AlignGroup, w.AlignDriftMillis)
	}
	return text
}

// describeRows prints the kinds that pass rows on unchanged.
func (n *Node) describeRows(in types.Schema) string {
	switch n.Kind {
	case KindTopN:
		return n.TopN.describe(in)
	case KindLateRows:
		return n.LateRows.describe(in)
	case KindTemporalSort:
		return "order=[" + orderText(n.TemporalSort.OrderBy, in) + "]" + flag(n.TemporalSort.ProcTime, "processing time")
	case KindWindowTopN:
		return n.WindowTopN.describe(in)
	case KindDedup:
		return n.Dedup.describe(in)
	case KindNormalize:
		return "by=[" + columns(in, n.Normalize.Keys) + "]"
	case KindLimit:
		return limitText(n.Limit.Offset, n.Limit.Count)
	case KindSink:
		return n.Sink.describe(in)
	case KindOver:
		return n.Over.describe(in)
	case KindCorrelate:
		return n.Correlate.describe(in)
	case KindMatch:
		return n.Match.Format(in.Names())
	}
	return ""
}

func columns(s types.Schema, list []int) string {
	parts := make([]string, len(list))
	for i, c := range list {
		parts[i] = fmt.Sprintf("$%d", c)
		if c >= 0 && c < len(s) {
			parts[i] = s[c].Name
		}
	}
	return strings.Join(parts, ", ")
}

// columnText prints a column; a pruned row with the fields that are read.
func columnText(f types.Field, declared types.Schema) string {
	if i := declared.Index(f.Name); i < 0 || declared[i].Type.Equal(f.Type) || f.Type.Kind != types.Row {
		return f.Name
	}
	return prunedText(f)
}

func prunedText(f types.Field) string {
	if f.Type.Kind != types.Row {
		return f.Name
	}
	parts := make([]string, len(f.Type.Fields))
	for i, sub := range f.Type.Fields {
		parts[i] = prunedText(sub)
	}
	return f.Name + "{" + strings.Join(parts, ", ") + "}"
}

func (s *Source) describe(schema types.Schema) string {
	parts := make([]string, len(schema))
	for i, f := range schema {
		parts[i] = columnText(f, s.Table.Schema)
	}
	text := s.Table.Name + ", columns=[" + strings.Join(parts, ", ") + "]"
	if len(s.Filters) > 0 {
		names := schema.Names()
		terms := make([]string, len(s.Filters))
		for i, f := range s.Filters {
			terms[i] = f.Format(names)
		}
		text += ", filter=" + strings.Join(terms, " AND ")
	}
	if s.Limit > 0 {
		text += fmt.Sprintf(", limit=%d", s.Limit)
	}
	if s.Bounded {
		text += ", bounded"
	}
	return text
}

func (c *Calc) describe(in, out types.Schema) string {
	names := in.Names()
	var parts []string
	if c.Project != nil {
		list := make([]string, len(c.Project))
		for i, e := range c.Project {
			list[i] = e.Format(names)
			if list[i] != out[i].Name {
				list[i] += " AS " + out[i].Name
			}
		}
		parts = append(parts, "select=["+strings.Join(list, ", ")+"]")
	}
	if c.Filter != nil {
		parts = append(parts, "where="+c.Filter.Format(names))
	}
	return strings.Join(parts, ", ")
}

func (l *LateRows) describe(in types.Schema) string {
	text := l.Spec.describe(in)
	if l.LatenessMillis != 0 {
		text += fmt.Sprintf(", lateness=%dms", l.LatenessMillis)
	}
	return text
}

func (s WindowSpec) describe(in types.Schema) string {
	text := fmt.Sprintf("%s(size=%dms", s.Kind, s.SizeMillis)
	if s.Kind == Session {
		text = fmt.Sprintf("%s(gap=%dms", s.Kind, s.SizeMillis)
	}
	if s.StepMillis != 0 {
		text += fmt.Sprintf(", step=%dms", s.StepMillis)
	}
	if s.OffsetMillis != 0 {
		text += fmt.Sprintf(", offset=%dms", s.OffsetMillis)
	}
	if s.Zone != "" {
		text += ", zone=" + s.Zone
	}
	if s.Attached {
		return text + ") attached=[" + columns(in, []int{s.Start, s.End}) + "]"
	}
	if s.ProcTime {
		text += ", processing time)"
	} else {
		text += ") time=" + columns(in, []int{s.Time})
	}
	if len(s.Partition) > 0 {
		text += " by=[" + columns(in, s.Partition) + "]"
	}
	return text
}

func aggsText(aggs []rex.AggCall, in types.Schema) string {
	parts := make([]string, len(aggs))
	for i, a := range aggs {
		args := columns(in, a.Args)
		if len(a.Args) == 0 {
			args = "*"
		}
		if a.Distinct {
			args = "DISTINCT " + args
		}
		if len(a.OrderBy) > 0 {
			args += " ORDER BY " + orderText(a.OrderBy, in)
		}
		parts[i] = a.Name + "(" + args + ")"
		if a.Filter >= 0 {
			parts[i] += " FILTER " + columns(in, []int{a.Filter})
		}
	}
	return strings.Join(parts, ", ")
}

func orderText(keys []rex.SortKey, in types.Schema) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = columns(in, []int{k.Column})
		if k.Descending {
			parts[i] += " DESC"
		}
		if k.NullsFirst == k.Descending {
			parts[i] += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
		}
	}
	return strings.Join(parts, ", ")
}

func (a *GroupAgg) describe() string {
	return fmt.Sprintf("by=[%s], aggs=[%s]", columns(a.InputSchema, a.Keys), aggsText(a.Aggs, a.InputSchema)) + flag(a.InputRetracts, "retracting") +
		ttlText(a.TTLMillis)
}

// ttlText prints how long state is kept without being written.
func ttlText(millis int64) string {
	if millis == 0 {
		return ""
	}
	return fmt.Sprintf(", ttl=%dms", millis)
}

func (a *WindowAgg) describe() string {
	text := fmt.Sprintf("%s, by=[%s], aggs=[%s]", a.Spec.describe(a.InputSchema), columns(a.InputSchema, a.Keys), aggsText(a.Aggs, a.InputSchema))
	if len(a.Properties) > 0 {
		parts := make([]string, len(a.Properties))
		for i, p := range a.Properties {
			parts[i] = p.String()
		}
		text += ", bounds=[" + strings.Join(parts, ", ") + "]"
	}
	if e := a.Emit; e != nil && e.Early {
		text += fmt.Sprintf(", early fire after %dms", e.EarlyMillis)
	}
	if e := a.Emit; e != nil && e.Late {
		text += fmt.Sprintf(", late fire after %dms up to %dms", e.LateMillis, e.LatenessMillis)
	}
	return text + flag(a.InputRetracts, "retracting")
}

func flag(on bool, name string) string {
	if on {
		return ", " + name
	}
	return ""
}

// onText prints the keys of a join.
func onText(l types.Schema, left []int, r types.Schema, right []int) string {
	keys := make([]string, len(left))
	for i := range keys {
		keys[i] = columns(l, left[i:i+1]) + " = " + columns(r, right[i:i+1])
	}
	return "on=[" + strings.Join(keys, ", ") + "]"
}

func (j *IntervalJoin) describe(l, r types.Schema) string {
	difference := columns(l, []int{j.LeftTime}) + " - " + columns(r, []int{j.RightTime})
	text := fmt.Sprintf("%s, %s, near=[%s: %s to %s], forgets=[left: %s, right: %s]", j.Kind, onText(l, j.LeftKeys, r, j.RightKeys),
		difference, millisText(j.LowerMillis, "any"), millisText(j.UpperMillis, "any"), millisText(j.LeftLifeMillis, "never"),
		millisText(j.RightLifeMillis, "never"))
	if j.Condition != nil {
		text += ", where=" + j.Condition.Format(append(l.Names(), r.Names()...))
	}
	if j.DelayMillis > 0 {
		text += fmt.Sprintf(", delay=%dms", j.DelayMillis)
	}
	return text + flag(j.ProcTime, "proctime") + flag(j.Windowed, "windowed") + zoneText(j.Zone)
}

// zoneText prints the zone of windows that come with the rows.
func zoneText(zone string) string {
	if zone == "" {
		return ""
	}
	return ", zone=" + zone
}

func millisText(v *int64, none string) string {
	if v == nil {
		return none
	}
	return fmt.Sprintf("%dms", *v)
}

func (j *Join) describe(l, r types.Schema) string {
	text := fmt.Sprintf("%s, %s", j.Kind, onText(l, j.LeftKeys, r, j.RightKeys))
	for i, equal := range j.NullEqual {
		if equal {
			text += ", NULL equals NULL in " + columns(l, j.LeftKeys[i:i+1])
		}
	}
	if j.Condition != nil {
		text += ", where=" + j.Condition.Format(append(l.Names(), r.Names()...))
	}
	if j.LeftUnique != nil {
		text += ", left unique=[" + columns(l, j.LeftUnique) + "]"
	}
	if j.RightUnique != nil {
		text += ", right unique=[" + columns(r, j.RightUnique) + "]"
	}
	if j.TTLMillis != 0 || j.RightTTL() != 0 {
		text += fmt.Sprintf(", ttl=[%dms, %dms]", j.TTLMillis, j.RightTTL())
	}
	return text
}

func limitText(offset, count int64) string {
	if offset > 0 {
		return fmt.Sprintf("rows %d to %d", offset+1, offset+count)
	}
	return fmt.Sprintf("rows 1 to %d", count)
}

func (t *TopN) describe(in types.Schema) string {
	text := fmt.Sprintf("by=[%s], order=[%s], %s", columns(in, t.PartitionBy), orderText(t.OrderBy, in), limitText(t.Offset, t.Count))
	return text + flag(t.Rank, "with rank") + flag(t.LastOfTies, "last of ties") + flag(t.InputRetracts, "retracting")
}

func (t *WindowTopN) describe(in types.Schema) string {
	text := fmt.Sprintf("by=[%s], order=[%s], %s, end=%s", columns(in, t.PartitionBy), orderText(t.OrderBy, in), limitText(t.Offset, t.Count),
		columns(in, []int{t.End}))
	return text + flag(t.Rank, "with rank") + flag(t.LastOfTies, "last of ties") + zoneText(t.Zone)
}

func (d *Dedup) describe(in types.Schema) string {
	keep, time := "first", "arrival"
	if d.KeepLast {
		keep = "last"
	}
	if d.Time >= 0 {
		time = columns(in, []int{d.Time})
	}
	return fmt.Sprintf("keep %s, by=[%s], time=%s", keep, columns(in, d.Keys), time)
}

func (s *Sink) describe(in types.Schema) string {
	if s.Collect {
		text := "collect"
		if len(s.OrderBy) > 0 {
			text += ", order=[" + orderText(s.OrderBy, in) + "]"
		}
		return text
	}
	text := s.Table.Name + ", takes " + s.Mode
	if len(s.UpsertKey) > 0 {
		text += " by [" + columns(s.Table.Schema, s.UpsertKey) + "]"
	}
	if len(s.NotNull) > 0 {
		text += ", not null=[" + columns(s.Table.Schema, s.NotNull) + "]" + flag(s.DropNulls, "drops nulls")
	}
	return text + ", " + s.Guarantee
}
