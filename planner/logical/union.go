package logical

import (
	"slices"
)

// Union gives the rows of all inputs; they have equal column types.
type Union struct {
	props  Props
	inputs []Node
}

// GroupingSet is the column that tells GROUPING SETS apart in the union of their rows.
const GroupingSet = "$grouping_set"

// NewUnion makes a Union; it takes the first input's names.
func NewUnion(inputs ...Node) *Union {
	n := &Union{inputs: inputs, props: *inputs[0].Props()}
	n.props.Keys, n.props.Fresh = nil, nil
	n.props.Time = slices.Clone(n.props.Time)
	n.props.Schema = slices.Clone(n.props.Schema)
	for _, in := range inputs[1:] {
		p := in.Props()
		n.props.Changes |= p.Changes
		n.props.Bounded = n.props.Bounded && p.Bounded
		n.props.Window = n.props.Window.common(p.Window)
		for i := range n.props.Time {
			if p.Time[i] != n.props.Time[i] {
				n.props.Time[i] = NotTime
			}
			if p.Schema[i].Type.Nullable {
				n.props.Schema[i].Type.Nullable = true
			}
		}
	}
	return n
}

// Inputs are all inputs.
func (n *Union) Inputs() []Node { return n.inputs }

// WithInputs rebuilds n.
func (n *Union) WithInputs(inputs []Node) Node { return NewUnion(inputs...) }

// Props are the derived properties.
func (n *Union) Props() *Props { return &n.props }

// Kind is "Union".
func (n *Union) Kind() string { return "Union" }

func (n *Union) payload() any { return n.props.Schema.Names() }

func (n *Union) details() string { return "" }

var _ Node = (*Union)(nil)
