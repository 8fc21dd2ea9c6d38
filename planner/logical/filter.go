package logical

import "github.com/thalweg/thalweg/internal/rex"

// Filter keeps the rows for which a predicate is TRUE.
type Filter struct {
	props Props
	input Node
	// Predicate is BOOLEAN, over the input's columns.
	Predicate rex.Expr
}

// NewFilter makes a Filter.
func NewFilter(input Node, predicate rex.Expr) *Filter {
	n := &Filter{input: input, Predicate: predicate, props: *input.Props()}
	n.props.Changes = n.props.Changes.filtered()
	return n
}

// Inputs is the one input.
func (n *Filter) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Filter) WithInputs(inputs []Node) Node { return NewFilter(inputs[0], n.Predicate) }

// Props are the derived properties.
func (n *Filter) Props() *Props { return &n.props }

// Kind is "Filter".
func (n *Filter) Kind() string { return "Filter" }

func (n *Filter) payload() any { return n.Predicate }

func (n *Filter) details() string { return n.Predicate.Format(n.props.Schema.Names()) }

var _ Node = (*Filter)(nil)
