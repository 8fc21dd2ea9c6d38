package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// selectBinder binds one SELECT block, clause by clause, in the order in which
// they apply: FROM, WHERE, GROUP BY, HAVING, OVER, QUALIFY, the select list,
// DISTINCT, ORDER BY.
type selectBinder struct {
	b     *Binder
	s     *sql.Select
	order []sql.OrderItem
	// node is the relation so far, scope what names mean: columns of node, or,
	// above an aggregate, of the aggregate's input.
	node  logical.Node
	scope *scope
	items []selectItem
	// computed and groups go to every exprBinder.
	computed map[*sql.Call]rex.Expr
	groups   *grouping
	// subqueries are those that are columns of node by now.
	subqueries map[sql.Expr]rex.Expr
}

// selectItem is one output column: an expression, or a column that a star gave.
type selectItem struct {
	name   string
	expr   sql.Expr
	column *scopeColumn
	place  sql.Node
}

// selectBlock binds a SELECT with the ORDER BY of the query it is the body of.
func (b *Binder) selectBlock(s *sql.Select, order []sql.OrderItem, outer *scope) (*result, error) {
	if len(s.Emit) > 0 {
		return nil, unsupported(s.Emit[0], "EMIT %s", s.Emit[0].Kind)
	}
	hints, err := b.blockHints(s)
	if err != nil {
		return nil, err
	}
	around := b.hints
	b.hints = hints
	defer func() { b.hints = around }()
	rel, err := b.from(s.From, outer)
	if err != nil {
		return nil, err
	}
	sb := &selectBinder{b: b, s: s, order: order, node: rel.node, scope: rel.scope, computed: map[*sql.Call]rex.Expr{}}
	for _, step := range []func() error{sb.where, sb.expandStars, sb.groupBy, sb.having, sb.over, sb.qualify} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return sb.project()
}

// binder makes an exprBinder for a clause over the relation so far.
func (sb *selectBinder) binder(clause string) *exprBinder {
	return &exprBinder{b: sb.b, scope: sb.scope, clause: clause, computed: sb.computed, groups: sb.groups, queries: sb}
}

// condition binds a BOOLEAN clause.
func (sb *selectBinder) condition(e sql.Expr, clause string) (rex.Expr, error) {
	bound, err := sb.binder(clause).expr(e)
	if err != nil {
		return bound, err
	}
	return boolean(bound, clause, e.Pos())
}

// where applies WHERE.
func (sb *selectBinder) where() error {
	if sb.s.Where == nil {
		return nil
	}
	return sb.filter(sb.s.Where, "WHERE")
}

// filter applies a condition: plain terms as one filter, then those with sub-queries,
// as joins where they are nothing but one.
func (sb *selectBinder) filter(e sql.Expr, clause string) error {
	var plain []rex.Expr
	var queries []sql.Expr
	for _, c := range conjuncts(e) {
		if hasSubquery(c) {
			queries = append(queries, c)
			continue
		}
		bound, err := sb.condition(c, clause)
		if err != nil {
			return err
		}
		plain = append(plain, bound)
	}
	if len(plain) > 0 {
		all, err := sb.b.chain("AND", e.Pos(), plain)
		if err != nil {
			return err
		}
		sb.node = logical.FilterNear(sb.node, logical.Conjuncts(all))
	}
	for _, q := range queries {
		done, err := sb.semiJoin(q, clause)
		if err == nil && !done {
			var bound rex.Expr
			if bound, err = sb.condition(q, clause); err == nil {
				sb.node = logical.NewFilter(sb.node, bound)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// conjuncts splits a condition at its ANDs.
func conjuncts(e sql.Expr) []sql.Expr {
	var out []sql.Expr
	for {
		and, ok := e.(*sql.Binary)
		if !ok || and.Op != sql.And {
			out = append(out, e)
			break
		}
		right := conjuncts(and.Right)
		for i := len(right) - 1; i >= 0; i-- {
			out = append(out, right[i])
		}
		e = and.Left
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// expandStars lists the output columns.
func (sb *selectBinder) expandStars() error {
	for i, item := range sb.s.Items {
		star, ok := item.Expr.(*sql.Star)
		if !ok {
			sb.items = append(sb.items, selectItem{name: itemName(item, i), expr: item.Expr, place: item})
			continue
		}
		columns, err := sb.starColumns(star)
		if err != nil {
			return err
		}
		for j := range columns {
			sb.items = append(sb.items, selectItem{name: columns[j].name, column: &columns[j], place: star})
		}
	}
	if len(sb.items) == 0 {
		return errs.Userf("SELECT * needs a FROM clause").At(sb.s.Pos())
	}
	return nil
}

// itemName is the alias, or the last name of a path, or EXPR$i.
func itemName(item sql.SelectItem, i int) string {
	if item.Alias != nil {
		return item.Alias.Text
	}
	switch e := item.Expr.(type) {
	case *sql.ColumnRef:
		return e.Name.Last()
	case *sql.Field:
		return e.Name.Text
	}
	return "EXPR$" + itoa(i)
}

// starColumns are the columns of *, t.* or row.*.
func (sb *selectBinder) starColumns(star *sql.Star) ([]scopeColumn, error) {
	var out []scopeColumn
	if len(star.Qualifier) == 0 {
		for _, c := range sb.scope.columns {
			if !c.qualifiedOnly {
				out = append(out, c)
			}
		}
		return out, nil
	}
	if table := star.Qualifier[len(star.Qualifier)-1].Text; sb.scope.hasTable(table) {
		for _, c := range sb.scope.columns {
			if c.table == table {
				out = append(out, c)
			}
		}
		return out, nil
	}
	row, err := sb.scope.resolve(sql.Name{Place: star.Place, Parts: star.Qualifier})
	if err != nil {
		return nil, err
	}
	if row.Type.Kind != types.Row {
		return nil, errs.Userf(".* needs a table or a row, not %s", row.Type.WithNullable(true)).At(star.Pos())
	}
	for i, f := range row.Type.Fields {
		out = append(out, scopeColumn{name: f.Name, expr: fieldOf(row, i)})
	}
	return out, nil
}

// outputs are all expressions that are bound above GROUP BY.
func (sb *selectBinder) outputs() []sql.Expr {
	var out []sql.Expr
	for _, item := range sb.items {
		if item.expr != nil {
			out = append(out, item.expr)
		}
	}
	if sb.s.Having != nil {
		out = append(out, sb.s.Having)
	}
	if sb.s.Qualify != nil {
		out = append(out, sb.s.Qualify)
	}
	for _, o := range sb.order {
		out = append(out, o.Expr)
	}
	return out
}

// eachCall visits the calls in the clauses above GROUP BY, outer before inner, with
// those that OVER clauses and named windows partition and order by, until visit
// returns false for one, whose inside is then left out.
func (sb *selectBinder) eachCall(visit func(*sql.Call) bool) {
	var walk func(sql.Expr)
	over := func(w *sql.WindowSpec) {
		for _, e := range overExprs(w) {
			walk(e)
		}
	}
	walk = func(e sql.Expr) {
		walkCalls(e, func(c *sql.Call) bool {
			if !visit(c) {
				return false
			}
			if c.Over != nil {
				over(c.Over)
			}
			return true
		})
	}
	for _, e := range sb.outputs() {
		walk(e)
	}
	for _, w := range sb.s.Windows {
		over(w.Spec)
	}
}

func (sb *selectBinder) having() error {
	if sb.s.Having == nil {
		return nil
	}
	return sb.filter(sb.s.Having, "HAVING")
}

func (sb *selectBinder) qualify() error {
	if sb.s.Qualify == nil {
		return nil
	}
	return sb.filter(sb.s.Qualify, "QUALIFY")
}

// project binds the select list, DISTINCT and the sort keys.
func (sb *selectBinder) project() (*result, error) {
	x := sb.binder("SELECT")
	var exprs []rex.Expr
	var names []string
	for _, item := range sb.items {
		bound, err := sb.item(x, item)
		if err != nil {
			return nil, err
		}
		exprs, names = append(exprs, bound), append(names, item.name)
	}
	r := &result{visible: len(exprs)}
	schema := make(types.Schema, len(exprs))
	for i := range exprs {
		schema[i] = types.Field{Name: names[i], Type: exprs[i].Type}
	}
	for _, o := range sb.order {
		column, ok, err := outputColumn(o.Expr, schema, r.visible)
		if err != nil {
			return nil, err
		}
		if !ok {
			if column, err = sb.sortColumn(o, &exprs, &names); err != nil {
				return nil, err
			}
		}
		r.order = append(r.order, sortKey(o, column))
		r.orderSpan = sb.order[0].Pos()
	}
	r.node = logical.NewProject(sb.node, exprs, names)
	if sb.s.Distinct {
		agg := distinct(r.node, sb.s.Pos())
		agg.TTL = sb.b.hints.all(sb.s.From)
		r.node = agg
	}
	return r, nil
}

// item binds one output column.
func (sb *selectBinder) item(x *exprBinder, item selectItem) (rex.Expr, error) {
	if item.column == nil {
		return x.expr(item.expr)
	}
	if sb.groups == nil {
		return item.column.expr, nil
	}
	if bound, ok := sb.groups.substitute(item.column.expr); ok {
		return bound, nil
	}
	return rex.Expr{}, errs.Userf("column %s of * is not grouped by", item.name).At(item.place.Pos())
}

// sortColumn finds or adds the column of a sort expression.
func (sb *selectBinder) sortColumn(o sql.OrderItem, exprs *[]rex.Expr, names *[]string) (int, error) {
	x := sb.binder("ORDER BY")
	x.aliases = map[string]rex.Expr{}
	for i := len(sb.items) - 1; i >= 0; i-- {
		x.aliases[(*names)[i]] = (*exprs)[i]
	}
	bound, err := x.expr(o.Expr)
	if err != nil {
		return 0, err
	}
	for i, e := range *exprs {
		if e.Equal(bound) {
			return i, nil
		}
	}
	if sb.s.Distinct {
		return 0, errs.Userf("with SELECT DISTINCT, ORDER BY can only name columns of the result").At(o.Expr.Pos())
	}
	*exprs, *names = append(*exprs, bound), append(*names, "$sort"+itoa(len(*exprs)))
	return len(*exprs) - 1, nil
}
