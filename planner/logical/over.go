package logical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Over appends the value of a window function to each row.
type Over struct {
	props Props
	input Node
	OverSpec
}

// OverSpec are the fields of an Over.
type OverSpec struct {
	// Function is the window function's name, such as ROW_NUMBER.
	Function string
	// Args, PartitionBy and OrderBy are columns.
	Args        []int
	PartitionBy []int
	OrderBy     []rex.SortKey
	// Frame is the frame as written, or empty.
	Frame string
	// Type and Name are the new column's.
	Type types.Type
	Name string
	Span errs.Span
}

// NewOver makes an Over.
func NewOver(input Node, s OverSpec) *Over {
	n := &Over{input: input, OverSpec: s, props: *input.Props()}
	width := len(n.props.Schema)
	n.props.Schema = append(n.props.Schema[:width:width], types.Field{Name: s.Name, Type: s.Type})
	n.props.Time = append(slices.Clone(n.props.Time), NotTime)
	n.props.Changes = AllChanges
	return n
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
	return []any{n.Function, n.Args, n.PartitionBy, n.OrderBy, n.Frame, n.Name}
}

func (n *Over) details() string {
	names := n.input.Props().Schema.Names()
	return fmt.Sprintf("%s(%s) partition=[%s] order=[%s] AS %s", n.Function, strings.Join(pick(names, n.Args), ", "),
		strings.Join(pick(names, n.PartitionBy), ", "), OrderText(n.OrderBy, names), n.Name)
}

var _ Node = (*Over)(nil)
