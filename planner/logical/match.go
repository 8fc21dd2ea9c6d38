package logical

import (
	"slices"
	"strconv"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
)

// Match finds a row pattern in each partition: MATCH_RECOGNIZE. What its measures
// read of a match are its columns; the measures themselves are a projection above.
type Match struct {
	props Props
	input Node
	rowpattern.Spec
	Span errs.Span
}

// NewMatch makes a Match.
func NewMatch(input Node, s rowpattern.Spec, span errs.Span) *Match {
	in := input.Props()
	n := &Match{input: input, Spec: s, Span: span, props: Props{Changes: Inserts, Bounded: in.Bounded}}
	for _, c := range s.Leading {
		n.props.Schema = append(n.props.Schema, in.Schema[c])
	}
	for i, nav := range s.Outputs {
		n.props.Schema = append(n.props.Schema, types.Field{Name: "$match" + strconv.Itoa(i), Type: nav.Type})
	}
	for _, c := range s.Trailing {
		n.props.Schema = append(n.props.Schema, in.Schema[c])
	}
	n.props.Time = make([]TimeKind, len(n.props.Schema))
	n.Rowtime = false
	for i, nav := range s.Outputs {
		if kind := n.timeOf(nav); !s.AllRows {
			n.props.Time[len(s.Leading)+i] = kind
			n.Rowtime = n.Rowtime || kind == Rowtime
		}
	}
	return n
}

// timeOf tells whether an output is a time attribute: MATCH_ROWTIME and
// MATCH_PROCTIME are.
func (n *Match) timeOf(nav rowpattern.Nav) TimeKind {
	switch {
	case nav.Kind == rowpattern.ProcTime:
		return Proctime
	case nav.Kind == rowpattern.Value && nav.Final && nav.Column == n.Spec.Time && nav.Set == rowpattern.AllVariables && !n.ProcTime &&
		!nav.First && nav.Offset == 0 && nav.Physical == 0:
		return Rowtime
	}
	return NotTime
}

// Inputs is the one input.
func (n *Match) Inputs() []Node { return []Node{n.input} }

// WithInputs rebuilds n.
func (n *Match) WithInputs(inputs []Node) Node { return NewMatch(inputs[0], n.Spec, n.Span) }

// Props are the derived properties.
func (n *Match) Props() *Props { return &n.props }

// Kind is "Match".
func (n *Match) Kind() string { return "Match" }

func (n *Match) payload() any {
	s := n.Spec
	s.Conditions = slices.Clone(s.Conditions)
	for i, c := range s.Conditions {
		if c.Expr != nil {
			bare := c.Expr.Bare()
			s.Conditions[i].Expr = &bare
		}
	}
	return s
}

func (n *Match) details() string { return n.Spec.Format(n.input.Props().Schema.Names()) }

var _ Node = (*Match)(nil)
