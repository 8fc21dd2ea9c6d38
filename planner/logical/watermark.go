package logical

import (
	"fmt"
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
)

// Watermark declares a column to be the event time and gives watermarks.
type Watermark struct {
	props Props
	input Node
	// Column is the event time column.
	Column int
	// Expr gives the watermark of a row, over the input's columns.
	Expr rex.Expr
	// IdleMillis declares a silent source idle after so long; 0 never.
	IdleMillis int64
}

// NewWatermark makes a Watermark.
func NewWatermark(input Node, column int, expr rex.Expr, idleMillis int64) *Watermark {
	n := &Watermark{input: input, Column: column, Expr: expr, IdleMillis: idleMillis}
	n.props = *input.Props()
	n.props.Time = slices.Clone(n.props.Time)
	n.props.Time[column] = Rowtime
	return n
}

// Inputs is the one input.
func (n *Watermark) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Watermark) WithInputs(inputs []Node) Node {
	return NewWatermark(inputs[0], n.Column, n.Expr, n.IdleMillis)
}

// Props are the derived properties.
func (n *Watermark) Props() *Props { return &n.props }

// Kind is "Watermark".
func (n *Watermark) Kind() string { return "Watermark" }

func (n *Watermark) payload() any { return []any{n.Column, n.Expr, n.IdleMillis} }

func (n *Watermark) details() string {
	names := n.props.Schema.Names()
	return fmt.Sprintf("%s AS %s", names[n.Column], n.Expr.Format(names))
}

var _ Node = (*Watermark)(nil)
