// Package rowpattern describes MATCH_RECOGNIZE as plain data: the pattern, what
// its conditions and measures read of a match, and where matching goes on. The
// planner builds it, physical plans store it, operators/match runs it.
package rowpattern

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// VariablesMax is the number of variables a pattern may have: sets of them are
// bits of a word.
const VariablesMax = 64

// AllVariables is the set that holds every variable.
const AllVariables = ^uint64(0)

// Kind is the form of a pattern.
type Kind uint8

// The forms.
const (
	// Variable is one row that is mapped to a variable.
	Variable Kind = iota
	// Sequence is its items one after another; without items it is the empty
	// pattern.
	Sequence
	// Alternation is the first of its items that leads to a match.
	Alternation
	// Repeat is its one item again and again.
	Repeat
	// Exclude is its one item, whose rows ALL ROWS PER MATCH leaves out.
	Exclude
	// Permute is its items in any order, earlier written orders first.
	Permute
)

// String gives the form's lower-case name.
func (k Kind) String() string {
	names := [...]string{"variable", "sequence", "alternation", "repeat", "exclude", "permute"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Pattern is a node of a row pattern.
type Pattern struct {
	Kind Kind `msgpack:"k"`
	// Variable is the index of a Variable.
	Variable int       `msgpack:"v,omitempty"`
	Items    []Pattern `msgpack:"i,omitempty"`
	// Min and Max are the bounds of a Repeat; Max is -1 for none.
	Min int `msgpack:"l,omitempty"`
	Max int `msgpack:"u,omitempty"`
	// Reluctant repeats prefer fewer rounds.
	Reluctant bool `msgpack:"r,omitempty"`
}

// Format prints the pattern with the variables' names.
func (p Pattern) Format(names []string) string {
	var b strings.Builder
	p.write(&b, names, false)
	return b.String()
}

func (p Pattern) write(b *strings.Builder, names []string, inner bool) {
	switch p.Kind {
	case Variable:
		b.WriteString(names[p.Variable])
	case Sequence, Alternation:
		if inner || len(p.Items) == 0 {
			b.WriteByte('(')
			defer b.WriteByte(')')
		}
		p.writeItems(b, names, map[Kind]string{Sequence: " ", Alternation: " | "}[p.Kind])
	case Exclude:
		b.WriteString("{- ")
		p.writeItems(b, names, " ")
		b.WriteString(" -}")
	case Permute:
		b.WriteString("PERMUTE(")
		p.writeItems(b, names, ", ")
		b.WriteByte(')')
	case Repeat:
		p.Items[0].write(b, names, true)
		b.WriteString(p.quantifier())
	}
}

func (p Pattern) writeItems(b *strings.Builder, names []string, between string) {
	for i, item := range p.Items {
		if i > 0 {
			b.WriteString(between)
		}
		item.write(b, names, p.Kind != Permute)
	}
}

func (p Pattern) quantifier() string {
	text := ""
	switch {
	case p.Min == 0 && p.Max < 0:
		text = "*"
	case p.Min == 1 && p.Max < 0:
		text = "+"
	case p.Min == 0 && p.Max == 1:
		text = "?"
	case p.Max < 0:
		text = "{" + strconv.Itoa(p.Min) + ",}"
	case p.Min == p.Max:
		text = "{" + strconv.Itoa(p.Min) + "}"
	default:
		text = "{" + strconv.Itoa(p.Min) + "," + strconv.Itoa(p.Max) + "}"
	}
	if p.Reluctant {
		text += "?"
	}
	return text
}

// NavKind tells what a Nav reads.
type NavKind uint8

// The kinds.
const (
	// Value is a column of a row that the navigation leads to.
	Value NavKind = iota
	// Aggregate is an aggregate over the rows mapped to Set.
	Aggregate
	// Classifier is the name of the variable that the row is mapped to.
	Classifier
	// MatchNumber counts the matches of a partition from 1.
	MatchNumber
	// ProcTime is the processing time of the evaluation.
	ProcTime
)

// String gives the kind's lower-case name.
func (k NavKind) String() string {
	names := [...]string{"value", "aggregate", "classifier", "match-number", "proctime"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("nav(%d)", uint8(k))
}

// Nav is what an expression reads of a match in progress.
type Nav struct {
	Kind NavKind `msgpack:"k"`
	// Set are the variables whose rows it looks at, as bits.
	Set uint64 `msgpack:"s"`
	// First counts Offset from the first row of the set on, otherwise from the last
	// row back.
	First  bool `msgpack:"f,omitempty"`
	Offset int  `msgpack:"o,omitempty"`
	// Physical goes on by so many rows of the partition: PREV is negative.
	Physical int `msgpack:"p,omitempty"`
	// Final looks at the whole match and not only up to the current row.
	Final bool `msgpack:"l,omitempty"`
	// Column is the input column of a Value.
	Column int `msgpack:"c,omitempty"`
	// Agg is the call of an Aggregate.
	Agg *rex.AggCall `msgpack:"a,omitempty"`
	// Type is the type of the result.
	Type types.Type `msgpack:"t"`
}

// Current reports whether n reads the row that is tried for variable v itself.
func (n Nav) Current(v int) bool {
	return n.Kind == Value && !n.First && n.Offset == 0 && n.Physical == 0 && n.Set>>v&1 == 1
}

// Positional reports whether n reads a row at a fixed distance from the one that is
// tried for variable v, so that it does not depend on how rows are mapped.
func (n Nav) Positional(v int) bool {
	return n.Kind == Value && !n.First && n.Offset == 0 && n.Set>>v&1 == 1
}

// Format prints n with names of columns and variables.
func (n Nav) Format(columns, variables []string) string {
	text := ""
	switch n.Kind {
	case Classifier:
		text = "CLASSIFIER()"
	case MatchNumber:
		return "MATCH_NUMBER()"
	case ProcTime:
		return "MATCH_PROCTIME()"
	case Aggregate:
		text = n.formatAgg(columns, variables)
	default:
		text = n.formatValue(columns, variables)
	}
	if n.Final {
		return "FINAL " + text
	}
	return text
}

func (n Nav) formatAgg(columns, variables []string) string {
	set := setText(n.Set, variables)
	var args []string
	for _, a := range n.Agg.Args {
		args = append(args, set+columns[a])
	}
	if len(args) == 0 {
		args = []string{set + "*"}
	}
	distinct := ""
	if n.Agg.Distinct {
		distinct = "DISTINCT "
	}
	return n.Agg.Name + "(" + distinct + strings.Join(args, ", ") + ")"
}

func (n Nav) formatValue(columns, variables []string) string {
	text := setText(n.Set, variables) + columns[n.Column]
	switch {
	case n.First:
		text = "FIRST(" + text + offsetText(n.Offset) + ")"
	case n.Offset > 0 || n.Final:
		text = "LAST(" + text + offsetText(n.Offset) + ")"
	}
	switch {
	case n.Physical < 0:
		text = "PREV(" + text + ", " + strconv.Itoa(-n.Physical) + ")"
	case n.Physical > 0:
		text = "NEXT(" + text + ", " + strconv.Itoa(n.Physical) + ")"
	}
	return text
}

func offsetText(offset int) string {
	if offset == 0 {
		return ""
	}
	return ", " + strconv.Itoa(offset)
}

// setText names a set of variables with a dot behind it; all of them are nothing.
func setText(set uint64, variables []string) string {
	if set == AllVariables {
		return ""
	}
	var names []string
	for i, v := range variables {
		if set>>i&1 == 1 {
			names = append(names, v)
		}
	}
	if len(names) == 1 {
		return names[0] + "."
	}
	return "(" + strings.Join(names, ", ") + ")."
}

// Condition is what a row must meet to be mapped to a variable.
type Condition struct {
	// Expr is BOOLEAN over columns that are Navs; nil holds always.
	Expr *rex.Expr `msgpack:"e,omitempty"`
	Navs []Nav     `msgpack:"n,omitempty"`
}

// Format prints the condition.
func (c Condition) Format(columns, variables []string) string {
	if c.Expr == nil {
		return "TRUE"
	}
	names := make([]string, len(c.Navs))
	for i, n := range c.Navs {
		names[i] = n.Format(columns, variables)
	}
	return c.Expr.Format(names)
}

// Skip is where matching goes on after a match.
type Skip uint8

// The places.
const (
	PastLastRow Skip = iota
	ToNextRow
	ToFirst
	ToLast
)

// String gives the SQL words.
func (s Skip) String() string {
	names := [...]string{"PAST LAST ROW", "TO NEXT ROW", "TO FIRST", "TO LAST"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("skip(%d)", uint8(s))
}

// Spec is a whole MATCH_RECOGNIZE over the columns of its input. Its output is the
// columns Leading, then Outputs, then the columns Trailing.
type Spec struct {
	PartitionBy []int `msgpack:"p,omitempty"`
	// Time is the time attribute that orders rows, and Ties orders those of the same
	// time.
	Time int           `msgpack:"t"`
	Ties []rex.SortKey `msgpack:"o,omitempty"`
	// ProcTime takes rows as they arrive.
	ProcTime  bool     `msgpack:"pt,omitempty"`
	Variables []string `msgpack:"v"`
	Pattern   Pattern  `msgpack:"x"`
	// Conditions has one entry a variable.
	Conditions []Condition `msgpack:"c"`
	// WithinMillis bounds the time from a match's first row to its last, which must
	// be less; 0 does not.
	WithinMillis int64 `msgpack:"w,omitempty"`
	Skip         Skip  `msgpack:"s,omitempty"`
	// SkipSet are the variables of ToFirst and ToLast, SkipName what they are called.
	SkipSet  uint64 `msgpack:"ss,omitempty"`
	SkipName string `msgpack:"sn,omitempty"`
	// AllRows gives a row for each row of a match instead of one for the match;
	// OmitEmpty then none for an empty match, and Unmatched one for each row of no
	// match.
	AllRows   bool  `msgpack:"a,omitempty"`
	OmitEmpty bool  `msgpack:"oe,omitempty"`
	Unmatched bool  `msgpack:"un,omitempty"`
	Leading   []int `msgpack:"cl,omitempty"`
	Outputs   []Nav `msgpack:"n,omitempty"`
	Trailing  []int `msgpack:"ct,omitempty"`
	// Rowtime tells that an output column is an event time, so that watermarks must
	// wait for matches that are not decided.
	Rowtime bool `msgpack:"rt,omitempty"`
}

// Format prints s with the input's column names.
func (s *Spec) Format(columns []string) string {
	pick := func(list []int) string {
		out := make([]string, len(list))
		for i, c := range list {
			out[i] = columns[c]
		}
		return strings.Join(out, ", ")
	}
	order := columns[s.Time]
	if s.ProcTime {
		order += " (processing time)"
	}
	for _, k := range s.Ties {
		order += ", " + columns[k.Column]
		if k.Descending {
			order += " DESC"
		}
	}
	text := fmt.Sprintf("by=[%s], order=[%s], pattern=(%s)", pick(s.PartitionBy), order, s.Pattern.Format(s.Variables))
	if s.WithinMillis > 0 {
		text += fmt.Sprintf(", within=%dms", s.WithinMillis)
	}
	text += ", skip=" + strings.TrimSpace(s.Skip.String()+" "+s.SkipName)
	for i, c := range s.Conditions {
		if c.Expr != nil {
			text += fmt.Sprintf(", %s AS %s", s.Variables[i], c.Format(columns, s.Variables))
		}
	}
	names := make([]string, len(s.Outputs))
	for i, n := range s.Outputs {
		names[i] = n.Format(columns, s.Variables)
	}
	text += ", measures=[" + strings.Join(names, ", ") + "]"
	if s.AllRows {
		text += ", all rows"
	}
	return text
}

// Columns lists the input columns that s reads, in no order and maybe repeated.
func (s *Spec) Columns() []int {
	out := append(append(append([]int{s.Time}, s.PartitionBy...), s.Leading...), s.Trailing...)
	for _, k := range s.Ties {
		out = append(out, k.Column)
	}
	add := func(navs []Nav) {
		for _, n := range navs {
			if n.Kind == Value {
				out = append(out, n.Column)
			}
			if n.Agg != nil {
				out = append(out, n.Agg.Args...)
			}
		}
	}
	add(s.Outputs)
	for _, c := range s.Conditions {
		add(c.Navs)
	}
	return out
}

// StepsMax bounds the steps of a pattern whose repetitions and permutations are
// written out, PermuteMax the items of a permutation.
const (
	StepsMax   = 1 << 12
	PermuteMax = 5
)

// Steps is the number of steps of p written out, or more than StepsMax if there are
// that many.
func (p Pattern) Steps() int {
	const enough = StepsMax + 1
	if p.Kind == Variable {
		return 1
	}
	n := 0
	for _, item := range p.Items {
		n = min(enough, n+item.Steps())
	}
	switch p.Kind {
	case Repeat:
		n = min(enough, n*max(1, p.Min, p.Max))
	case Permute:
		for i := range len(p.Items) {
			n = min(enough, n*(i+1))
		}
	}
	return n
}

// Remap is s over an input whose column c stands at at(c).
func (s Spec) Remap(at func(int) int) Spec {
	move := func(list []int) []int {
		out := make([]int, len(list))
		for i, c := range list {
			out[i] = at(c)
		}
		return out
	}
	moveNavs := func(navs []Nav) []Nav {
		out := make([]Nav, len(navs))
		for i, n := range navs {
			if n.Kind == Value {
				n.Column = at(n.Column)
			}
			if n.Agg != nil {
				call := *n.Agg
				call.Args = move(call.Args)
				n.Agg = &call
			}
			out[i] = n
		}
		return out
	}
	s.PartitionBy, s.Leading, s.Trailing, s.Time = move(s.PartitionBy), move(s.Leading), move(s.Trailing), at(s.Time)
	ties := make([]rex.SortKey, len(s.Ties))
	for i, k := range s.Ties {
		k.Column = at(k.Column)
		ties[i] = k
	}
	conditions := make([]Condition, len(s.Conditions))
	for i, c := range s.Conditions {
		conditions[i] = Condition{Expr: c.Expr, Navs: moveNavs(c.Navs)}
	}
	s.Ties, s.Conditions, s.Outputs = ties, conditions, moveNavs(s.Outputs)
	return s
}
