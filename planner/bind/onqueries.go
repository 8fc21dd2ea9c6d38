package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/bind/internal/unnest"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// joinOnQueries binds a join whose condition has sub-queries; around is what LATERAL
// tables on the right see. Those of an inner join are conditions on its result, those
// of others become columns of the side that they read, or, if one reads both, conditions
// on the rows that each row of the kept side is joined with.
func (b *Binder) joinOnQueries(ref *sql.Join, l, r *relation, outer, around *scope) (*relation, error) {
	if joinKinds[ref.Kind] != logical.Inner {
		if !around.read {
			rel, err := b.outerOnQueries(ref, l, r, outer)
			if rel != nil || err != nil {
				return rel, err
			}
		}
		return b.crossedOnQueries(ref, l, r, around)
	}
	rel, err := lateralJoin(l, r, unnest.Spec{JoinSpec: b.joinSpec(ref), Relation: around.relation})
	if err != nil {
		return nil, err
	}
	sb := &selectBinder{b: b, node: rel.node, scope: &scope{columns: rel.scope.columns, outer: outer}, computed: map[*sql.Call]rex.Expr{}}
	err = sb.filter(ref.On, "ON")
	return &relation{node: sb.node, scope: rel.scope}, err
}

// outerOnQueries joins each sub-query of ON to the side it reads, where its value is a
// column that the condition compares as any other, and drops these columns again. It
// gives none if a sub-query reads both sides.
func (b *Binder) outerOnQueries(ref *sql.Join, l, r *relation, outer *scope) (*relation, error) {
	var crossed bool
	left, right := b.onSide(l, beside(r, &crossed), outer), b.onSide(r, beside(l, &crossed), outer)
	for _, q := range queriesIn(ref.On) {
		err := right.attach(q)
		if crossed {
			crossed = false
			err = left.attach(q)
		}
		if crossed {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	leftWidth, rightWidth := len(l.node.Props().Schema), len(r.node.Props().Schema)
	width := len(left.node.Props().Schema)
	both := joined(l.scope, r.scope, width, logical.Inner)
	sb := &selectBinder{b: b, scope: &scope{columns: both.columns, outer: outer}, computed: map[*sql.Call]rex.Expr{}, subqueries: left.subqueries}
	for q, value := range right.subqueries {
		sb.subqueries[q] = shift(value, width)
	}
	condition, err := sb.condition(ref.On, "ON")
	if err != nil {
		return nil, err
	}
	spec := b.joinSpec(ref)
	spec.Condition = &condition
	keep := logical.Range(0, leftWidth)
	if !spec.Type.LeftOnly() {
		keep = append(keep, logical.Range(width, width+rightWidth)...)
	}
	node := logical.Narrow(logical.NewJoin(left.node, right.node, spec), keep)
	return &relation{node: node, scope: joined(l.scope, r.scope, leftWidth, spec.Type)}, nil
}

// crossedOnQueries binds an outer, semi or anti join with the condition as a filter of
// what is joined with each row: of the left side or, turned round, of the right one. A
// full join adds to the former the right rows without a partner. around is the scope
// around the right side.
func (b *Binder) crossedOnQueries(ref *sql.Join, l, r *relation, around *scope) (*relation, error) {
	spec := b.joinSpec(ref)
	kind := spec.Type
	leftWidth, rightWidth := len(l.node.Props().Schema), len(r.node.Props().Schema)
	out := &relation{scope: joined(l.scope, r.scope, leftWidth, kind)}
	var err error
	switch kind {
	case logical.Right:
		spec.Type, spec.LeftTTL, spec.RightTTL = logical.Left, spec.RightTTL, spec.LeftTTL
		out.node, err = b.joinOn(ref.On, r, l, spec, b.around(r.scope.columns, around.outer))
		if err == nil {
			out.node = logical.Narrow(out.node, append(logical.Range(rightWidth, rightWidth+leftWidth), logical.Range(0, rightWidth)...))
		}
	case logical.Full:
		spec.Type = logical.Left
		if out.node, err = b.joinOn(ref.On, l, r, spec, around); err != nil {
			return nil, err
		}
		spec.Type, spec.LeftTTL, spec.RightTTL = logical.Anti, spec.RightTTL, spec.LeftTTL
		var alone logical.Node
		alone, err = b.joinOn(ref.On, r, l, spec, b.around(r.scope.columns, around.outer))
		if err == nil {
			out.node = logical.NewUnion(out.node, padded(out.node.Props().Schema[:leftWidth], alone))
		}
	default:
		out.node, err = b.joinOn(ref.On, l, r, spec, around)
	}
	return out, err
}

// padded puts NULL columns before those of a node.
func padded(columns types.Schema, node logical.Node) logical.Node {
	schema := node.Props().Schema
	var exprs []rex.Expr
	for _, c := range columns {
		exprs = append(exprs, rex.NullOf(c.Type))
	}
	return logical.NewProject(node, append(exprs, logical.AllCols(schema)...), append(columns.Names(), schema.Names()...))
}

// joinOn joins each row of l with the rows of r that satisfy a condition with
// sub-queries, which reads the former as sub-queries with the scope around do.
func (b *Binder) joinOn(on sql.Expr, l, r *relation, spec logical.JoinSpec, around *scope) (logical.Node, error) {
	if b.expanded++; b.expanded > expandedMax {
		return nil, nestedOn(on)
	}
	columns := slices.Clone(r.scope.columns)
	for _, c := range l.scope.columns {
		c.expr = c.expr.Map(func(x rex.Expr) rex.Expr {
			if x.Kind == rex.Input {
				return rex.OuterCol(around.relation, x.Index, x.Type)
			}
			return x
		})
		columns = append(columns, c)
	}
	sb := &selectBinder{b: b, node: r.node, scope: &scope{columns: columns, outer: around.outer}, computed: map[*sql.Call]rex.Expr{}}
	if err := sb.filter(on, "ON"); err != nil {
		return nil, err
	}
	node := logical.Narrow(sb.node, logical.Range(0, len(r.node.Props().Schema)))
	return unnest.Join(l.node, node, unnest.Spec{JoinSpec: spec, Relation: around.relation})
}

// onSide binds sub-queries over one side of a join, in sight of what is beside it: names
// mean what they mean in ON.
func (b *Binder) onSide(side *relation, beside []scopeColumn, outer *scope) *selectBinder {
	return &selectBinder{b: b, node: side.node, scope: &scope{columns: slices.Concat(side.scope.columns, beside), outer: outer},
		computed: map[*sql.Call]rex.Expr{}, subqueries: map[sql.Expr]rex.Expr{}}
}

// beside are the columns of the other side: one that is read sets crossed, and is an
// error.
func beside(other *relation, crossed *bool) []scopeColumn {
	columns := slices.Clone(other.scope.columns)
	for i := range columns {
		columns[i].beside = crossed
	}
	return columns
}

// attach joins a sub-query to the relation; one that fails leaves it as it was.
func (sb *selectBinder) attach(q sql.Expr) error {
	if sb.b.expanded++; sb.b.expanded > expandedMax {
		return nestedOn(q)
	}
	before := sb.node
	_, err := sb.binder("ON").expr(q)
	if err != nil {
		sb.node = before
	}
	return err
}

// nestedOn is the error for a sub-query that would be bound again and again: it is tried
// over each side of the join, and so are those in it.
func nestedOn(e sql.Expr) error {
	return errs.Userf("sub-queries in ON of outer joins are nested too deep").At(e.Pos()).WithHint("join the tables in WITH first")
}

// queriesIn lists the expressions in e that hold a query, without those inside of them.
func queriesIn(e sql.Expr) []sql.Expr {
	if isSubquery(e) {
		return []sql.Expr{e}
	}
	var out []sql.Expr
	for _, c := range children(e) {
		out = append(out, queriesIn(c)...)
	}
	return out
}
