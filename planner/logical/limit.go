package logical

import "fmt"

// Limit passes on rows Offset+1 … Offset+Count in arrival order.
type Limit struct {
	props  Props
	input  Node
	Offset int64
	Count  int64
}

// NewLimit makes a Limit.
func NewLimit(input Node, offset, count int64) *Limit {
	n := &Limit{input: input, Offset: offset, Count: count, props: *input.Props()}
	if !n.props.Changes.InsertOnly() {
		n.props.Changes = AllChanges
	}
	if count <= 1 {
		n.props.Keys = [][]int{{}}
	}
	return n
}

// Inputs is the one input.
func (n *Limit) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Limit) WithInputs(inputs []Node) Node { return NewLimit(inputs[0], n.Offset, n.Count) }

// Props are the derived properties.
func (n *Limit) Props() *Props { return &n.props }

// Kind is "Limit".
func (n *Limit) Kind() string { return "Limit" }

func (n *Limit) payload() any { return []any{n.Offset, n.Count} }

func (n *Limit) details() string {
	if n.Offset > 0 {
		return fmt.Sprintf("%d offset %d", n.Count, n.Offset)
	}
	return fmt.Sprint(n.Count)
}

var _ Node = (*Limit)(nil)
