package logical

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
)

// Sort orders a result. It changes no row; only a sink that can show an order
// heeds it.
type Sort struct {
	props Props
	input Node
	Keys  []rex.SortKey
	// Visible is the number of leading columns that belong to the result; the
	// rest only orders it.
	Visible int
	Span    errs.Span
}

// NewSort makes a Sort.
func NewSort(input Node, keys []rex.SortKey, visible int, span errs.Span) *Sort {
	return &Sort{input: input, Keys: keys, Visible: visible, Span: span, props: *input.Props()}
}

// Inputs is the one input.
func (n *Sort) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Sort) WithInputs(inputs []Node) Node { return NewSort(inputs[0], n.Keys, n.Visible, n.Span) }

// Props are the derived properties.
func (n *Sort) Props() *Props { return &n.props }

// Kind is "Sort".
func (n *Sort) Kind() string { return "Sort" }

func (n *Sort) payload() any { return []any{n.Keys, n.Visible} }

func (n *Sort) details() string { return OrderText(n.Keys, n.props.Schema.Names()) }

var _ Node = (*Sort)(nil)
