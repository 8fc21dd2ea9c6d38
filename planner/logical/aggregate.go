package logical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Aggregate groups by columns; its output is the keys, then the aggregates.
type Aggregate struct {
	props Props
	input Node
	Keys  []int
	Aggs  []rex.AggCall
	// Names are the aggregates' column names.
	Names []string
	// TTL is how long a group is kept without being written, in milliseconds; nil is as
	// long as the job says, 0 for ever.
	TTL *int64
	// Span is the place in the script, for errors.
	Span errs.Span
}

// NewAggregate makes an Aggregate.
func NewAggregate(input Node, keys []int, aggs []rex.AggCall, names []string, span errs.Span) *Aggregate {
	n := &Aggregate{input: input, Keys: keys, Aggs: aggs, Names: names, Span: span}
	in := input.Props()
	n.props = Props{
		Schema: aggregateSchema(in.Schema, keys, aggs, names), Keys: [][]int{Range(0, len(keys))},
		Time: make([]TimeKind, len(keys)+len(aggs)), Changes: Inserts, Bounded: in.Bounded,
	}
	if len(aggs) > 0 {
		n.props.Changes |= Updates
	}
	if in.Changes&(Deletes|Updates) != 0 {
		n.props.Changes = AllChanges
	}
	mapping := map[int][]int{}
	for i, k := range keys {
		mapping[k] = append(mapping[k], i)
	}
	n.props.Window = in.Window.remap(mapping)
	if w := n.props.Window; w != nil && len(w.Start) > 0 && len(w.End) > 0 {
		// Grouped by a whole window, window_time stays a time attribute.
		for _, c := range w.Time {
			n.props.Time[c] = in.Time[keys[c]]
		}
	}
	return n
}

func aggregateSchema(in types.Schema, keys []int, aggs []rex.AggCall, names []string) types.Schema {
	out := make(types.Schema, 0, len(keys)+len(aggs))
	for _, k := range keys {
		out = append(out, in[k])
	}
	for i, a := range aggs {
		out = append(out, types.Field{Name: names[i], Type: a.Type})
	}
	return out
}

// Like gives an aggregate that stands for n what the query says of its state.
func (n *Aggregate) Like(o *Aggregate) *Aggregate {
	o.TTL = n.TTL
	return o
}

// Inputs is the one input.
func (n *Aggregate) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Aggregate) WithInputs(inputs []Node) Node {
	return n.Like(NewAggregate(inputs[0], n.Keys, n.Aggs, n.Names, n.Span))
}

// Props are the derived properties.
func (n *Aggregate) Props() *Props { return &n.props }

// Kind is "Aggregate".
func (n *Aggregate) Kind() string { return "Aggregate" }

func (n *Aggregate) payload() any { return []any{n.Keys, n.Aggs, n.TTL} }

func (n *Aggregate) details() string {
	names := n.input.Props().Schema.Names()
	return fmt.Sprintf("by=[%s] aggs=[%s]", strings.Join(pick(names, n.Keys), ", "), AggsText(n.Aggs, names))
}

// pick selects names by column.
func pick(names []string, columns []int) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = names[c]
	}
	return out
}

// AggsText prints aggregate calls over named columns.
func AggsText(aggs []rex.AggCall, names []string) string {
	parts := make([]string, len(aggs))
	for i, a := range aggs {
		parts[i] = AggText(a, names)
	}
	return strings.Join(parts, ", ")
}

// AggText prints one aggregate call.
func AggText(a rex.AggCall, names []string) string {
	args := strings.Join(pick(names, a.Args), ", ")
	if len(a.Args) == 0 && a.Name == "COUNT" {
		args = "*"
	}
	if a.Distinct {
		args = "DISTINCT " + args
	}
	if len(a.OrderBy) > 0 {
		args += " ORDER BY " + OrderText(a.OrderBy, names)
	}
	text := a.Name + "(" + args + ")"
	if a.Filter >= 0 {
		text += " FILTER " + names[a.Filter]
	}
	return text
}

// OrderText prints sort keys over named columns.
func OrderText(keys []rex.SortKey, names []string) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = names[k.Column]
		if k.Descending {
			parts[i] += " DESC"
		}
		if k.NullsFirst == k.Descending {
			parts[i] += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
		}
	}
	return strings.Join(parts, ", ")
}

// AggColumns lists the input columns that the calls read.
func AggColumns(aggs []rex.AggCall) []int {
	var out []int
	for _, a := range aggs {
		out = append(out, a.Columns()...)
		if a.Filter >= 0 {
			out = append(out, a.Filter)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var _ Node = (*Aggregate)(nil)
