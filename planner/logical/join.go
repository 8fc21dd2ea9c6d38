package logical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// JoinKind is the kind of a join.
type JoinKind uint8

// The kinds of join.
const (
	Inner JoinKind = iota
	Left
	Right
	Full
	Semi
	Anti
	Mark
)

// String gives the SQL word.
func (k JoinKind) String() string {
	names := [...]string{"INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "MARK"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("join(%d)", uint8(k))
}

// KeepsLeft reports whether every left row comes out, matched or not; KeepsRight
// likewise.
func (k JoinKind) KeepsLeft() bool { return k == Left || k == Full || k == Mark }

// KeepsRight reports whether every right row comes out, matched or not.
func (k JoinKind) KeepsRight() bool { return k == Right || k == Full }

// LeftOnly reports whether only the left columns come out; with Mark one more tells
// whether there is a partner.
func (k JoinKind) LeftOnly() bool { return k == Semi || k == Anti || k == Mark }

// MarkName is the name of the column of a Mark join that tells whether there is a
// partner.
const MarkName = "$mark"

// Join joins two inputs. Its output is the left columns, then the right ones
// (left only for Semi and Anti, left and a BOOLEAN for Mark).
type Join struct {
	props Props
	left  Node
	right Node
	JoinSpec
	interval *Interval
}

// JoinSpec are the fields of a Join.
type JoinSpec struct {
	Type JoinKind
	// LeftKeys and RightKeys are columns of each input that must be equal, pair by
	// pair, of the same types; NULL equals nothing.
	LeftKeys  []int
	RightKeys []int
	// NullEqual tells of which pairs NULL does equal NULL; nil for none.
	NullEqual []bool
	// Condition is a further predicate over left then right columns, or nil.
	Condition *rex.Expr
	// LeftTTL and RightTTL are how long rows of each input are kept without being
	// written, in milliseconds; nil is as long as the job says, 0 for ever.
	LeftTTL, RightTTL *int64
	Span              errs.Span
}

// EqualNulls reports whether NULL equals NULL in the i-th pair of keys.
func (s JoinSpec) EqualNulls(i int) bool { return s.NullEqual != nil && s.NullEqual[i] }

// NewJoin makes a Join.
func NewJoin(left, right Node, s JoinSpec) *Join {
	n := &Join{left: left, right: right, JoinSpec: s}
	l, r := left.Props(), right.Props()
	n.props = Props{Schema: joinSchema(s.Type, l.Schema, r.Schema), Bounded: l.Bounded && r.Bounded}
	n.props.Time = make([]TimeKind, len(n.props.Schema))
	n.props.Changes = joinChanges(s.Type, l.Changes, r.Changes)
	n.props.Keys = n.joinKeys()
	n.props.Window = n.joinWindow()
	n.interval = n.findInterval()
	switch {
	case n.interval == nil:
	case n.interval.Attributes:
		n.props.Changes = Inserts
		n.props.Time = append(slices.Clone(l.Time), r.Time...)
	case n.interval.Windowed:
		n.props.Changes = Inserts
		n.windowTimes()
	}
	return n
}

// windowTimes makes window_time of a window join event time: rows come before their
// windows are due, but not in order of their own times.
func (n *Join) windowTimes() {
	l, r := n.left.Props(), n.right.Props()
	for _, c := range l.Window.Time {
		n.props.Time[c] = l.Time[c]
	}
	if !n.Type.LeftOnly() {
		for _, c := range r.Window.Time {
			n.props.Time[len(l.Schema)+c] = r.Time[c]
		}
	}
}

func joinSchema(kind JoinKind, left, right types.Schema) types.Schema {
	var out types.Schema
	for _, f := range left {
		if kind.KeepsRight() {
			f.Type.Nullable = true
		}
		out = append(out, f)
	}
	if kind == Mark {
		return append(out, types.Field{Name: MarkName, Type: types.Of(types.Boolean).NotNull()})
	}
	if kind.LeftOnly() {
		return out
	}
	for _, f := range right {
		if kind.KeepsLeft() {
			f.Type.Nullable = true
		}
		out = append(out, f)
	}
	return out
}

// joinChanges infers the changes: an update may begin or end a match, a row padded
// with NULLs is taken back when its first match comes, and an anti join takes a row
// back likewise.
func joinChanges(kind JoinKind, left, right Changes) Changes {
	switch kind {
	case Inner:
		return (left | right).filtered()
	case Semi:
		if right.InsertOnly() {
			return left.filtered()
		}
		return left | AllChanges
	}
	return AllChanges
}

func (n *Join) joinKeys() [][]int {
	l, r := n.left.Props(), n.right.Props()
	if n.Type.LeftOnly() {
		return l.Keys
	}
	width := len(l.Schema)
	var keys [][]int
	if r.HasKey(n.RightKeys) && !n.Type.KeepsRight() {
		for _, k := range l.Keys {
			keys = addKey(keys, k)
		}
	}
	if l.HasKey(n.LeftKeys) && !n.Type.KeepsLeft() {
		for _, k := range r.Keys {
			keys = addKey(keys, shifted(k, width))
		}
	}
	for _, lk := range l.Keys {
		for _, rk := range r.Keys {
			keys = addKey(keys, union(lk, shifted(rk, width)))
		}
	}
	return keys
}

// joinWindow keeps the windows of joins on equal windows.
func (n *Join) joinWindow() *WindowColumns {
	l, r := n.left.Props().Window, n.right.Props().Window
	if n.Type.LeftOnly() {
		return l
	}
	if l == nil || r == nil || n.Type != Inner || !l.Window.SameShape(r.Window) {
		return nil
	}
	start, end := false, false
	for i, c := range n.LeftKeys {
		start = start || has(l.Start, c) && has(r.Start, n.RightKeys[i])
		end = end || has(l.End, c) && has(r.End, n.RightKeys[i])
	}
	if !start || !end {
		return nil
	}
	moved := r.shift(len(n.left.Props().Schema))
	return &WindowColumns{
		Window: l.Window, Start: append(l.Start[:len(l.Start):len(l.Start)], moved.Start...),
		End: append(l.End[:len(l.End):len(l.End)], moved.End...),
	}
}

func has(columns []int, c int) bool { return subset([]int{c}, columns) }

func shifted(columns []int, delta int) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = c + delta
	}
	return out
}

// Left and Right are the inputs.
func (n *Join) Left() Node { return n.left }

// Right is the second input.
func (n *Join) Right() Node { return n.right }

// Both is the schema that Condition speaks of: left then right columns.
func (n *Join) Both() types.Schema {
	l, r := n.left.Props().Schema, n.right.Props().Schema
	return append(l[:len(l):len(l)], r...)
}

// Inputs are left and right.
func (n *Join) Inputs() []Node { return []Node{n.left, n.right} }

// WithInputs rebuilds n.
func (n *Join) WithInputs(inputs []Node) Node { return NewJoin(inputs[0], inputs[1], n.JoinSpec) }

// Props are the derived properties.
func (n *Join) Props() *Props { return &n.props }

// Kind is "Join".
func (n *Join) Kind() string { return "Join" }

func (n *Join) payload() any {
	return []any{n.Type, n.LeftKeys, n.RightKeys, n.NullEqual, n.Condition, n.LeftTTL, n.RightTTL}
}

func (n *Join) details() string {
	l, r := n.left.Props().Schema.Names(), n.right.Props().Schema.Names()
	var keys []string
	for i := range n.LeftKeys {
		op := " = "
		if n.EqualNulls(i) {
			op = " IS NOT DISTINCT FROM "
		}
		keys = append(keys, l[n.LeftKeys[i]]+op+r[n.RightKeys[i]])
	}
	text := n.Type.String() + " on=[" + strings.Join(keys, ", ") + "]"
	if n.interval != nil {
		text += n.interval.text(l, r)
	}
	if n.Condition != nil {
		text += " where=" + n.Condition.Format(append(l[:len(l):len(l)], r...))
	}
	return text
}

var _ Node = (*Join)(nil)
