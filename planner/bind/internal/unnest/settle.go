package unnest

import (
	"slices"
	"strconv"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
)

func itoa(n int) string { return strconv.Itoa(n) }

// settled is a lifted node whose columns are columns of its own. What its rows have to
// do with the relation is said by keys, which operators can group by, and by tests
// that look at the relation alone.
type settled struct {
	node    logical.Node
	columns []int
	keys    []key
	tests   []rex.Expr
}

// key says that an expression over the relation equals a column.
type key struct {
	outer  rex.Expr
	column int
	// nulls tells that NULL equals NULL.
	nulls bool
}

// equality is a key whose inner side is an expression still.
type equality struct {
	outer, inner rex.Expr
	nulls        bool
}

// lifted is s as what it came from.
func (s settled) lifted() lifted {
	return lifted{node: s.node, columns: logical.Cols(s.node.Props().Schema, s.columns), preds: s.preds()}
}

func (s settled) preds() []rex.Expr {
	preds := slices.Clone(s.tests)
	for _, k := range s.keys {
		preds = append(preds, k.condition(s.node.Props().Schema))
	}
	return preds
}

// at is where a column is.
func (s settled) at(c int) int { return s.columns[c] }

// by are the key columns.
func (s settled) by() []int {
	out := make([]int, len(s.keys))
	for i, k := range s.keys {
		out[i] = k.column
	}
	return out
}

func (k key) condition(schema types.Schema) rex.Expr {
	return equal(k.outer, rex.Col(k.column, schema[k.column].Type), k.nulls)
}

// equal compares; with nulls NULL equals NULL.
func equal(a, b rex.Expr, nulls bool) rex.Expr {
	nullable := a.Type.Nullable || b.Type.Nullable
	if nulls && nullable {
		return rex.CallOf("IS NOT DISTINCT FROM", types.Of(types.Boolean).NotNull(), a, b)
	}
	return rex.CallOf("=", types.Of(types.Boolean).WithNullable(nullable), a, b)
}

// settle makes columns of q's columns: by equalities with inner columns where they
// tell all that is needed of the relation, and over the domain otherwise.
func (l *lifter) settle(q lifted) settled {
	if q.single {
		q = l.whole(q)
	}
	var keys []equality
	var tests, rest []rex.Expr
	known := map[int]rex.Expr{}
	for _, p := range q.preds {
		e, ok := l.equality(p)
		switch {
		case ok:
			keys = append(keys, e)
			if l.isOuter(e.outer) && !e.outer.Type.IsApproximate() { // -0 equals 0, and is not it
				known[e.outer.Index] = e.inner
			}
		case len(p.Inputs()) == 0:
			tests = append(tests, p)
		default:
			rest = append(rest, p)
		}
	}
	for _, c := range l.refs(append(slices.Clone(rest), q.columns...)...) {
		if _, ok := known[c]; !ok {
			return l.overDomain(q, l.refs(append(slices.Clone(q.preds), q.columns...)...))
		}
	}
	replace := func(e rex.Expr) rex.Expr { return l.replace(e, known) }
	s := layOut(logical.FilterBy(q.node, mapAll(rest, replace)), mapAll(q.columns, replace), keys)
	s.tests = tests
	return s
}

// replace puts expressions for columns of the relation.
func (l *lifter) replace(e rex.Expr, known map[int]rex.Expr) rex.Expr {
	return e.Map(func(x rex.Expr) rex.Expr {
		if l.isOuter(x) {
			if inner, ok := known[x.Index]; ok {
				return inner
			}
		}
		return x
	})
}

// equality reads an equality of an expression over the relation alone and one over
// inner columns alone.
func (l *lifter) equality(p rex.Expr) (equality, bool) {
	if p.Kind != rex.Call || p.Name != "=" && p.Name != "IS NOT DISTINCT FROM" || !p.Args[0].Type.Same(p.Args[1].Type) {
		return equality{}, false
	}
	outer, inner := p.Args[0], p.Args[1]
	if l.holds(inner) {
		outer, inner = inner, outer
	}
	ok := l.holds(outer) && len(outer.Inputs()) == 0 && !l.holds(inner) && len(inner.Inputs()) > 0
	return equality{outer, inner, p.Name != "="}, ok
}

// layOut makes columns of expressions and of the keys' inner sides.
func layOut(node logical.Node, columns []rex.Expr, keys []equality) settled {
	schema := node.Props().Schema
	all, names := logical.AllCols(schema), schema.Names()
	place := func(e rex.Expr) int {
		if e.Kind == rex.Input {
			return e.Index
		}
		for i := len(schema); i < len(all); i++ {
			if all[i].Equal(e) && !e.HasVolatile() {
				return i
			}
		}
		all, names = append(all, e), append(names, "$"+itoa(len(all)))
		return len(all) - 1
	}
	s := settled{columns: make([]int, len(columns))}
	for i, c := range columns {
		s.columns[i] = place(c)
	}
	for _, k := range keys {
		s.keys = append(s.keys, key{k.outer, place(k.inner), k.nulls})
	}
	s.node = node
	if len(all) > len(schema) {
		s.node = logical.NewProject(node, all, names)
	}
	return s
}

// domain are the distinct values of columns of the relation.
func (l *lifter) domain(columns []int) logical.Node {
	d := logical.Narrow(l.outer, columns)
	if d.Props().HasKey(logical.Range(0, len(columns))) {
		return d
	}
	return logical.NewAggregate(d, logical.Range(0, len(columns)), nil, nil, l.span)
}

// joined is the join of the domain of columns with q's node, and the keys that the
// domain's columns are then. One row of constants needs no join.
func (l *lifter) joined(kind logical.JoinKind, q lifted, columns []int) (logical.Node, []equality, func(rex.Expr) rex.Expr) {
	domain := l.domain(columns)
	schema := domain.Props().Schema
	move := func(e rex.Expr) rex.Expr {
		return e.Map(func(x rex.Expr) rex.Expr {
			switch {
			case x.Kind == rex.Input:
				x.Index += len(columns)
			case l.isOuter(x):
				at := slices.Index(columns, x.Index)
				return rex.Col(at, schema[at].Type)
			}
			return x
		})
	}
	spec := logical.JoinSpec{Type: kind, Span: l.span}
	if len(q.preds) > 0 {
		condition := logical.And(mapAll(q.preds, move))
		spec.Condition = &condition
	}
	var node logical.Node
	if v, ok := q.node.(*logical.Values); ok && len(v.Rows) == 1 && kind == logical.Inner && len(q.preds) == 0 {
		node = logical.NewProject(domain, append(logical.AllCols(schema), v.Rows[0]...), append(schema.Names(), v.Props().Schema.Names()...))
	} else {
		node = logical.NewJoin(domain, q.node, spec)
	}
	keys := make([]equality, len(columns))
	for i, c := range columns {
		keys[i] = equality{rex.OuterCol(l.relation, c, schema[i].Type), rex.Col(i, schema[i].Type), true}
	}
	return node, keys, move
}

// overDomain settles q with the domain of columns, which hold all that q reads.
func (l *lifter) overDomain(q lifted, columns []int) settled {
	if q.single {
		q = l.whole(q)
	}
	node, keys, move := l.joined(logical.Inner, q, columns)
	return layOut(node, mapAll(q.columns, move), keys)
}

// whole gives a single q its row of nothing, for every value of the domain.
func (l *lifter) whole(q lifted) lifted {
	columns := l.refs(append(slices.Clone(q.preds), q.columns...)...)
	node, keys, move := l.joined(logical.Left, q, columns)
	schema := node.Props().Schema
	retyped := func(e rex.Expr) rex.Expr {
		return logical.OnSchema(move(e), func(c int) int { return c }, schema)
	}
	return layOut(node, mapAll(q.columns, retyped), keys).lifted()
}

// bind settles q so that the columns need of the relation can be replaced by its own.
func (l *lifter) bind(q lifted, need []int) (settled, func(rex.Expr) rex.Expr) {
	width := len(q.columns)
	q.columns = slices.Clone(q.columns)
	for _, c := range need {
		q.columns = append(q.columns, rex.OuterCol(l.relation, c, l.outer.Props().Schema[c].Type))
	}
	s := l.settle(q)
	schema := s.node.Props().Schema
	known := map[int]rex.Expr{}
	for i, c := range need {
		at := s.columns[width+i]
		known[c] = rex.Col(at, schema[at].Type)
	}
	s.columns = s.columns[:width]
	return s, func(e rex.Expr) rex.Expr { return l.replace(e, known) }
}

func mapAll(exprs []rex.Expr, f func(rex.Expr) rex.Expr) []rex.Expr {
	out := make([]rex.Expr, len(exprs))
	for i, e := range exprs {
		out[i] = f(e)
	}
	return out
}
