package logical

import (
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/types"
)

// LateRows appends a column that tells whether a row comes too late for all its
// windows. It stands below the windowed aggregate that would drop such rows, and is
// spread by the same keys.
type LateRows struct {
	props Props
	input Node
	// Window, Attached and End are those of the aggregate, as are Keys.
	Window   Window
	Attached bool
	End      int
	Keys     []int
}

// LateColumn is the name of the column.
const LateColumn = "$late"

// NewLateRows makes a LateRows for an aggregate over input.
func NewLateRows(input Node, w Window, attached bool, end int, keys []int) *LateRows {
	n := &LateRows{input: input, Window: w, Attached: attached, End: end, Keys: keys, props: *input.Props()}
	width := len(n.props.Schema)
	n.props.Schema = append(n.props.Schema[:width:width], types.Field{Name: LateColumn, Type: types.Of(types.Boolean).NotNull()})
	n.props.Time = append(slices.Clone(n.props.Time), NotTime)
	return n
}

// Column is the column that tells the time, or the window's end, of a row.
func (n *LateRows) Column() int {
	if n.Attached {
		return n.End
	}
	return n.Window.Time
}

// Inputs is the one input.
func (n *LateRows) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *LateRows) WithInputs(inputs []Node) Node {
	return NewLateRows(inputs[0], n.Window, n.Attached, n.End, n.Keys)
}

// Props are the derived properties.
func (n *LateRows) Props() *Props { return &n.props }

// Kind is "LateRows".
func (n *LateRows) Kind() string { return "LateRows" }

func (n *LateRows) payload() any { return []any{n.Window, n.Attached, n.End, n.Keys} }

func (n *LateRows) details() string {
	names := n.props.Schema.Names()
	return n.Window.String() + " on " + names[n.Column()] + " by=[" + strings.Join(pick(names, n.Keys), ", ") + "]"
}

var _ Node = (*LateRows)(nil)
