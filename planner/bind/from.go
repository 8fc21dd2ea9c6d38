package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/bind/internal/unnest"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// relation is an element of FROM: its node and what names mean over it.
type relation struct {
	node  logical.Node
	scope *scope
}

// from binds the comma list of FROM as cross joins; without FROM there is one
// row, whose column has no name.
func (b *Binder) from(list []sql.TableRef, outer *scope) (*relation, error) {
	if len(list) == 0 {
		all := oneRow()
		all.scope.outer = outer
		return all, nil
	}
	all, err := b.tableRef(list[0], outer, outer)
	if err != nil {
		return nil, err
	}
	for i, ref := range list[1:] {
		spec := logical.JoinSpec{Type: logical.Inner, LeftTTL: b.hints.all(list[:i+1]), RightTTL: b.hints.of(ref), Span: ref.Pos()}
		if all, err = b.beside(all, ref, spec, outer); err != nil {
			return nil, err
		}
	}
	all.scope = &scope{columns: all.scope.columns, outer: outer}
	return all, nil
}

// beside binds an element of the comma list and joins it to those before it.
func (b *Binder) beside(l *relation, ref sql.TableRef, spec logical.JoinSpec, outer *scope) (*relation, error) {
	if f, ok := rowFunctionOf(ref); ok {
		return b.correlate(l, f, outer, false)
	}
	around := b.around(l.scope.columns, outer)
	r, err := b.tableRef(ref, outer, around)
	if err != nil {
		return nil, err
	}
	return lateralJoin(l, r, unnest.Spec{JoinSpec: spec, Relation: around.relation})
}

// lateralJoin joins a relation with one that may read its columns.
func lateralJoin(l, r *relation, spec unnest.Spec) (*relation, error) {
	node, err := unnest.Join(l.node, r.node, spec)
	if err != nil {
		return nil, err
	}
	return &relation{node: node, scope: joined(l.scope, r.scope, len(l.node.Props().Schema), spec.Type)}, nil
}

// tableRef binds an element of FROM. outer is the query around, lateral what LATERAL
// elements see: the elements before them, then the query around.
func (b *Binder) tableRef(ref sql.TableRef, outer, lateral *scope) (*relation, error) {
	if f, ok := rowFunctionOf(ref); ok {
		return b.correlate(oneRow(), f, lateral, false)
	}
	switch ref := ref.(type) {
	case *sql.NamedTable:
		return b.namedTable(ref)
	case *sql.DerivedTable:
		if ref.Lateral {
			return b.derivedTable(ref, lateral)
		}
		return b.derivedTable(ref, unseen(outer, lateral))
	case *sql.Join:
		return b.join(ref, outer, lateral)
	case *sql.TableFunction:
		return b.tableFunction(ref, outer)
	case *sql.MatchRecognize:
		return b.matchRecognize(ref)
	}
	return nil, errs.Bugf("no such table reference: %T", ref).At(ref.Pos())
}

// named puts a relation's columns under an alias.
func named(node logical.Node, name string, alias *sql.Alias) (*relation, error) {
	own := name
	if alias != nil {
		name = alias.Name.Text
		renamedNode, err := renamed(node, alias.Columns, alias)
		if err != nil {
			return nil, err
		}
		node = renamedNode
	}
	scope := scopeOf(name, node.Props().Schema)
	for i := range scope.columns {
		scope.columns[i].hidden = own
	}
	return &relation{node: node, scope: scope}, nil
}

// unseen is the scope around a table that is not LATERAL.
func unseen(outer, lateral *scope) *scope {
	if lateral == nil || lateral == outer {
		return outer
	}
	return &scope{columns: lateral.columns, outer: outer, unseen: true}
}

func (b *Binder) derivedTable(ref *sql.DerivedTable, outer *scope) (*relation, error) {
	r, err := b.query(ref.Query, outer)
	if err != nil {
		return nil, err
	}
	return named(r.relation(), "", ref.Alias)
}

// namedTable binds a CTE, table or view by name.
func (b *Binder) namedTable(ref *sql.NamedTable) (*relation, error) {
	if ref.AsOf != nil {
		return nil, errs.Userf("FOR SYSTEM_TIME AS OF stands behind the right table of a JOIN only").At(ref.AsOf.Pos()).
			WithHint("write JOIN %s FOR SYSTEM_TIME AS OF time ON condition", ref.Name.Last())
	}
	node, ok, err := b.lookupCTE(ref.Name)
	switch {
	case err != nil:
		return nil, err
	case ok:
		err = b.queryHints(ref)
	default:
		node, err = b.catalogRelation(ref)
	}
	if err != nil {
		return nil, err
	}
	return named(node, ref.Name.Last(), ref.Alias)
}

func (b *Binder) catalogRelation(ref *sql.NamedTable) (logical.Node, error) {
	rel, name, err := b.relation(ref.Name)
	if err != nil {
		return nil, err
	}
	if rel.View != nil {
		if err := b.queryHints(ref); err != nil {
			return nil, err
		}
		return b.view(rel.View, ref)
	}
	return b.table(rel.Table, name, ref)
}

var joinKinds = map[sql.JoinKind]logical.JoinKind{
	sql.InnerJoin: logical.Inner, sql.LeftJoin: logical.Left, sql.RightJoin: logical.Right, sql.FullJoin: logical.Full,
	sql.CrossJoin: logical.Inner, sql.SemiJoin: logical.Semi, sql.AntiJoin: logical.Anti,
}

func (b *Binder) join(ref *sql.Join, outer, lateral *scope) (*relation, error) {
	l, err := b.tableRef(ref.Left, outer, lateral)
	if err != nil {
		return nil, err
	}
	if f, ok := rowFunctionOf(ref.Right); ok {
		return b.correlateJoin(ref, l, f, lateral)
	}
	asOf, right := temporalRef(ref.Right)
	around := b.around(l.scope.columns, lateral)
	r, err := b.tableRef(right, outer, around)
	if err != nil {
		return nil, err
	}
	using := ref.Natural || ref.Using != nil
	if around.read && (using || ref.Kind != sql.InnerJoin && ref.Kind != sql.CrossJoin && ref.Kind != sql.LeftJoin) {
		return nil, errs.Userf("a LATERAL table that reads the left side is joined by CROSS, INNER or LEFT JOIN, without USING and NATURAL").
			At(ref.Right.Pos()).WithHint("its rows are those of each left row")
	}
	switch {
	case using:
		return b.joinUsing(ref, l, r)
	case asOf == nil && ref.On != nil && hasSubquery(ref.On):
		return b.joinOnQueries(ref, l, r, outer, around)
	}
	spec := b.joinSpec(ref)
	width := len(l.node.Props().Schema)
	if ref.On != nil {
		both := joined(l.scope, r.scope, width, logical.Inner)
		both.outer = outer
		x := &exprBinder{b: b, scope: both, clause: "ON"}
		condition, err := x.expr(ref.On)
		if err == nil {
			condition, err = boolean(condition, "ON", ref.On.Pos())
		}
		if err != nil {
			return nil, err
		}
		spec.Condition = &condition
	}
	scope := joined(l.scope, r.scope, width, spec.Type)
	if asOf != nil {
		node, err := b.temporal(asOf, l, r, spec)
		return &relation{node: node, scope: scope}, err
	}
	if around.read {
		return lateralJoin(l, r, unnest.Spec{JoinSpec: spec, Relation: around.relation})
	}
	return &relation{node: logical.NewJoin(l.node, r.node, spec), scope: scope}, nil
}

// joinSpec is a join without its condition.
func (b *Binder) joinSpec(ref *sql.Join) logical.JoinSpec {
	return logical.JoinSpec{Type: joinKinds[ref.Kind], LeftTTL: b.hints.of(ref.Left), RightTTL: b.hints.of(ref.Right), Span: ref.Right.Pos()}
}

// joinUsing binds USING and NATURAL: one column stands for both sides' and comes
// first.
func (b *Binder) joinUsing(ref *sql.Join, l, r *relation) (*relation, error) {
	names, err := commonNames(ref, l.scope, r.scope)
	if err != nil {
		return nil, err
	}
	width := len(l.node.Props().Schema)
	kind := joinKinds[ref.Kind]
	plain := joined(l.scope, r.scope, width, logical.Inner)
	out := joined(l.scope, r.scope, width, kind)
	var terms []rex.Expr
	var merged []scopeColumn
	for _, name := range names {
		left, right, err := sides(plain, len(l.scope.columns), name)
		if err != nil {
			return nil, err
		}
		term, err := b.callOf("=", name.Pos(), plain.columns[left].expr, plain.columns[right].expr)
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
		column, err := b.mergedColumn(kind, out, name, left, right)
		if err != nil {
			return nil, err
		}
		merged = append(merged, column)
	}
	spec := b.joinSpec(ref)
	if len(terms) > 0 {
		condition, err := b.chain("AND", ref.Pos(), terms)
		if err != nil {
			return nil, err
		}
		spec.Condition = &condition
	}
	out.columns = append(merged, out.columns...)
	if asOf, _ := temporalRef(ref.Right); asOf != nil {
		node, err := b.temporal(asOf, l, r, spec)
		return &relation{node: node, scope: out}, err
	}
	return &relation{node: logical.NewJoin(l.node, r.node, spec), scope: out}, nil
}

// commonNames are the columns of USING, or those that both sides of a NATURAL
// join have.
func commonNames(ref *sql.Join, l, r *scope) ([]sql.Ident, error) {
	names := ref.Using
	if ref.Natural {
		for _, c := range l.columns {
			if _, n := r.find("", c.name); n > 0 && !c.qualifiedOnly {
				names = append(names, sql.Ident{Place: ref.Place, Text: c.name})
			}
		}
	}
	for _, name := range names {
		for _, side := range []*scope{l, r} {
			switch _, n := side.find("", name.Text); {
			case n == 0:
				return nil, unknownColumn(name, side.names(""), " on both sides of the join")
			case n > 1:
				return nil, ambiguous(name)
			}
		}
	}
	return names, nil
}

// sides finds the two columns of a USING name in the scope of both sides, of which
// the first leftColumns are the left one's.
func sides(both *scope, leftColumns int, name sql.Ident) (left, right int, err error) {
	left, right = -1, -1
	for i, c := range both.columns {
		switch {
		case c.name != name.Text || c.qualifiedOnly:
		case i < leftColumns && left < 0:
			left = i
		case i >= leftColumns && right < 0:
			right = i
		default:
			return left, right, ambiguous(name)
		}
	}
	return left, right, nil
}

// mergedColumn is the one column that a USING name means: the side that is never
// padded, or the first that is not NULL. The two sides are then found only behind
// their tables' names.
func (b *Binder) mergedColumn(kind logical.JoinKind, out *scope, name sql.Ident, left, right int) (scopeColumn, error) {
	column := scopeColumn{name: name.Text, expr: out.columns[left].expr}
	out.columns[left].qualifiedOnly = true
	if kind.LeftOnly() {
		return column, nil
	}
	out.columns[right].qualifiedOnly = true
	switch kind {
	case logical.Right:
		column.expr = out.columns[right].expr
	case logical.Full:
		e, err := b.callOf("COALESCE", name.Pos(), out.columns[left].expr, out.columns[right].expr)
		if err != nil {
			return column, err
		}
		column.expr = e
	}
	return column, nil
}

// viewCycle reports whether a view is being expanded already.
func (b *Binder) viewCycle(name string) bool { return slices.Contains(b.expanding, name) }
