package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// temporalRef gives the right side of a join when it is FOR SYSTEM_TIME AS OF, and
// what is left of the reference without it.
func temporalRef(ref sql.TableRef) (*sql.NamedTable, sql.TableRef) {
	named, ok := ref.(*sql.NamedTable)
	if !ok || named.AsOf == nil {
		return nil, ref
	}
	plain := *named
	plain.AsOf = nil
	return named, &plain
}

// temporalJoin makes a bound join one FOR SYSTEM_TIME AS OF a time of its left side.
type temporalJoin struct {
	b     *Binder
	ref   *sql.NamedTable
	left  *relation
	right *relation
	spec  logical.TemporalJoinSpec
	// stay are the terms of the condition that are no keys.
	stay []rex.Expr
	// leftKeys are expressions over the left side, pairs with spec.RightKeys.
	leftKeys []rex.Expr
}

// temporal binds the join whose plain form is l, r and join; its columns are those of
// the plain join.
func (b *Binder) temporal(ref *sql.NamedTable, l, r *relation, join logical.JoinSpec) (logical.Node, error) {
	t := &temporalJoin{b: b, ref: ref, left: l, right: r}
	t.spec = logical.TemporalJoinSpec{KeepsLeft: join.Type == logical.Left, RightName: ref.Name.Last(), Span: ref.Pos()}
	if join.Type != logical.Inner && join.Type != logical.Left {
		return nil, errs.Userf("a %s JOIN can't be FOR SYSTEM_TIME AS OF: the right side has rows only for those of the left", join.Type).At(ref.AsOf.Pos()).
			WithHint("write JOIN or LEFT JOIN")
	}
	if err := t.time(); err != nil {
		return nil, err
	}
	if join.Condition == nil {
		return nil, t.withoutKeys()
	}
	t.keys(*join.Condition)
	if len(t.leftKeys) == 0 {
		return nil, t.withoutKeys()
	}
	return t.build(), nil
}

func (t *temporalJoin) withoutKeys() error {
	return errs.Userf("FOR SYSTEM_TIME AS OF needs a key of %s: ON has no equality of one of its columns with the left side", t.spec.RightName).
		At(t.ref.Pos()).WithHint("compare the PRIMARY KEY of %s with columns of the left side", t.spec.RightName)
}

// time finds the time attribute that the left side is joined by, and how.
func (t *temporalJoin) time() error {
	x := &exprBinder{b: t.b, scope: t.left.scope, clause: "FOR SYSTEM_TIME AS OF"}
	at, err := x.expr(t.ref.AsOf)
	if err != nil {
		return err
	}
	left, right := t.left.node.Props(), t.right.node.Props()
	kind := logical.NotTime
	if at.Kind == rex.Input {
		kind = left.Time[at.Index]
	}
	lookup := canLookUp(t.right.node)
	switch {
	case kind == logical.NotTime:
		return errs.Userf("FOR SYSTEM_TIME AS OF needs a time attribute of the left side, but %s is none", sql.FormatExpr(t.ref.AsOf)).At(t.ref.AsOf.Pos()).
			WithHint("name the column of a WATERMARK, or one that is PROCTIME()")
	case kind == logical.Proctime && lookup:
		t.spec.Mode = logical.ByLookup
		t.right.node = withoutWatermark(t.right.node)
		t.spec.Lookup, err = t.b.lookupHint(t.ref)
		return err
	case kind == logical.Proctime:
		t.spec.Mode = logical.AtProctime
		return nil
	}
	t.spec.LeftTime, t.spec.RightTime = at.Index, right.RowtimeColumn()
	if t.spec.RightTime < 0 {
		return t.notVersioned(lookup)
	}
	if of := right.Schema[t.spec.RightTime]; of.Type.Kind != at.Type.Kind {
		return errs.Userf("the versions of %s are by %s of type %s, but the left side's time is %s", t.spec.RightName, of.Name,
			of.Type.WithNullable(true), at.Type.WithNullable(true)).At(t.ref.AsOf.Pos()).WithHint("declare both event times TIMESTAMP or both TIMESTAMP_LTZ")
	}
	return nil
}

func (t *temporalJoin) notVersioned(lookup bool) error {
	err := errs.Userf("%s has no versions by event time: no column of it is one", t.spec.RightName).At(t.ref.Name.Pos())
	if lookup {
		return err.WithHint("join it as of a PROCTIME() column of the left side: then its rows are looked up")
	}
	return err.WithHint("declare WATERMARK and PRIMARY KEY for it, or keep its last row by event time with ROW_NUMBER() in a view")
}

// canLookUp reports a table, perhaps below conditions and expressions, whose connector
// answers by key.
func canLookUp(n logical.Node) bool {
	switch n := n.(type) {
	case *logical.Scan:
		return n.Info.Lookup
	case *logical.Project, *logical.Filter, *logical.Watermark:
		return canLookUp(n.Inputs()[0])
	}
	return false
}

// withoutWatermark drops the event time of what is looked up: it has none.
func withoutWatermark(n logical.Node) logical.Node {
	if _, ok := n.(*logical.Scan); ok {
		return n
	}
	below := withoutWatermark(n.Inputs()[0])
	if _, ok := n.(*logical.Watermark); ok {
		return below
	}
	return n.WithInputs([]logical.Node{below})
}

// keys takes the equalities of a column of the right side with the left side out of
// the condition. Only for lookups do constants make keys, and only when there are no
// others: versions are kept by key, and a connector filters by constants anyway.
func (t *temporalJoin) keys(condition rex.Expr) {
	var constant []rex.Expr
	for _, term := range logical.Conjuncts(condition) {
		left, column, ok := t.sides(term)
		switch {
		case !ok:
			t.stay = append(t.stay, term)
		case len(left.Inputs()) == 0:
			constant = append(constant, term)
		default:
			t.leftKeys, t.spec.RightKeys = append(t.leftKeys, left), append(t.spec.RightKeys, column)
		}
	}
	for _, term := range constant {
		if left, column, _ := t.sides(term); t.spec.Mode == logical.ByLookup && len(t.leftKeys) == 0 {
			t.leftKeys, t.spec.RightKeys = append(t.leftKeys, left), append(t.spec.RightKeys, column)
			continue
		}
		t.stay = append(t.stay, term)
	}
}

// sides reads an equality of a right column with an expression that reads no right
// column, and is of its type.
func (t *temporalJoin) sides(term rex.Expr) (left rex.Expr, column int, ok bool) {
	width := len(t.left.node.Props().Schema)
	if term.Kind != rex.Call || term.Name != "=" {
		return left, 0, false
	}
	for i, e := range term.Args {
		other := term.Args[1-i]
		if reads(other, width) || !reads(e, width) {
			continue
		}
		if e.Kind == rex.Input && e.Type.Same(other.Type) {
			return other, e.Index - width, true
		}
		// An integer column that was widened for the comparison: what doesn't fit into
		// it equals none of its values.
		if e.Kind == rex.Cast && e.Args[0].Kind == rex.Input && e.Type.IsInteger() && e.Args[0].Type.IsInteger() && e.Type.Same(other.Type) {
			narrow := rex.Expr{Kind: rex.TryCast, Type: e.Args[0].Type.WithNullable(true), Args: []rex.Expr{other}, Span: term.Span}
			return narrow, e.Args[0].Index - width, true
		}
	}
	return left, 0, false
}

// reads reports whether e reads a column from width on.
func reads(e rex.Expr, width int) bool {
	for c := range e.Inputs() {
		if c >= width {
			return true
		}
	}
	return false
}

// build makes the node; left keys that no column holds are computed below it.
func (t *temporalJoin) build() logical.Node {
	left, right := t.left.node, t.right.node
	schema := left.Props().Schema
	width, rightWidth := len(schema), len(t.right.node.Props().Schema)
	exprs, names := logical.AllCols(schema), schema.Names()
	for _, e := range t.leftKeys {
		if e.Kind == rex.Input {
			t.spec.LeftKeys = append(t.spec.LeftKeys, e.Index)
			continue
		}
		t.spec.LeftKeys = append(t.spec.LeftKeys, len(exprs))
		exprs, names = append(exprs, e), append(names, "$key")
	}
	moved := len(exprs) - width
	if moved > 0 {
		left = logical.NewProject(left, exprs, names)
	}
	var onRight *rex.Expr // of what is looked up
	for _, term := range t.stay {
		if t.spec.Mode == logical.ByLookup && !readsBelow(term, width) {
			onRight = logical.AlsoTrue(onRight, shiftFrom(term, width, -width))
			continue
		}
		t.spec.Condition = logical.AlsoTrue(t.spec.Condition, shiftFrom(term, width, moved))
	}
	if onRight != nil {
		right = logical.NewFilter(right, *onRight)
	}
	node := logical.NewTemporalJoin(left, right, t.spec)
	return logical.Narrow(node, append(logical.Range(0, width), logical.Range(width+moved, width+moved+rightWidth)...))
}

// readsBelow reports whether e reads a column before width.
func readsBelow(e rex.Expr, width int) bool {
	for c := range e.Inputs() {
		if c < width {
			return true
		}
	}
	return false
}

// shiftFrom moves the columns of e from width on by delta.
func shiftFrom(e rex.Expr, width, delta int) rex.Expr {
	return e.Map(func(x rex.Expr) rex.Expr {
		if x.Kind == rex.Input && x.Index >= width {
			x.Index += delta
		}
		return x
	})
}
