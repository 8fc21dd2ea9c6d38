package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/bind/internal/unnest"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// joinOnQueries binds a join whose condition has sub-queries; around is what LATERAL
// tables on the right see. Those of an inner join are conditions on its result, those
// of others become columns of the side that they read.
func (b *Binder) joinOnQueries(ref *sql.Join, l, r *relation, outer, around *scope) (*relation, error) {
	if joinKinds[ref.Kind] != logical.Inner {
		if around.read {
			return nil, unsupported(ref.On, "a sub-query in ON of an outer join with a LATERAL table")
		}
		return b.outerOnQueries(ref, l, r, outer)
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
// column that the condition compares as any other, and drops these columns again.
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
			return nil, unsupported(q, "a sub-query that reads both sides in ON of an outer join")
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
	before := sb.node
	_, err := sb.binder("ON").expr(q)
	if err != nil {
		sb.node = before
	}
	return err
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
