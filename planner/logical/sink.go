package logical

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/catalog"
)

// Sink is a root of the query: it writes to a table or collects a result.
type Sink struct {
	props Props
	input Node
	SinkSpec
}

// SinkSpec are the fields of a Sink.
type SinkSpec struct {
	// Table is the target with the options of hints applied; nil collects.
	Table *catalog.Table
	Info  catalog.SinkInfo
	// OrderBy orders a collected result, of which the first Visible columns show.
	OrderBy   []rex.SortKey
	OrderSpan errs.Span
	Visible   int
	// NotNull are the columns that may be NULL in the query and not in the table.
	NotNull []int
	// OnConflict is what follows ON CONFLICT DO, "" without it.
	OnConflict     string
	OnConflictSpan errs.Span
	// Span is the target's place in the script.
	Span errs.Span
}

// NewSink makes a Sink.
func NewSink(input Node, s SinkSpec) *Sink {
	return &Sink{input: input, SinkSpec: s, props: *input.Props()}
}

// Inputs is the one input.
func (n *Sink) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Sink) WithInputs(inputs []Node) Node { return NewSink(inputs[0], n.SinkSpec) }

// Props are the input's properties.
func (n *Sink) Props() *Props { return &n.props }

// Kind is "Sink".
func (n *Sink) Kind() string { return "Sink" }

// payload is the node itself: two sinks are never the same.
func (n *Sink) payload() any { return nil }

func (n *Sink) details() string {
	if n.Table != nil {
		return n.Table.Name
	}
	if len(n.OrderBy) > 0 {
		return "collect order=[" + OrderText(n.OrderBy, n.props.Schema.Names()) + "]"
	}
	return "collect"
}

var _ Node = (*Sink)(nil)
