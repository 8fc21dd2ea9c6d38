package physical

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/plan"
)

// lineage is what a node's rows and columns mean in terms of the sources, as text:
// it does not change when columns are added, pruned or reordered elsewhere.
type lineage struct {
	// base is where the rows come from, terms the conditions they passed, sorted.
	base    string
	terms   []string
	columns []string
}

// rows is what the rows mean.
func (l lineage) rows() string {
	if len(l.terms) == 0 {
		return l.base
	}
	return l.base + " where " + strings.Join(l.terms, " and ")
}

// lineageMax is the longest text of a column; longer ones are hashed.
const lineageMax = 200

// bounded keeps a text short, so that texts of long chains do not explode.
func bounded(text string) string {
	if len(text) <= lineageMax {
		return text
	}
	return short(text)
}

// assignUIDs names every node by what its state depends on: the meaning of its
// input and the parameters of its own. Equal meanings are numbered in order.
func assignUIDs(p *plan.Plan) {
	lines := make([]lineage, len(p.Nodes))
	used := map[string]int{}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		l, seed := derive(p, n, lines)
		lines[i] = l
		uid := strings.ToLower(n.Kind.String()) + "-" + short(seed)
		used[uid]++
		if used[uid] > 1 {
			uid += "-" + itoa(used[uid])
		}
		n.UID = uid
	}
}

// short is a hash of a text, in 12 hexadecimal digits.
func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// derive gives a node's lineage and the text its UID is made of.
func derive(p *plan.Plan, n *plan.Node, lines []lineage) (lineage, string) {
	var in lineage
	if len(n.Inputs) > 0 {
		in = lines[n.Inputs[0].Node]
	}
	switch n.Kind {
	case plan.KindSource:
		return sourceLineage(n)
	case plan.KindValues:
		return own(n, "values("+fmt.Sprint(n.Values.Rows)+")", 0, in)
	case plan.KindCalc:
		return calcLineage(n, in)
	case plan.KindWatermark:
		return in, "watermark(" + in.columns[n.Watermark.Column] + ")"
	case plan.KindUnion:
		return unionLineage(n, lines)
	case plan.KindJoin, plan.KindIntervalJoin:
		return joinLineage(n, in, lines[n.Inputs[1].Node])
	case plan.KindMultiJoin:
		return multiJoinLineage(n, lines)
	case plan.KindTemporalJoin:
		return temporalLineage(n, in, lines[n.Inputs[1].Node])
	case plan.KindLookupJoin:
		return lookupLineage(n, in)
	case plan.KindSink:
		return in, "sink(" + n.Sink.Table.Name + ")"
	case plan.KindNormalize:
		return in, "normalize(" + in.rows() + "|" + all(in) + ")"
	}
	return unaryLineage(p, n, in, lines)
}

// unaryLineage derives the operators of one input that keep state.
func unaryLineage(p *plan.Plan, n *plan.Node, in lineage, lines []lineage) (lineage, string) {
	switch n.Kind {
	case plan.KindLocalGroupAgg, plan.KindLocalWindowAgg:
		return in, "local(" + in.rows() + ")"
	case plan.KindGroupAgg:
		return aggLineage(n, beforeLocal(p, n, in, n.GroupAgg.FromLocal, lines), n.GroupAgg.Keys, n.GroupAgg.Aggs, "group")
	case plan.KindWindowAgg:
		return windowLineage(n, beforeLocal(p, n, in, n.WindowAgg.FromLocal, lines))
	case plan.KindWindow:
		return own(n, fmt.Sprintf("window(%s|%s)", in.rows(), specText(n.Window.Spec, in)), len(in.columns), in)
	case plan.KindSessionWindow:
		w := n.Window.Spec
		return own(n, fmt.Sprintf("session(%s|%s|%s|%s)", in.rows(), specText(w, in), names(in, w.Partition), all(in)), len(in.columns), in)
	case plan.KindTopN:
		t := n.TopN
		text := fmt.Sprintf("top(%s|%s|%s|%d|%d|%s)", in.rows(), names(in, t.PartitionBy), orderText(t.OrderBy, in), t.Offset, t.Count, all(in))
		if t.LastOfTies {
			text += "|last"
		}
		return own(n, text, len(in.columns), in)
	case plan.KindLateRows:
		s := n.LateRows.Spec
		at := s.Time
		if s.Attached {
			at = s.End
		}
		text := fmt.Sprintf("late(%s|%s %d %d %d %s", in.rows(), s.Kind, s.SizeMillis, s.StepMillis, s.OffsetMillis, in.columns[at])
		if s.Kind == plan.Session {
			text += "|" + names(in, s.Partition)
		}
		return own(n, text+")", len(in.columns), in)
	case plan.KindTemporalSort:
		return own(n, fmt.Sprintf("sort(%s|%s|%s)", in.rows(), orderText(n.TemporalSort.OrderBy, in), all(in)), len(in.columns), in)
	case plan.KindWindowTopN:
		t := n.WindowTopN
		text := fmt.Sprintf("windowtop(%s|%s|%s|%d|%d|%t|%s)", in.rows(), names(in, t.PartitionBy), orderText(t.OrderBy, in), t.Offset, t.Count, t.LastOfTies, all(in))
		return own(n, text, len(in.columns), in)
	case plan.KindOver:
		o := n.Over
		text := fmt.Sprintf("over(%s|%s|%s|%s|%s|%s|%s|%s)", in.rows(), names(in, o.PartitionBy), orderText(o.OrderBy, in), o.Mode, o.Frame,
			aggText(o.Aggs, in), placesText(o.Places, in), all(in))
		return own(n, text, len(in.columns), in)
	case plan.KindCorrelate:
		return correlateLineage(n, in)
	case plan.KindMatch:
		return own(n, fmt.Sprintf("match(%s|%s)", in.rows(), n.Match.Format(in.columns)), 0, in)
	case plan.KindDedup:
		text := fmt.Sprintf("dedup(%s|%s|%d|%t|%s)", in.rows(), names(in, n.Dedup.Keys), n.Dedup.Time, n.Dedup.KeepLast, all(in))
		return own(n, text, len(in.columns), in)
	}
	return own(n, fmt.Sprintf("%s(%s|%+v)", n.Kind, in.rows(), n.Limit), len(in.columns), in)
}

// own is the lineage of a node with new rows: the first kept columns mean what
// they meant, the others are the node's.
func own(n *plan.Node, text string, kept int, in lineage) (lineage, string) {
	l := lineage{base: short(text)}
	for i := range n.Schema {
		if i < kept {
			l.columns = append(l.columns, in.columns[i])
		} else {
			l.columns = append(l.columns, l.base+"."+itoa(i-kept))
		}
	}
	return l, text
}

func sourceLineage(n *plan.Node) (lineage, string) {
	name := n.Source.Table.Name
	l := lineage{base: name}
	for _, f := range n.Schema {
		l.columns = append(l.columns, name+"."+f.Name)
	}
	l.terms = conditions(l, l.columns, n.Source.Filters...)
	return l, "source(" + name + ")"
}

// conditions adds the conjuncts of conditions over columns to what rows passed.
func conditions(l lineage, columns []string, all ...rex.Expr) []string {
	terms := slices.Clone(l.terms)
	var split func(e rex.Expr)
	split = func(e rex.Expr) {
		if e.Kind == rex.Call && e.Name == "AND" {
			split(e.Args[0])
			split(e.Args[1])
			return
		}
		terms = append(terms, bounded(e.Format(columns)))
	}
	for _, condition := range all {
		split(condition)
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

func calcLineage(n *plan.Node, in lineage) (lineage, string) {
	out := in
	if n.Calc.Filter != nil {
		out.terms = conditions(in, in.columns, *n.Calc.Filter)
	}
	if n.Calc.Project != nil {
		out.columns = nil
		for _, e := range n.Calc.Project {
			out.columns = append(out.columns, bounded(e.Format(in.columns)))
		}
	}
	return out, "calc(" + out.rows() + "|" + all(out) + ")"
}

func correlateLineage(n *plan.Node, in lineage) (lineage, string) {
	c := n.Correlate
	args := make([]string, len(c.Args))
	for i, a := range c.Args {
		args[i] = a.Format(in.columns)
	}
	text := fmt.Sprintf("correlate(%s|%t|%s|%s)", in.rows(), c.Left, c.Function, strings.Join(args, ", "))
	out := lineage{base: short(text)}
	for _, k := range c.Keep {
		out.columns = append(out.columns, in.columns[k])
	}
	for _, r := range c.Read {
		out.columns = append(out.columns, out.base+"."+itoa(r))
	}
	return out, text
}

func unionLineage(n *plan.Node, lines []lineage) (lineage, string) {
	var parts []string
	for _, in := range n.Inputs {
		parts = append(parts, lines[in.Node].rows()+"|"+all(lines[in.Node]))
	}
	return own(n, "union("+strings.Join(parts, " + ")+")", 0, lineage{})
}

func joinLineage(n *plan.Node, l, r lineage) (lineage, string) {
	j, kind := n.Join, ""
	if x := n.IntervalJoin; x != nil {
		j = &plan.Join{Kind: x.Kind, LeftKeys: x.LeftKeys, RightKeys: x.RightKeys, Condition: x.Condition}
		kind = fmt.Sprintf("near %s %s %s %s %t ", l.columns[x.LeftTime], r.columns[x.RightTime], millis(x.LowerMillis), millis(x.UpperMillis), x.ProcTime)
		if x.Windowed {
			kind = "windowed " + kind
		}
	}
	both := lineage{columns: append(slices.Clone(l.columns), r.columns...)}
	condition := ""
	if j.Condition != nil {
		condition = j.Condition.Format(both.columns)
	}
	text := fmt.Sprintf("%s%s(%s|%s|%s|%s|%s|%s|%s)", kind, j.Kind, l.rows(), r.rows(), names(l, j.LeftKeys), names(r, j.RightKeys), condition, all(l), all(r))
	if slices.Contains(j.NullEqual, true) {
		text += fmt.Sprint(j.NullEqual)
	}
	out := lineage{base: short(text), columns: both.columns[:len(n.Schema)]}
	if j.Kind == plan.Mark {
		out.columns = append(slices.Clone(l.columns), out.base+".0")
	}
	return out, text
}

func multiJoinLineage(n *plan.Node, lines []lineage) (lineage, string) {
	j := n.MultiJoin
	var parts []string
	for i, p := range j.Parts {
		in := lines[n.Inputs[i].Node]
		parts = append(parts, fmt.Sprintf("%s|%s|%s|%t %v", in.rows(), names(in, p.Keys), all(in), p.Left, p.Beside))
	}
	text := "multijoin(" + strings.Join(parts, "|") + ")"
	out := lineage{base: short(text)}
	for _, c := range j.Columns {
		out.columns = append(out.columns, lines[n.Inputs[c.Part].Node].columns[c.Column])
	}
	return out, text
}

func temporalLineage(n *plan.Node, l, r lineage) (lineage, string) {
	j := n.TemporalJoin
	both := lineage{columns: append(slices.Clone(l.columns), r.columns...)}
	condition, times := "", "now"
	if j.Condition != nil {
		condition = j.Condition.Format(both.columns)
	}
	if !j.ProcTime {
		times = l.columns[j.LeftTime] + " of " + r.columns[j.RightTime]
	}
	text := fmt.Sprintf("as of(%t|%s|%s|%s|%s|%s|%s|%s|%s)", j.KeepsLeft, times, l.rows(), r.rows(), names(l, j.LeftKeys), names(r, j.RightKeys),
		condition, all(l), all(r))
	return lineage{base: short(text), columns: both.columns}, text
}

func lookupLineage(n *plan.Node, in lineage) (lineage, string) {
	j := n.LookupJoin
	text := fmt.Sprintf("lookup(%s|%s|%s|%v)", in.rows(), j.Table.Table.Name, names(in, j.LeftKeys), j.RightKeys)
	out := lineage{base: short(text), columns: slices.Clone(in.columns)}
	for i := len(in.columns); i < len(n.Schema); i++ {
		out.columns = append(out.columns, bounded(out.base+"."+n.Schema[i].Name))
	}
	return out, text
}

// millis prints a bound, or nothing for none.
func millis(v *int64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatInt(*v, 10)
}

// beforeLocal is the lineage that a global aggregate's columns speak of: that of
// the local phase's input.
func beforeLocal(p *plan.Plan, n *plan.Node, in lineage, fromLocal bool, lines []lineage) lineage {
	if !fromLocal {
		return in
	}
	return lines[p.Nodes[n.Inputs[0].Node].Inputs[0].Node]
}

func aggLineage(n *plan.Node, in lineage, keys []int, aggs []rex.AggCall, kind string) (lineage, string) {
	text := fmt.Sprintf("%s(%s|%s|%s)", kind, in.rows(), names(in, keys), aggText(aggs, in))
	keyed := lineage{}
	for _, k := range keys {
		keyed.columns = append(keyed.columns, in.columns[k])
	}
	return own(n, text, len(keys), keyed)
}

func windowLineage(n *plan.Node, in lineage) (lineage, string) {
	w := n.WindowAgg
	kind := "window " + specText(w.Spec, in) + " "
	if w.Emit != nil {
		kind += "updating "
	}
	return aggLineage(n, in, w.Keys, w.Aggs, kind)
}

func specText(s plan.WindowSpec, in lineage) string {
	if s.Attached {
		return fmt.Sprintf("attached %s", in.columns[s.End])
	}
	text := fmt.Sprintf("%s %d %d %d %s", s.Kind, s.SizeMillis, s.StepMillis, s.OffsetMillis, in.columns[s.Time])
	if s.Zone != "" {
		text += " " + s.Zone
	}
	return text
}

func aggText(aggs []rex.AggCall, in lineage) string {
	var out []string
	for _, a := range aggs {
		text := fmt.Sprintf("%s(%t %s )", a.Name, a.Distinct, names(in, a.Args))
		if a.Filter >= 0 {
			text += " filter " + in.columns[a.Filter]
		}
		if len(a.OrderBy) > 0 {
			text += " order " + orderText(a.OrderBy, in)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func placesText(places []rex.PlaceCall, in lineage) string {
	var out []string
	for _, p := range places {
		text := fmt.Sprintf("%s %d", p.Name, p.Offset)
		for _, c := range []int{p.Value, p.Default} {
			if c >= 0 {
				text += " " + in.columns[c]
			}
		}
		if p.IgnoreNulls {
			text += " ignore nulls"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func orderText(keys []rex.SortKey, in lineage) string {
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprintf("%s %t %t", in.columns[k.Column], k.Descending, k.NullsFirst))
	}
	return strings.Join(out, ", ")
}

func names(in lineage, columns []int) string {
	var out []string
	for _, c := range columns {
		out = append(out, in.columns[c])
	}
	return strings.Join(out, ", ")
}

func all(in lineage) string { return strings.Join(in.columns, ", ") }
