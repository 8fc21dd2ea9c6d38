package unnest

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
)

// Spec is how a relation is joined with a sub-query.
type Spec struct {
	// JoinSpec is of Type Inner, Left, Semi, Anti or Mark, and has no keys.
	logical.JoinSpec
	// Relation is the number under which the sub-query reads the relation.
	Relation int
}

// Join joins a relation with the rows that a sub-query has for each of its rows. The
// result has the columns of logical.Join.
func Join(outer, query logical.Node, s Spec) (logical.Node, error) {
	l := &lifter{relation: s.Relation, outer: outer, span: s.Span, done: map[logical.Node]lifted{}, known: map[logical.Node]bool{}}
	if !l.reads(query) {
		return logical.NewJoin(outer, query, s.JoinSpec), nil
	}
	q, err := l.lift(query)
	if err != nil {
		return nil, err
	}
	if q.single && s.Type != logical.Inner && (s.Type != logical.Left || s.Condition != nil) {
		q = l.whole(q)
	}
	t := top{lifter: l, spec: s, q: q, names: append(outer.Props().Schema.Names(), query.Props().Schema.Names()...)}
	if out, ok := t.inline(); ok {
		return out, nil
	}
	return t.join(), nil
}

// top is the join of the relation with a lifted sub-query.
type top struct {
	*lifter
	spec  Spec
	q     lifted
	names []string
}

// over turns an expression over the sub-query's node into one over the relation's
// columns, then the node's.
func (t *top) over(e rex.Expr) rex.Expr {
	width := len(t.outer.Props().Schema)
	return e.Map(func(x rex.Expr) rex.Expr {
		switch {
		case x.Kind == rex.Input:
			x.Index += width
		case t.isOuter(x):
			return rex.Col(x.Index, x.Type)
		}
		return x
	})
}

// condition is the join's own condition likewise; none without.
func (t *top) condition() []rex.Expr {
	if t.spec.Condition == nil {
		return nil
	}
	exprs := logical.AllCols(t.outer.Props().Schema)
	for _, c := range t.q.columns {
		exprs = append(exprs, t.over(c))
	}
	return []rex.Expr{logical.Substitute(*t.spec.Condition, exprs)}
}

// join makes the join.
func (t *top) join() logical.Node {
	kind, conditions := t.spec.Type, t.condition()
	later := conditions
	if t.q.single {
		// A row comes out for each outer row; a condition of the join filters them.
		kind, conditions = logical.Left, nil
	} else {
		later = nil
	}
	if kind == logical.Left && !t.q.single {
		t.q = withMarker(t.q)
	}
	for _, p := range t.q.preds {
		conditions = append(conditions, t.over(p))
	}
	spec := t.spec.JoinSpec
	spec.Type, spec.Condition = kind, nil
	if len(conditions) > 0 {
		condition := logical.And(conditions)
		spec.Condition = &condition
	}
	var node logical.Node = logical.NewJoin(t.outer, t.q.node, spec)
	if kind.LeftOnly() {
		return node
	}
	schema := node.Props().Schema
	exprs := logical.Cols(schema, logical.Range(0, len(t.outer.Props().Schema)))
	for _, c := range t.q.columns {
		exprs = append(exprs, logical.OnSchema(t.over(c), func(c int) int { return c }, schema))
	}
	return logical.NewProject(logical.FilterBy(node, later), exprs, t.names)
}

// inline handles a sub-query of one row that is computed from the outer row alone:
// no join is needed.
func (t *top) inline() (logical.Node, bool) {
	values, ok := t.q.node.(*logical.Values)
	keepsAll := t.spec.Type == logical.Left && len(t.q.preds) == 0 && t.spec.Condition == nil
	if !ok || len(values.Rows) != 1 || t.q.single || t.spec.Type != logical.Inner && !keepsAll {
		return nil, false
	}
	width := len(t.outer.Props().Schema)
	exprs := append(logical.AllCols(t.outer.Props().Schema), values.Rows[0]...)
	apply := func(e rex.Expr) rex.Expr { return logical.Substitute(e, exprs) }
	var conditions []rex.Expr
	for _, p := range t.q.preds {
		conditions = append(conditions, apply(t.over(p)))
	}
	for _, c := range t.condition() {
		conditions = append(conditions, apply(c))
	}
	out := exprs[:width:width]
	for _, c := range t.q.columns {
		out = append(out, apply(t.over(c)))
	}
	return logical.NewProject(logical.FilterBy(t.outer, conditions), out, t.names), true
}

// withMarker makes the columns NULL in rows that an outer join pads. Plain columns
// are so by themselves; others ask a column that is TRUE in real rows.
func withMarker(q lifted) lifted {
	plain := true
	for _, c := range q.columns {
		plain = plain && c.Kind == rex.Input
	}
	if plain {
		return q
	}
	schema := q.node.Props().Schema
	q.node = logical.NewProject(q.node, append(logical.AllCols(schema), rex.Bool(true)), append(schema.Names(), "$match"))
	real := rex.CallOf("IS NOT NULL", types.Of(types.Boolean).NotNull(), rex.Col(len(schema), types.Of(types.Boolean)))
	columns := make([]rex.Expr, len(q.columns))
	for i, c := range q.columns {
		columns[i] = c
		if c.Kind != rex.Input {
			columns[i] = rex.Expr{Kind: rex.Case, Type: c.Type.WithNullable(true), Args: []rex.Expr{real, c, rex.NullOf(c.Type)}}
		}
	}
	q.columns = columns
	return q
}
