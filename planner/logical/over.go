package logical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Over appends the values of OVER calls that share partition and order to each row:
// either aggregates, over one frame, or functions of a row's place.
type Over struct {
	props Props
	input Node
	OverSpec
}

// OverSpec are the fields of an Over.
type OverSpec struct {
	PartitionBy []int
	OrderBy     []rex.SortKey
	Aggs        []rex.AggCall
	Frame       rex.Frame
	Places      []rex.PlaceCall
	// Names are the new columns', of Aggs and then of Places.
	Names []string
	// Mode tells when rows get their values.
	Mode OverMode
	// Keep, unless it is 0, is the greatest value of Places[KeepBy] that is of interest
	// above: rows beyond it may be missing.
	Keep   int64
	KeepBy int
	Span   errs.Span
}

// OverMode tells when an Over gives rows their values.
type OverMode uint8

// The modes.
const (
	// OverChanging gives values at once and changes them as rows come and go.
	OverChanging OverMode = iota
	// OverRowtime gives a row its final values when the watermark passes it.
	OverRowtime
	// OverProctime gives rows their final values as they come.
	OverProctime
	// OverAtEnd gives all rows their values when the input has ended.
	OverAtEnd
)

// String gives the mode as EXPLAIN shows it.
func (m OverMode) String() string {
	return [...]string{"changing", "by event time", "by processing time", "at the end"}[m]
}

// NewOver makes an Over.
func NewOver(input Node, s OverSpec) *Over {
	n := &Over{input: input, OverSpec: s, props: *input.Props()}
	width := len(n.props.Schema)
	n.props.Schema = n.props.Schema[:width:width]
	n.props.Keys = slices.Clone(n.props.Keys)
	for i, a := range s.Aggs {
		n.props.Schema = append(n.props.Schema, types.Field{Name: s.Names[i], Type: a.Type})
	}
	for i, f := range s.Places {
		if f.Name == "ROW_NUMBER" {
			n.props.Keys = addKey(n.props.Keys, union(s.PartitionBy, []int{len(n.props.Schema)}))
		}
		n.props.Schema = append(n.props.Schema, types.Field{Name: s.Names[len(s.Aggs)+i], Type: f.Type})
	}
	n.props.Time = make([]TimeKind, len(n.props.Schema))
	if n.TimeMode() != OverChanging || s.Only("ROW_NUMBER") { // which may become a window's top-N
		copy(n.props.Time, input.Props().Time)
	} else {
		n.props.Window = nil
	}
	n.props.Changes = AllChanges
	if s.Mode != OverChanging {
		n.props.Changes = Inserts
	}
	return n
}

// TimeMode is OverRowtime or OverProctime when, over an input that only inserts,
// rows can get their values once and for all by time: the order is a time attribute,
// and values depend on earlier rows and peers alone.
func (n *Over) TimeMode() OverMode {
	if len(n.OrderBy) != 1 || n.OrderBy[0].Descending {
		return OverChanging
	}
	for _, f := range n.Places {
		if !slices.Contains([]string{"ROW_NUMBER", "RANK", "DENSE_RANK", "LAG"}, f.Name) {
			return OverChanging
		}
	}
	if len(n.Aggs) > 0 && (n.Frame.End.Kind != rex.CurrentRow || n.Frame.Start.Kind > rex.CurrentRow) {
		return OverChanging
	}
	switch n.input.Props().Time[n.OrderBy[0].Column] {
	case Rowtime:
		return OverRowtime
	case Proctime:
		return OverProctime
	}
	return OverChanging
}

// Columns are the input columns that the calls, partition and order read.
func (s OverSpec) Columns() []int {
	out := append(AggColumns(s.Aggs), s.PartitionBy...)
	for _, k := range s.OrderBy {
		out = append(out, k.Column)
	}
	for _, f := range s.Places {
		for _, c := range []int{f.Value, f.Default} {
			if c >= 0 {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Only reports that the one call is of a function by that name.
func (s OverSpec) Only(name string) bool {
	return len(s.Aggs) == 0 && len(s.Places) == 1 && s.Places[0].Name == name
}

// Inputs is the one input.
func (n *Over) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Over) WithInputs(inputs []Node) Node { return NewOver(inputs[0], n.OverSpec) }

// Props are the derived properties.
func (n *Over) Props() *Props { return &n.props }

// Kind is "Over".
func (n *Over) Kind() string { return "Over" }

func (n *Over) payload() any {
	return []any{n.PartitionBy, n.OrderBy, n.Aggs, n.Frame, n.Places, n.Names, n.Mode, n.Keep, n.KeepBy}
}

func (n *Over) details() string {
	names := n.input.Props().Schema.Names()
	text := fmt.Sprintf("%s partition=[%s] order=[%s]", strings.Join(n.callTexts(names), ", "),
		strings.Join(pick(names, n.PartitionBy), ", "), OrderText(n.OrderBy, names))
	if len(n.Aggs) > 0 {
		text += " " + n.Frame.String()
	}
	if n.Mode != OverChanging {
		text += " " + n.Mode.String()
	}
	if n.Keep > 0 {
		text += fmt.Sprintf(" keep=[%s() <= %d]", n.Places[n.KeepBy].Name, n.Keep)
	}
	return text
}

func (n *Over) callTexts(names []string) []string {
	var out []string
	for i, a := range n.Aggs {
		out = append(out, AggText(a, names)+" AS "+n.Names[i])
	}
	for i, f := range n.Places {
		var args []string
		if f.Value >= 0 {
			args = append(args, names[f.Value])
		}
		if f.Offset > 0 {
			args = append(args, fmt.Sprint(f.Offset))
		}
		if f.Default >= 0 {
			args = append(args, names[f.Default])
		}
		if f.IgnoreNulls {
			args[len(args)-1] += " IGNORE NULLS"
		}
		out = append(out, fmt.Sprintf("%s(%s) AS %s", f.Name, strings.Join(args, ", "), n.Names[len(n.Aggs)+i]))
	}
	return out
}

var _ Node = (*Over)(nil)
