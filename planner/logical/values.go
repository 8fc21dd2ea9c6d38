package logical

import (
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Values gives constant rows.
type Values struct {
	props Props
	// Rows hold expressions without inputs, of the schema's types.
	Rows [][]rex.Expr
}

// NewValues makes a Values of rows of the given schema.
func NewValues(schema types.Schema, rows [][]rex.Expr) *Values {
	n := &Values{Rows: rows}
	n.props = Props{Schema: schema, Time: make([]TimeKind, len(schema)), Changes: Inserts, Bounded: true}
	if len(rows) <= 1 {
		n.props.Keys = [][]int{{}}
	}
	return n
}

// Inputs is empty.
func (n *Values) Inputs() []Node { return nil }

// WithInputs returns n.
func (n *Values) WithInputs([]Node) Node { return n }

// Props are the derived properties.
func (n *Values) Props() *Props { return &n.props }

// Kind is "Values".
func (n *Values) Kind() string { return "Values" }

func (n *Values) payload() any { return []any{n.props.Schema, n.Rows} }

func (n *Values) details() string {
	rows := make([]string, len(n.Rows))
	for i, row := range n.Rows {
		cells := make([]string, len(row))
		for j, e := range row {
			cells[j] = e.String()
		}
		rows[i] = "(" + strings.Join(cells, ", ") + ")"
	}
	return strings.Join(rows, ", ")
}

var _ Node = (*Values)(nil)
