package logical

import (
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// TemporalMode tells which state of the right side a temporal join's left rows meet.
type TemporalMode uint8

// The modes.
const (
	// AtRowtime is the version that held at the left row's event time.
	AtRowtime TemporalMode = iota
	// AtProctime is the newest version when the left row comes.
	AtProctime
	// ByLookup asks the right side's connector when the left row comes.
	ByLookup
)

// String gives the mode as printed.
func (m TemporalMode) String() string { return [...]string{"rowtime", "proctime", "lookup"}[m] }

// TemporalJoin joins each left row with the state of the right side at its time, FOR
// SYSTEM_TIME AS OF. Its output is the left columns, then the right ones.
type TemporalJoin struct {
	props Props
	left  Node
	right Node
	TemporalJoinSpec
}

// TemporalJoinSpec are the fields of a TemporalJoin.
type TemporalJoinSpec struct {
	Mode TemporalMode
	// KeepsLeft pads left rows without a partner.
	KeepsLeft bool
	// LeftKeys and RightKeys are columns of each input that must be equal, pair by
	// pair, of the same types; NULL equals nothing.
	LeftKeys  []int
	RightKeys []int
	// LeftTime and RightTime are the time attributes AtRowtime.
	LeftTime  int
	RightTime int
	// Condition is a further predicate over left then right columns, or nil.
	Condition *rex.Expr
	// Lookup is what the hint LOOKUP asked for.
	Lookup LookupHint
	// RightName names the right side in errors.
	RightName string
	Span      errs.Span
}

// LookupHint are the options of the hint LOOKUP; zero values leave the choice to
// settings and connector.
type LookupHint struct {
	// Async asks for or against requests in the background; nil is as the connector is.
	Async *bool
	// Unordered allows rows between two watermarks to overtake each other.
	Unordered bool
	// Capacity bounds the requests under way.
	Capacity int
	// TimeoutMillis bounds a request's time.
	TimeoutMillis int64
	// RetryAttempts is how often keys without rows are asked for again, RetryMillis
	// after the last time.
	RetryAttempts int
	RetryMillis   int64
}

// NewTemporalJoin makes a TemporalJoin.
func NewTemporalJoin(left, right Node, s TemporalJoinSpec) *TemporalJoin {
	n := &TemporalJoin{left: left, right: right, TemporalJoinSpec: s}
	l, r := left.Props(), right.Props()
	kind := Inner
	if s.KeepsLeft {
		kind = Left
	}
	n.props = Props{Schema: joinSchema(kind, l.Schema, r.Schema), Changes: l.Changes, Window: l.Window, Bounded: l.Bounded}
	n.props.Time = append(slices.Clone(l.Time), make([]TimeKind, len(r.Schema))...)
	if !s.KeepsLeft {
		n.props.Changes = l.Changes.filtered()
	}
	if s.Mode != ByLookup {
		n.props.Bounded = l.Bounded && r.Bounded
	}
	if s.Mode != ByLookup || r.HasKey(s.RightKeys) {
		n.props.Keys = l.Keys
	}
	return n
}

// Left and Right are the inputs.
func (n *TemporalJoin) Left() Node { return n.left }

// Right is the second input.
func (n *TemporalJoin) Right() Node { return n.right }

// Both is the schema that Condition speaks of: left then right columns.
func (n *TemporalJoin) Both() types.Schema {
	l, r := n.left.Props().Schema, n.right.Props().Schema
	return append(l[:len(l):len(l)], r...)
}

// Inputs are left and right.
func (n *TemporalJoin) Inputs() []Node { return []Node{n.left, n.right} }

// WithInputs rebuilds n.
func (n *TemporalJoin) WithInputs(inputs []Node) Node {
	return NewTemporalJoin(inputs[0], inputs[1], n.TemporalJoinSpec)
}

// Props are the derived properties.
func (n *TemporalJoin) Props() *Props { return &n.props }

// Kind is "TemporalJoin", or "LookupJoin".
func (n *TemporalJoin) Kind() string {
	if n.Mode == ByLookup {
		return "LookupJoin"
	}
	return "TemporalJoin"
}

func (n *TemporalJoin) payload() any {
	return []any{n.Mode, n.KeepsLeft, n.LeftKeys, n.RightKeys, n.LeftTime, n.RightTime, n.Condition, n.Lookup}
}

func (n *TemporalJoin) details() string {
	l, r := n.left.Props().Schema.Names(), n.right.Props().Schema.Names()
	kind := Inner
	if n.KeepsLeft {
		kind = Left
	}
	var keys []string
	for i := range n.LeftKeys {
		keys = append(keys, l[n.LeftKeys[i]]+" = "+r[n.RightKeys[i]])
	}
	text := kind.String() + " on=[" + strings.Join(keys, ", ") + "]"
	switch n.Mode {
	case AtRowtime:
		text += " as of=" + l[n.LeftTime] + " of versions by=" + r[n.RightTime]
	case AtProctime:
		text += " as of=proctime"
	}
	if n.Condition != nil {
		text += " where=" + n.Condition.Format(append(l[:len(l):len(l)], r...))
	}
	return text
}

var _ Node = (*TemporalJoin)(nil)
