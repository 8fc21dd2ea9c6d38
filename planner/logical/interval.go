package logical

import (
	"fmt"
	"math"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// Interval is what is known of the times of a join's rows that match, and so of when
// rows can be forgotten.
type Interval struct {
	// Left and Right are time columns of each input. The left less the right is from
	// LowerMillis to UpperMillis for rows that match; NoLower and NoUpper are none.
	Left, Right              int
	LowerMillis, UpperMillis int64
	// LeftLife is when nothing to come can match a left row any more: once the
	// watermark is its time plus this many milliseconds; Never is never. RightLife
	// likewise.
	LeftLife, RightLife int64
	// Attributes tells that both columns are time attributes: the join is an interval
	// join as Flink knows it. It emits inserts only, and keeps the times of both.
	Attributes bool
	// Proctime tells that they are processing times.
	Proctime bool
	// Windowed tells that both are the ends of equal windows that rows of both sides
	// lie in: it is a window join, which emits inserts only, and drops late rows.
	Windowed bool
	// Zone is that of the Windowed join's windows.
	Zone string
}

// Bounds that there are none of.
const (
	NoLower = math.MinInt64
	NoUpper = math.MaxInt64
	Never   = math.MaxInt64
)

// Interval tells how near in time rows must be to match, and nil when nothing follows
// from it.
func (n *Join) Interval() *Interval { return n.interval }

// findInterval looks for the pair of time columns by which most can be forgotten.
//
// Both inputs must hold inserts only: an update would have to find the rows again
// that its first version matched. Between time attributes the join is an interval
// join. Otherwise rows still die when the other side's times are fresh; that changes
// nothing but memory, so it is done for inner joins, which need no padding in time.
func (n *Join) findInterval() *Interval {
	l, r := n.left.Props(), n.right.Props()
	if !l.Changes.InsertOnly() || !r.Changes.InsertOnly() || n.Type == Mark {
		return nil
	}
	if x := n.findWindows(); x != nil || n.Type.LeftOnly() {
		return x
	}
	var best *Interval
	for _, b := range n.timeBounds() {
		x := b
		kind := l.Time[x.Left]
		closed := x.LowerMillis != NoLower && x.UpperMillis != NoUpper && x.LowerMillis <= x.UpperMillis
		switch {
		case closed && kind != NotTime && r.Time[x.Right] == kind:
			x.Attributes, x.Proctime = true, kind == Proctime
			x.LeftLife, x.RightLife = -x.LowerMillis, x.UpperMillis
			return &x
		case n.Type != Inner || x.LowerMillis > x.UpperMillis:
			continue
		}
		x.LeftLife, x.RightLife = Never, Never
		if lag, ok := r.Fresh[x.Right]; ok && x.LowerMillis != NoLower {
			x.LeftLife = lag - x.LowerMillis
		}
		if lag, ok := l.Fresh[x.Left]; ok && x.UpperMillis != NoUpper {
			x.RightLife = lag + x.UpperMillis
		}
		if (x.LeftLife != Never || x.RightLife != Never) && (best == nil || x.shorter(best)) {
			best = &x
		}
	}
	return best
}

// findWindows recognises a window join: both inputs lie in windows of one shape over
// event time, and must be equal in both bounds. A row is dead when its window is due.
func (n *Join) findWindows() *Interval {
	l, r := n.left.Props().Window, n.right.Props().Window
	if l == nil || r == nil || l.Window.Proctime || !l.Window.SameShape(r.Window) {
		return nil
	}
	starts := false
	var ends *Interval
	for _, b := range n.timeBounds() {
		if b.LowerMillis != 0 || b.UpperMillis != 0 {
			continue
		}
		starts = starts || has(l.Start, b.Left) && has(r.Start, b.Right)
		if ends == nil && has(l.End, b.Left) && has(r.End, b.Right) {
			ends = &Interval{Left: b.Left, Right: b.Right, LeftLife: -1, RightLife: -1, Windowed: true, Zone: l.Window.Zone}
		}
	}
	if !starts {
		return nil
	}
	return ends
}

// shorter reports whether fewer rows are kept with x than with o: first of all no
// side for ever.
func (x *Interval) shorter(o *Interval) bool {
	if a, b := max(x.LeftLife, x.RightLife), max(o.LeftLife, o.RightLife); a != b {
		return a < b
	}
	return min(x.LeftLife, x.RightLife) < min(o.LeftLife, o.RightLife)
}

// Delay is how far the watermark of the output stays behind in milliseconds: the
// time attributes of rows may be that old.
func (x *Interval) Delay() int64 {
	if !x.Attributes || x.Proctime {
		return 0
	}
	return max(x.LeftLife, x.RightLife)
}

// timeBounds lists the pairs of time columns that the condition and the keys bound
// the difference of, in order of their first mention.
func (n *Join) timeBounds() []Interval {
	var out []Interval
	narrow := func(b Interval) {
		for i := range out {
			if out[i].Left == b.Left && out[i].Right == b.Right {
				out[i].LowerMillis = max(out[i].LowerMillis, b.LowerMillis)
				out[i].UpperMillis = min(out[i].UpperMillis, b.UpperMillis)
				return
			}
		}
		out = append(out, b)
	}
	if n.Condition != nil {
		for _, t := range Conjuncts(*n.Condition) {
			if b, ok := n.timeBound(t); ok {
				narrow(b)
			}
		}
	}
	for i, k := range n.LeftKeys {
		l, r := n.left.Props().Schema[k].Type, n.right.Props().Schema[n.RightKeys[i]].Type
		if isMillis(l) && isMillis(r) && l.Kind == r.Kind {
			narrow(Interval{Left: k, Right: n.RightKeys[i]})
		}
	}
	return out
}

// isMillis reports timestamps that hold whole milliseconds.
func isMillis(t types.Type) bool { return t.IsTimestamp() && t.Precision <= 3 }

// timeBound reads a comparison such as l.a >= r.b - INTERVAL '1' HOUR.
func (n *Join) timeBound(term rex.Expr) (Interval, bool) {
	if term.Kind != rex.Call || len(term.Args) != 2 {
		return Interval{}, false
	}
	a, moreA, ok := shiftedTime(term.Args[0])
	if !ok {
		return Interval{}, false
	}
	b, moreB, ok := shiftedTime(term.Args[1])
	width := len(n.left.Props().Schema)
	if !ok || a.Type.Kind != b.Type.Kind || (a.Index < width) == (b.Index < width) {
		return Interval{}, false
	}
	if max(a.Index, b.Index) >= width+len(n.right.Props().Schema) {
		return Interval{}, false // of a relation that is joined later: see near
	}
	// a + moreA op b + moreB, so a − b op by.
	op, by := term.Name, moreB-moreA
	if a.Index >= width {
		a, b, op, by = b, a, mirrored[op], -by
	}
	x := Interval{Left: a.Index, Right: b.Index - width, LowerMillis: NoLower, UpperMillis: NoUpper}
	switch op {
	case "=":
		x.LowerMillis, x.UpperMillis = by, by
	case "<":
		x.UpperMillis = by - 1
	case "<=":
		x.UpperMillis = by
	case ">":
		x.LowerMillis = by + 1
	case ">=":
		x.LowerMillis = by
	default:
		return Interval{}, false
	}
	return x, true
}

// mirrored is a comparison read from right to left.
var mirrored = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// millisMax bounds the constants of a condition, so that sums don't overflow.
const millisMax = math.MaxInt64 / 8

// shiftedTime takes a time column plus or minus constants apart.
func shiftedTime(e rex.Expr) (column rex.Expr, moreMillis int64, ok bool) {
	for e.Kind == rex.Call && len(e.Args) == 2 && (e.Name == "+" || e.Name == "-") {
		time, by := e.Args[0], e.Args[1]
		if e.Name == "+" && time.IsLiteral() {
			time, by = by, time
		}
		if !by.IsLiteral() || by.IsNull() || by.Type.Kind != types.IntervalDayTime || by.Value.Int > millisMax || by.Value.Int < -millisMax {
			return e, 0, false
		}
		if e.Name == "+" {
			moreMillis += by.Value.Int
		} else {
			moreMillis -= by.Value.Int
		}
		if moreMillis > millisMax || moreMillis < -millisMax {
			return e, 0, false
		}
		e = time
	}
	return e, moreMillis, e.Kind == rex.Input && isMillis(e.Type)
}

// Residual is the condition without what Interval says already, or nil.
func (n *Join) Residual() *rex.Expr {
	if n.interval == nil || n.Condition == nil {
		return n.Condition
	}
	var rest *rex.Expr
	for _, t := range Conjuncts(*n.Condition) {
		if b, ok := n.timeBound(t); ok && b.Left == n.interval.Left && b.Right == n.interval.Right {
			continue
		}
		rest = AlsoTrue(rest, t)
	}
	return rest
}

// AlsoTrue is the conjunction of a condition, if there is one, with a term.
func AlsoTrue(condition *rex.Expr, term rex.Expr) *rex.Expr {
	if condition == nil {
		return &term
	}
	both := rex.CallOf("AND", types.Of(types.Boolean).WithNullable(condition.Type.Nullable || term.Type.Nullable), *condition, term)
	return &both
}

// Conjuncts splits a condition at its ANDs, in order.
func Conjuncts(e rex.Expr) []rex.Expr {
	// Expressions are large: they are counted first and copied once.
	n := 0
	eachConjunct(&e, func(*rex.Expr) { n++ })
	out := make([]rex.Expr, 0, n)
	eachConjunct(&e, func(t *rex.Expr) { out = append(out, *t) })
	return out
}

// eachConjunct visits the terms of a condition in order; it may be nested deeply.
func eachConjunct(e *rex.Expr, visit func(*rex.Expr)) {
	stack := []*rex.Expr{e}
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if top.Kind == rex.Call && top.Name == "AND" {
			stack = append(stack, &top.Args[1], &top.Args[0])
			continue
		}
		visit(top)
	}
}

// FilterNear is a Filter of terms over input, except that terms which bound the time
// attributes of both sides of an inner join below go into the join: it is an interval
// or window join then, whose output still has time attributes.
func FilterNear(input Node, terms []rex.Expr) Node {
	input, rest := near(input, terms)
	var condition *rex.Expr
	for _, t := range rest {
		condition = AlsoTrue(condition, t)
	}
	if condition == nil {
		return input
	}
	return NewFilter(input, *condition)
}

// near moves what it can of terms into input and gives the others. Below the outermost
// join they speak of columns, too, that are joined later only.
func near(input Node, terms []rex.Expr) (Node, []rex.Expr) {
	j, ok := input.(*Join)
	if !ok || j.Type != Inner {
		return input, terms
	}
	if left, rest := near(j.left, terms); left != j.left {
		j, terms = NewJoin(left, j.right, j.JoinSpec), rest
	}
	spec := j.JoinSpec
	var rest []rex.Expr
	for _, t := range terms {
		if _, ok := j.timeBound(t); ok {
			spec.Condition = AlsoTrue(spec.Condition, t)
		} else {
			rest = append(rest, t)
		}
	}
	if with := NewJoin(j.left, j.right, spec); with.interval != nil && (with.interval.Attributes || with.interval.Windowed) && len(rest) < len(terms) {
		return with, rest
	}
	return j, terms
}

// text prints the bounds and lives with the columns' names.
func (x *Interval) text(l, r []string) string {
	bound := func(v, none int64) string {
		if v == none {
			return "…"
		}
		return fmt.Sprintf("%dms", v)
	}
	return fmt.Sprintf(" near=[%s - %s: %s to %s]", l[x.Left], r[x.Right], bound(x.LowerMillis, NoLower), bound(x.UpperMillis, NoUpper))
}
