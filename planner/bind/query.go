package bind

import (
	"math"
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// cte is a WITH name in sight. Its query is bound at its first use.
type cte struct {
	name string
	def  sql.CTE
	// depth is the number of older CTEs that its query may name.
	depth int
	// outer is the scope around the query of the WITH, or nil.
	outer *scope
	node  logical.Node
}

// result is a bound query.
type result struct {
	node logical.Node
	// order is the order that the query asked for; keys may lie behind the first
	// visible columns, which are the query's own.
	order     []rex.SortKey
	orderSpan errs.Span
	visible   int
}

// relation drops the order and the columns that served it.
func (r *result) relation() logical.Node {
	return logical.Narrow(r.node, logical.Range(0, r.visible))
}

// query binds a whole query. outer is the scope around a sub-query, or nil.
func (b *Binder) query(q *sql.Query, outer *scope) (*result, error) {
	mark := len(b.ctes)
	defer func() { b.ctes = b.ctes[:mark] }()
	for _, def := range q.With {
		b.ctes = append(b.ctes, &cte{name: def.Name.Text, def: def, depth: len(b.ctes), outer: outer})
	}
	r, err := b.body(q.Body, q.OrderBy, outer)
	if err != nil {
		return nil, err
	}
	for _, c := range b.ctes[mark:] {
		if c.node != nil {
			continue
		}
		// Nobody reads it: what is wrong in it is wrong, what is not supported does no harm.
		if _, err := b.bindCTE(c); err != nil && errs.ClassOf(err) != errs.Unsupported {
			return nil, err
		}
	}
	return r, b.limit(q, r)
}

// limit applies LIMIT and OFFSET to a result.
func (b *Binder) limit(q *sql.Query, r *result) error {
	if q.Limit == nil && q.Offset == nil {
		return nil
	}
	count, offset := int64(math.MaxInt64), int64(0)
	var err error
	if q.Limit != nil {
		if count, err = b.count(q.Limit, "LIMIT"); err != nil {
			return err
		}
	}
	if q.Offset != nil {
		if offset, err = b.count(q.Offset, "OFFSET"); err != nil {
			return err
		}
	}
	offset = min(offset, math.MaxInt64-1)
	count = min(count, math.MaxInt64-offset) // their sum is the last row's number
	if len(r.order) > 0 {
		r.node = logical.NewTopN(r.node, logical.TopNSpec{OrderBy: r.order, Offset: offset, Count: count})
		return nil
	}
	r.node = logical.NewLimit(r.node, offset, count)
	return nil
}

// sortByTime applies an ORDER BY whose first key is a time attribute, ascending:
// rows can come out in order as time goes on. Whether they never change, as they
// must, is known only after the rewrites.
func (b *Binder) sortByTime(q *sql.Query, r *result) {
	if len(r.order) == 0 || q.Limit != nil || q.Offset != nil {
		return
	}
	if r.order[0].Descending || r.node.Props().Time[r.order[0].Column] == logical.NotTime {
		return
	}
	r.node = logical.NewSort(r.node, r.order, r.orderSpan)
	r.order = nil
}

// body binds a query's body with the ORDER BY that follows it.
func (b *Binder) body(body sql.QueryBody, order []sql.OrderItem, outer *scope) (*result, error) {
	if s, ok := body.(*sql.Select); ok {
		return b.selectBlock(s, order, outer)
	}
	node, err := b.otherBody(body, outer)
	if err != nil {
		return nil, err
	}
	r := &result{node: node, visible: len(node.Props().Schema)}
	for _, item := range order {
		column, ok, err := outputColumn(item.Expr, node.Props().Schema, r.visible)
		if err == nil && !ok {
			err = errs.Userf("ORDER BY can only name columns of the result here").At(item.Expr.Pos())
		}
		if err != nil {
			return nil, err
		}
		r.order = append(r.order, sortKey(item, column))
	}
	if len(order) > 0 {
		r.orderSpan = order[0].Pos()
	}
	return r, nil
}

// otherBody binds every body but SELECT.
func (b *Binder) otherBody(body sql.QueryBody, outer *scope) (logical.Node, error) {
	switch body := body.(type) {
	case *sql.Query:
		r, err := b.query(body, outer)
		if err != nil {
			return nil, err
		}
		return r.relation(), nil
	case *sql.Values:
		return b.values(body, outer)
	case *sql.SetOp:
		return b.setOp(body, outer)
	case *sql.ExplicitTable:
		rel, err := b.namedTable(&sql.NamedTable{Place: body.Place, Name: body.Name})
		if err != nil {
			return nil, err
		}
		return rel.node, nil
	}
	return nil, errs.Bugf("no such query body: %T", body).At(body.Pos())
}

// outputColumn finds the result column that a sort item names by alias or number.
func outputColumn(e sql.Expr, schema types.Schema, visible int) (int, bool, error) {
	switch e := e.(type) {
	case *sql.NumberLiteral:
		bound, err := number(e, false)
		if err != nil || !bound.Type.IsInteger() {
			return 0, false, err
		}
		if i := bound.Value.Int; i < 1 || i > int64(visible) {
			return 0, false, errs.Userf("ORDER BY %s: the result has columns 1 to %d", e.Text, visible).At(e.Pos())
		}
		return int(bound.Value.Int) - 1, true, nil
	case *sql.ColumnRef:
		if len(e.Name.Parts) > 1 {
			return 0, false, nil
		}
		if i := schema[:visible].Index(e.Name.Last()); i >= 0 {
			return i, true, nil
		}
	}
	return 0, false, nil
}

// sortKey applies Flink's null order: NULL is the least value.
func sortKey(item sql.OrderItem, column int) rex.SortKey {
	k := rex.SortKey{Column: column, Descending: item.Desc, NullsFirst: !item.Desc}
	switch item.Nulls {
	case sql.NullsFirst:
		k.NullsFirst = true
	case sql.NullsLast:
		k.NullsFirst = false
	}
	return k
}

// values binds VALUES: each column gets the common type of its cells.
func (b *Binder) values(v *sql.Values, outer *scope) (logical.Node, error) {
	for i, row := range v.Rows {
		if len(row) != len(v.Rows[0]) {
			return nil, errs.Userf("row %d of VALUES has %d values, but the first has %d", i+1, len(row), len(v.Rows[0])).At(row[0].Pos())
		}
	}
	for _, row := range v.Rows {
		if slices.ContainsFunc(row, hasSubquery) {
			return b.valuesOfQueries(v, outer)
		}
	}
	x := &exprBinder{b: b, clause: "VALUES"}
	if outer != nil {
		x.scope = &scope{outer: outer}
	}
	rows := make([][]rex.Expr, len(v.Rows))
	for i, row := range v.Rows {
		bound, err := x.exprs(row)
		if err != nil {
			return nil, err
		}
		rows[i] = bound
	}
	var schema types.Schema
	for c := range v.Rows[0] {
		column := make([]rex.Expr, len(rows))
		for i := range rows {
			column[i] = rows[i][c]
		}
		cast, t, err := b.common("values of a column of VALUES", v.Pos(), column)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i][c] = cast[i]
		}
		schema = append(schema, types.Field{Name: "EXPR$" + itoa(c), Type: t})
	}
	return logical.NewValues(schema, rows), nil
}

// valuesOfQueries binds VALUES with sub-queries: each row is a query of its own.
func (b *Binder) valuesOfQueries(v *sql.Values, outer *scope) (logical.Node, error) {
	names := make([]string, len(v.Rows[0]))
	for i := range names {
		names[i] = "EXPR$" + itoa(i)
	}
	inputs := make([]logical.Node, len(v.Rows))
	for i, row := range v.Rows {
		one := oneRow()
		one.scope.outer = outer
		sb := &selectBinder{b: b, node: one.node, scope: one.scope, computed: map[*sql.Call]rex.Expr{}}
		exprs, err := sb.binder("VALUES").exprs(row)
		if err != nil {
			return nil, err
		}
		inputs[i] = logical.NewProject(sb.node, exprs, names)
	}
	if err := b.alignColumns("VALUES", v.Pos(), inputs); err != nil {
		return nil, err
	}
	if len(inputs) == 1 {
		return inputs[0], nil
	}
	return logical.NewUnion(inputs...), nil
}

// lookupCTE finds a WITH name and binds its query.
func (b *Binder) lookupCTE(name sql.Name) (logical.Node, bool, error) {
	if len(name.Parts) != 1 {
		return nil, false, nil
	}
	for i := len(b.ctes) - 1; i >= 0; i-- {
		c := b.ctes[i]
		if c.name != name.Last() {
			continue
		}
		if c.node != nil {
			return c.node, true, nil
		}
		node, err := b.bindCTE(c)
		return node, true, err
	}
	return nil, false, nil
}

func (b *Binder) bindCTE(c *cte) (logical.Node, error) {
	saved := b.ctes
	b.ctes = slices.Clone(b.ctes[:c.depth])
	defer func() { b.ctes = saved }()
	r, err := b.query(c.def.Query, c.outer)
	if err != nil {
		return nil, err
	}
	node, err := renamed(r.relation(), c.def.Columns, c.def.Name)
	if err != nil {
		return nil, err
	}
	c.node = node
	return node, nil
}

// renamed gives a relation the column names of an alias list, if there is one.
func renamed(node logical.Node, names []sql.Ident, of sql.Node) (logical.Node, error) {
	if len(names) == 0 {
		return node, nil
	}
	schema := node.Props().Schema
	if len(names) != len(schema) {
		return nil, errs.Userf("the column list has %d names, but there are %d columns", len(names), len(schema)).At(of.Pos())
	}
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = n.Text
	}
	return logical.NewProject(node, logical.AllCols(schema), texts), nil
}
