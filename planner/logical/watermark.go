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
	WatermarkSpec
}

// WatermarkSpec are the fields of a Watermark.
type WatermarkSpec struct {
	// Column is the event time column.
	Column int
	// Expr gives the watermark of a row, over the input's columns.
	Expr rex.Expr
	// IdleMillis declares a silent source idle after so long; 0 never.
	IdleMillis int64
	// Align has sources go on in step; nil lets each go as it can.
	Align *Alignment
}

// Alignment has the splits of sources wait while their event time is more than a drift
// ahead of the slowest of their group.
type Alignment struct {
	Group       string
	DriftMillis int64
}

// String gives the group and the drift.
func (a *Alignment) String() string { return fmt.Sprintf("%s %d", a.Group, a.DriftMillis) }

// NewWatermark makes a Watermark.
func NewWatermark(input Node, s WatermarkSpec) *Watermark {
	n := &Watermark{input: input, WatermarkSpec: s}
	n.props = *input.Props()
	n.props.Time = slices.Clone(n.props.Time)
	n.props.Time[s.Column] = Rowtime
	return n
}

// Inputs is the one input.
func (n *Watermark) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Watermark) WithInputs(inputs []Node) Node {
	return NewWatermark(inputs[0], n.WatermarkSpec)
}

// Props are the derived properties.
func (n *Watermark) Props() *Props { return &n.props }

// Kind is "Watermark".
func (n *Watermark) Kind() string { return "Watermark" }

func (n *Watermark) payload() any { return []any{n.Column, n.Expr, n.IdleMillis, n.Align} }

func (n *Watermark) details() string {
	names := n.props.Schema.Names()
	text := fmt.Sprintf("%s AS %s", names[n.Column], n.Expr.Format(names))
	if n.Align != nil {
		text += " aligned " + n.Align.String()
	}
	return text
}

var _ Node = (*Watermark)(nil)
