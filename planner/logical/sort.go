package logical

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
)

// Sort brings an endless stream of inserts into order. The first key is a time
// attribute, ascending: a row is given once no row can come before it.
type Sort struct {
	props Props
	input Node
	Keys  []rex.SortKey
	Span  errs.Span
}

// NewSort makes a Sort.
func NewSort(input Node, keys []rex.SortKey, span errs.Span) *Sort {
	return &Sort{input: input, Keys: keys, Span: span, props: *input.Props()}
}

// Proctime reports whether the order is that of arrival.
func (n *Sort) Proctime() bool { return n.props.Time[n.Keys[0].Column] == Proctime }

// Inputs is the one input.
func (n *Sort) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Sort) WithInputs(inputs []Node) Node { return NewSort(inputs[0], n.Keys, n.Span) }

// Props are the derived properties.
func (n *Sort) Props() *Props { return &n.props }

// Kind is "Sort".
func (n *Sort) Kind() string { return "Sort" }

func (n *Sort) payload() any { return n.Keys }

func (n *Sort) details() string { return OrderText(n.Keys, n.props.Schema.Names()) }

var _ Node = (*Sort)(nil)
