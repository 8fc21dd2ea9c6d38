package logical

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Correlate joins each row with the rows that a table function gives for it. Its
// output is the input's columns Keep, then the function's columns Read.
type Correlate struct {
	props Props
	input Node
	CorrelateSpec
}

// CorrelateSpec are the fields of a Correlate.
type CorrelateSpec struct {
	// Function is the canonical name of the table function, Args its arguments over
	// the input's columns.
	Function string
	Args     []rex.Expr
	// Columns are all columns that the function gives; Key those that no two rows of
	// one call agree in, nil when not known.
	Columns types.Schema
	Key     []int
	// Left gives a row for which the function gives none once, with NULLs.
	Left bool
	// Calling is how the function is called; nil is one call after the other.
	Calling *Calling
	Keep    []int
	Read    []int
	Span    errs.Span
}

// Calling is how a function that waits for something outside is called.
type Calling struct {
	// Async makes calls in the background; Unordered lets rows between two watermarks
	// overtake each other.
	Async     bool
	Unordered bool
	// Capacity bounds the requests under way in one task, TimeoutMillis the time of one
	// with its repetitions.
	Capacity      int
	TimeoutMillis int64
}

// NewCorrelate makes a Correlate.
func NewCorrelate(input Node, s CorrelateSpec) *Correlate {
	n := &Correlate{input: input, CorrelateSpec: s}
	in := input.Props()
	n.props = Props{Changes: in.Changes.filtered(), Bounded: in.Bounded, Time: make([]TimeKind, len(s.Keep)+len(s.Read))}
	mapping := map[int][]int{}
	for i, c := range s.Keep {
		mapping[c] = append(mapping[c], i)
		n.props.Schema = append(n.props.Schema, in.Schema[c])
		n.props.Time[i] = in.Time[c]
	}
	own := map[int][]int{}
	for i, c := range s.Read {
		own[c] = append(own[c], len(s.Keep)+i)
		f := s.Columns[c]
		f.Type.Nullable = f.Type.Nullable || s.Left
		n.props.Schema = append(n.props.Schema, f)
	}
	n.props.Window = in.Window.remap(mapping)
	n.props.Fresh = remapFresh(in.Fresh, mapping)
	n.props.Keys = n.keys(mapping, own)
	return n
}

// keys are the input's, each with the columns that tell apart the rows for one row.
func (n *Correlate) keys(mapping, own map[int][]int) [][]int {
	if n.Key == nil {
		return nil
	}
	within, ok := remapKey(n.Key, own)
	if !ok {
		return nil
	}
	var keys [][]int
	for _, key := range n.input.Props().Keys {
		if mapped, ok := remapKey(key, mapping); ok {
			keys = addKey(keys, union(mapped, within))
		}
	}
	return keys
}

// Inputs is the one input.
func (n *Correlate) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Correlate) WithInputs(inputs []Node) Node { return NewCorrelate(inputs[0], n.CorrelateSpec) }

// Props are the derived properties.
func (n *Correlate) Props() *Props { return &n.props }

// Kind is "Correlate".
func (n *Correlate) Kind() string { return "Correlate" }

func (n *Correlate) payload() any {
	return []any{n.Function, n.Args, n.Columns, n.Left, n.Calling, n.Keep, n.Read}
}

func (n *Correlate) details() string {
	in := n.input.Props().Schema
	kind := "INNER "
	if n.Left {
		kind = "LEFT "
	}
	names := make([]string, len(n.Keep))
	for i, c := range n.Keep {
		names[i] = in[c].Name
	}
	for _, c := range n.Read {
		names = append(names, n.Columns[c].Name)
	}
	return kind + rex.FormatCall(n.Function, n.Args, in.Names()) + " columns=[" + strings.Join(names, ", ") + "]"
}

var _ Node = (*Correlate)(nil)
