package logical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/types"
)

// LateRows appends a column that tells whether a row comes too late for all its
// windows. It stands below the windowed aggregate, or the SESSION table function, that
// would drop such rows, and is spread by the same keys.
type LateRows struct {
	props Props
	input Node
	LateRowsSpec
}

// LateRowsSpec are the fields of a LateRows.
type LateRowsSpec struct {
	// Window, Attached and End are those of the aggregate, as are Keys.
	Window   Window
	Attached bool
	End      int
	Keys     []int
	// LatenessMillis is how long after a window was due rows of it still count.
	LatenessMillis int64
}

// LateColumn is the name of the column.
const LateColumn = "$late"

// NewLateRows makes a LateRows.
func NewLateRows(input Node, s LateRowsSpec) *LateRows {
	n := &LateRows{input: input, LateRowsSpec: s, props: *input.Props()}
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
	return NewLateRows(inputs[0], n.LateRowsSpec)
}

// Props are the derived properties.
func (n *LateRows) Props() *Props { return &n.props }

// Kind is "LateRows".
func (n *LateRows) Kind() string { return "LateRows" }

func (n *LateRows) payload() any { return n.LateRowsSpec }

func (n *LateRows) details() string {
	names := n.props.Schema.Names()
	text := n.Window.String() + " on " + names[n.Column()] + " by=[" + strings.Join(pick(names, n.Keys), ", ") + "]"
	if n.LatenessMillis != 0 {
		text += fmt.Sprintf(" lateness=%dms", n.LatenessMillis)
	}
	return text
}

var _ Node = (*LateRows)(nil)
