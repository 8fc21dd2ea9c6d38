package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/bind/internal/unnest"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// Sub-queries in expressions are joined to the relation of their SELECT when they are
// bound, so that their value is a column of it. package unnest takes the columns of
// the query around out of them.

// singleValue is the function that fails for a sub-query of several rows.
const singleValue = "SINGLE VALUE"

// isSubquery reports the expressions that hold a query.
func isSubquery(e sql.Expr) bool {
	switch e.(type) {
	case *sql.Subquery, *sql.InQuery, *sql.Exists, *sql.Quantified:
		return true
	}
	return false
}

// hasSubquery reports whether there is a sub-query in e.
func hasSubquery(e sql.Expr) bool {
	if isSubquery(e) {
		return true
	}
	for _, c := range children(e) {
		if hasSubquery(c) {
			return true
		}
	}
	return false
}

// subquery binds an expression with a query once: bind joins the query.
func (x *exprBinder) subquery(e sql.Expr, q *sql.Query, bind func() (rex.Expr, error)) (rex.Expr, error) {
	if x.queries == nil {
		return rex.Expr{}, errs.Userf("a sub-query can't stand in %s", x.clause).At(q.Pos()).
			WithHint("join the query in FROM, and name its column here")
	}
	sb := x.queries
	if bound, ok := sb.subqueries[e]; ok {
		return bound, nil
	}
	bound, err := bind()
	if err != nil {
		return bound, err
	}
	if sb.subqueries == nil {
		sb.subqueries = map[sql.Expr]rex.Expr{}
	}
	sb.subqueries[e] = bound
	return bound, nil
}

// overSubqueries joins the sub-queries in window functions before the columns that
// these need are laid out.
func (sb *selectBinder) overSubqueries(calls []*sql.Call) error {
	var visit func(e sql.Expr) error
	visit = func(e sql.Expr) error {
		if isSubquery(e) {
			_, err := sb.binder("OVER").expr(e)
			return err
		}
		for _, c := range children(e) {
			if err := visit(c); err != nil {
				return err
			}
		}
		return nil
	}
	for _, call := range calls {
		w, err := sb.window(call.Over)
		if err != nil {
			return err
		}
		for _, e := range append(overExprs(w), children(call)...) {
			if err := visit(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// around is the scope that a sub-query has around it here.
func (sb *selectBinder) around() *scope {
	columns := sb.scope.columns
	if sb.groups != nil {
		columns = make([]scopeColumn, len(sb.scope.columns))
		for i, c := range sb.scope.columns {
			bound, ok := sb.groups.substitute(c.expr)
			c.expr, c.ungrouped = bound, !ok
			columns[i] = c
		}
	}
	return sb.b.around(columns, sb.scope.outer)
}

// bound is a sub-query with what it may read.
type bound struct {
	*result
	around *scope
	span   errs.Span
}

// bindQuery binds a sub-query.
func (sb *selectBinder) bindQuery(q *sql.Query) (bound, error) {
	around := sb.around()
	r, err := sb.b.query(q, around)
	return bound{r, around, q.Pos()}, err
}

// joinQuery joins a sub-query's rows to the relation.
func (sb *selectBinder) joinQuery(q bound, kind logical.JoinKind, node logical.Node, terms ...rex.Expr) error {
	spec := unnest.Spec{JoinSpec: logical.JoinSpec{Type: kind, Span: q.span}, Relation: q.around.relation}
	if len(terms) > 0 {
		condition := logical.And(terms)
		spec.Condition = &condition
	}
	joined, err := unnest.Join(sb.node, node, spec)
	if err != nil {
		return err
	}
	sb.node = joined
	return nil
}

// last is the relation's column i from behind.
func (sb *selectBinder) last(i int) rex.Expr {
	schema := sb.node.Props().Schema
	return rex.Col(len(schema)-i, schema[len(schema)-i].Type)
}

// scalar joins a sub-query that is a value: NULL stands for no row.
func (sb *selectBinder) scalar(e *sql.Subquery) (rex.Expr, error) {
	q, err := sb.bindQuery(e.Query)
	if err != nil {
		return rex.Expr{}, err
	}
	node := q.relation()
	schema := node.Props().Schema
	if len(schema) != 1 {
		return rex.Expr{}, errs.Userf("a sub-query used as a value must have one column, not %d", len(schema)).At(e.Pos())
	}
	if node.Props().HasKey(nil) {
		err := sb.joinQuery(q, logical.Left, node)
		return sb.last(1), err
	}
	first, err := sb.b.aggregateCall("FIRST_VALUE", schema, 0)
	if err != nil {
		return rex.Expr{}, at(err, e.Pos())
	}
	node = logical.NewAggregate(node, nil, []rex.AggCall{first, countAll()}, []string{"$value", "$rows"}, e.Pos())
	if err := sb.joinQuery(q, logical.Left, node); err != nil {
		return rex.Expr{}, err
	}
	return sb.b.callOf(singleValue, e.Pos(), sb.last(2), sb.last(1))
}

func countAll() rex.AggCall {
	return rex.AggCall{Name: "COUNT", Type: types.Of(types.BigInt).NotNull(), Filter: -1}
}

// aggregateCall is a call of an aggregate of one column.
func (b *Binder) aggregateCall(name string, schema types.Schema, column int) (rex.AggCall, error) {
	sig, ok := b.funcs.Aggregate(name)
	if !ok {
		return rex.AggCall{}, errs.Bugf("%s is not registered", name)
	}
	t := schema[column].Type
	resolved, err := sig.Resolve([]rex.Expr{rex.Col(column, t)})
	return rex.AggCall{Name: sig.Name, Args: []int{column}, ArgTypes: []types.Type{t}, Type: resolved.Result, Filter: -1}, err
}

// exists marks the rows for which a sub-query has any.
func (sb *selectBinder) exists(e *sql.Exists) (rex.Expr, error) {
	q, err := sb.bindQuery(unlimited(e.Query))
	if err != nil {
		return rex.Expr{}, err
	}
	err = sb.joinQuery(q, logical.Mark, q.relation())
	return sb.last(1), err
}

// unlimited leaves out what decides only which rows a query has, not whether.
func unlimited(q *sql.Query) *sql.Query {
	n, ok := q.Limit.(*sql.NumberLiteral)
	if q.Offset != nil || q.Limit != nil && (!ok || n.Text == "0") {
		return q
	}
	plain := *q
	plain.Limit, plain.OrderBy = nil, nil
	return &plain
}

// membership is x [NOT] IN (query).
type membership struct {
	at    sql.Expr
	x     sql.Expr
	query *sql.Query
	not   bool
}

// condition is a sub-query that a condition may be: IN, EXISTS, or a row compared with
// ANY or ALL, perhaps negated.
type condition struct {
	exists *sql.Exists
	in     membership
	rows   *sql.Quantified
	not    bool
}

// conditionOf recognises such a condition.
func conditionOf(e sql.Expr) (condition, bool) {
	switch e := e.(type) {
	case *sql.InQuery:
		return condition{in: membership{e, e.X, e.Query, false}, not: e.Not}, true
	case *sql.Exists:
		return condition{exists: e}, true
	case *sql.Quantified:
		if e.Op == sql.Equal && !e.All || e.Op == sql.NotEqual && e.All {
			return condition{in: membership{e, e.X, e.Query, false}, not: e.All}, true
		}
		return condition{rows: e}, isRow(e.X)
	case *sql.Unary:
		if e.Op == sql.Not {
			c, ok := conditionOf(e.X)
			c.not = !c.not
			return c, ok
		}
	}
	return condition{}, false
}

// semiJoin applies IN and EXISTS as semi and anti joins. NOT IN is one only if no
// value can be NULL, and a filter otherwise.
func (sb *selectBinder) semiJoin(e sql.Expr, clause string) (done bool, err error) {
	c, ok := conditionOf(e)
	if !ok {
		return false, nil
	}
	kind := logical.Semi
	if c.not {
		kind = logical.Anti
	}
	if c.exists != nil {
		q, err := sb.bindQuery(unlimited(c.exists.Query))
		if err != nil {
			return true, err
		}
		return true, sb.joinQuery(q, kind, q.relation())
	}
	if c.rows != nil {
		return true, sb.semiRows(c.rows, c.not, clause)
	}
	q, err := sb.bindQuery(c.in.query)
	if err != nil {
		return true, err
	}
	left, err := c.in.values(sb.binder(clause), q)
	if err != nil {
		return true, err
	}
	p, err := sb.pairs(c.in.at.Pos(), left, q)
	switch {
	case err != nil:
		return true, err
	case c.not && p.nullable:
		value, err := sb.in(c.in, p, q)
		if err == nil {
			value, err = sb.b.callOf("NOT", c.in.at.Pos(), value)
		}
		if err == nil {
			sb.node = logical.NewFilter(sb.node, value)
		}
		return true, err
	}
	return true, sb.joinQuery(q, kind, q.relation(), p.equal...)
}

// isRow reports (a, b), which is compared with as many columns.
func isRow(e sql.Expr) bool {
	row, ok := e.(*sql.Row)
	return ok && len(row.Items) > 1 && !row.Explicit
}

// values binds the left side of IN, ANY or ALL.
func (m membership) values(x *exprBinder, q bound) ([]rex.Expr, error) {
	items := []sql.Expr{m.x}
	if isRow(m.x) {
		items = m.x.(*sql.Row).Items
	}
	if len(items) != q.visible {
		word := "IN"
		if e, ok := m.at.(*sql.Quantified); ok {
			word = e.Op.String() + map[bool]string{false: " ANY", true: " ALL"}[e.All]
		}
		return nil, errs.Userf("%s compares %d values with a sub-query of %d columns", word, len(items), q.visible).At(m.at.Pos())
	}
	return x.exprs(items)
}

// pairs are the equalities of values with a sub-query's columns.
type pairs struct {
	left     []rex.Expr
	right    []rex.Expr
	equal    []rex.Expr
	nullable bool
}

func (sb *selectBinder) pairs(span errs.Span, left []rex.Expr, q bound) (pairs, error) {
	p := pairs{left: left}
	width := len(sb.node.Props().Schema)
	for i, l := range left {
		r := rex.Col(width+i, q.node.Props().Schema[i].Type)
		term, err := sb.b.callOf("=", span, l, r)
		if err != nil {
			return p, err
		}
		p.right, p.equal = append(p.right, r), append(p.equal, term)
		p.nullable = p.nullable || l.Type.Nullable || r.Type.Nullable
	}
	return p, nil
}

// in binds the value of [NOT] IN.
func (x *exprBinder) in(m membership) (rex.Expr, error) {
	sb := x.queries
	q, err := sb.bindQuery(m.query)
	if err != nil {
		return rex.Expr{}, err
	}
	left, err := m.values(x, q)
	if err != nil {
		return rex.Expr{}, err
	}
	p, err := sb.pairs(m.at.Pos(), left, q)
	if err != nil {
		return rex.Expr{}, err
	}
	value, err := sb.in(m, p, q)
	if err != nil || !m.not {
		return value, err
	}
	return sb.b.callOf("NOT", m.at.Pos(), value)
}

// in gives the value of IN: TRUE with a partner, NULL when a comparison with NULL is
// the nearest to one, and FALSE otherwise.
func (sb *selectBinder) in(m membership, p pairs, q bound) (rex.Expr, error) {
	if err := sb.joinQuery(q, logical.Mark, q.relation(), p.equal...); err != nil {
		return rex.Expr{}, err
	}
	value := sb.last(1)
	if !p.nullable {
		return value, nil
	}
	unknown, err := sb.unknownIn(m, p, q)
	if err != nil {
		return rex.Expr{}, err
	}
	return cases(value, rex.Bool(true), unknown, rex.NullOf(value.Type), rex.Bool(false)), nil
}

// cases is CASE WHEN … THEN … ELSE … of BOOLEANs.
func cases(args ...rex.Expr) rex.Expr {
	return rex.Expr{Kind: rex.Case, Type: types.Of(types.Boolean), Args: args}
}

// unknownIn tells whether IN is NULL where it is not TRUE.
func (sb *selectBinder) unknownIn(m membership, p pairs, q bound) (rex.Expr, error) {
	span := m.at.Pos()
	if len(p.left) == 1 {
		return sb.unknown(span, p.left[0], q)
	}
	q.span = span
	width := len(sb.node.Props().Schema)
	var terms []rex.Expr
	for i, l := range p.left {
		r := rex.Col(width+i, p.right[i].Type)
		term, err := sb.b.callOf("=", span, l, r)
		if err == nil {
			term, err = sb.b.orNull(term, span, l, r)
		}
		if err != nil {
			return term, err
		}
		terms = append(terms, term)
	}
	err := sb.joinQuery(q, logical.Mark, q.relation(), terms...)
	return sb.last(1), err
}

// unknown tells whether comparing x with one of a sub-query's values is NULL: there is
// a NULL among them, or x is NULL and there are any.
func (sb *selectBinder) unknown(span errs.Span, x rex.Expr, q bound) (rex.Expr, error) {
	flagged, flag, err := sb.b.withNullFlag(q.relation(), span)
	if err != nil {
		return rex.Expr{}, err
	}
	if err := sb.joinQuery(q, logical.Left, logical.NewAggregate(flagged, nil, []rex.AggCall{flag}, []string{"$nulls"}, span)); err != nil {
		return rex.Expr{}, err
	}
	return sb.unknownBy(span, x, sb.last(1))
}

// withNullFlag puts a number behind the first column of a sub-query, 1 where it is NULL
// and 0 elsewhere. The aggregate is the greatest: NULL for no rows. It seldom changes,
// where counts would with each row.
func (b *Binder) withNullFlag(node logical.Node, span errs.Span) (logical.Node, rex.AggCall, error) {
	schema := node.Props().Schema
	integer := types.Of(types.Int).NotNull()
	flag := rex.Lit(integer, rex.Value{})
	if schema[0].Type.Nullable {
		null, err := b.callOf("IS NULL", span, rex.Col(0, schema[0].Type))
		if err != nil {
			return nil, rex.AggCall{}, err
		}
		flag = rex.Expr{Kind: rex.Case, Type: integer, Args: []rex.Expr{null, rex.Lit(integer, rex.Value{Int: 1}), flag}}
	}
	flagged := logical.NewProject(node, []rex.Expr{rex.Col(0, schema[0].Type), flag}, []string{schema[0].Name, "$null"})
	call, err := b.aggregateCall("MAX", flagged.Props().Schema, 1)
	return flagged, call, err
}

// unknownBy is unknown by the greatest of the flags.
func (sb *selectBinder) unknownBy(span errs.Span, x, nulls rex.Expr) (rex.Expr, error) {
	among, err := sb.b.callOf("=", span, nulls, rex.Lit(types.Of(types.Int).NotNull(), rex.Value{Int: 1}))
	if err != nil || !x.Type.Nullable {
		return among, err
	}
	null, err := sb.b.callOf("IS NULL", span, x)
	if err != nil {
		return null, err
	}
	some, err := sb.b.callOf("IS NOT NULL", span, nulls)
	if err == nil {
		some, err = sb.b.callOf("AND", span, null, some)
	}
	if err != nil {
		return some, err
	}
	return sb.b.callOf("OR", span, among, some)
}

// orNull is `term OR v IS NULL` for each v that may be NULL.
func (b *Binder) orNull(term rex.Expr, span errs.Span, values ...rex.Expr) (rex.Expr, error) {
	for _, v := range values {
		if !v.Type.Nullable {
			continue
		}
		null, err := b.callOf("IS NULL", span, v)
		if err != nil {
			return null, err
		}
		if term, err = b.callOf("OR", span, term, null); err != nil {
			return term, err
		}
	}
	return term, nil
}
