package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// grouping says what expressions over a grouped relation mean above the
// aggregate.
type grouping struct {
	// keys are the grouping expressions over the aggregate's input relation; key i
	// is column i above, of type types[i].
	keys  []rex.Expr
	types []types.Type
	// number is a number that GROUP BY names, likely meant as that of a column.
	number string
	// opaque remembers the expressions that hold what is computed above GROUP BY.
	opaque map[sql.Expr]bool
}

// lost is the error for a column that is not there above the aggregate.
func (g *grouping) lost(name sql.Name) error {
	err := notGrouped(name)
	if g.number != "" {
		return err.WithHint("GROUP BY %s groups by the number %s, not by that column: repeat the column's expression", g.number, g.number)
	}
	return err
}

// substitute replaces the grouping expressions in e by their columns; false when
// something else of the input is left.
func (g *grouping) substitute(e rex.Expr) (rex.Expr, bool) {
	for i, key := range g.keys {
		if e.Equal(key) {
			return rex.Col(i, g.types[i]), true
		}
	}
	if e.Kind == rex.Input {
		return e, false
	}
	args := make([]rex.Expr, len(e.Args))
	for i, a := range e.Args {
		var ok bool
		if args[i], ok = g.substitute(a); !ok {
			return e, false
		}
	}
	if len(args) > 0 {
		e.Args = args
	}
	return e, true
}

// grouped binds e as an expression over the grouping keys, when it is one.
func (x *exprBinder) grouped(e sql.Expr) (rex.Expr, bool) {
	if x.opaque(e) {
		return rex.Expr{}, false
	}
	below := &exprBinder{b: x.b, scope: x.scope, clause: x.clause, queries: x.queries}
	bound, err := below.expr(e)
	if err != nil {
		return bound, false
	}
	return x.groups.substitute(bound)
}

// opaque reports whether e holds an aggregate, a window function or a sub-query, which
// are no part of a grouping key. It is asked at each level of an expression.
func (x *exprBinder) opaque(e sql.Expr) bool {
	if known, ok := x.groups.opaque[e]; ok {
		return known
	}
	found := isSubquery(e)
	if c, ok := e.(*sql.Call); ok {
		_, computed := x.computed[c]
		found = computed || c.Over != nil || x.b.isAggregate(c)
	}
	for _, c := range children(e) {
		found = x.opaque(c) || found
	}
	x.groups.opaque[e] = found
	return found
}

// aggregation collects what an aggregate reads.
type aggregation struct {
	sb *selectBinder
	// keys and extra are the columns to project below the aggregate: grouping
	// expressions, then arguments.
	keys  []rex.Expr
	extra []rex.Expr
	calls []rex.AggCall
	names []string
	// index finds the aggregate of a call of the syntax tree.
	index map[*sql.Call]int
	// sets are the grouping sets as indexes of keys; nil for a plain GROUP BY.
	sets [][]int
	// window is the group window; windows maps its functions' calls to keys.
	window  *groupWindow
	windows map[*sql.Call]int
	// projected are the keys as they are projected below the aggregate when a group
	// window has moved some; nil when they are the keys.
	projected []rex.Expr
}

// groupBy applies GROUP BY and the aggregates of all clauses above it.
func (sb *selectBinder) groupBy() error {
	a := &aggregation{sb: sb, index: map[*sql.Call]int{}, windows: map[*sql.Call]int{}}
	calls := a.find()
	if len(calls) == 0 && sb.s.GroupBy == nil && sb.s.Having == nil {
		return nil
	}
	if err := a.bindKeys(); err != nil {
		return err
	}
	a.placeWindow()
	for _, call := range calls {
		if err := a.add(call); err != nil {
			return err
		}
	}
	return a.build()
}

// find lists the aggregate calls of the clauses above GROUP BY.
func (a *aggregation) find() []*sql.Call {
	var out []*sql.Call
	a.sb.eachCall(func(c *sql.Call) bool {
		if c.Over == nil && a.sb.b.isAggregate(c) {
			out = append(out, c)
			return false
		}
		return true
	})
	return out
}

// bindKeys binds the grouping expressions over the relation below.
func (a *aggregation) bindKeys() error {
	sb := a.sb
	if len(sb.s.GroupBy) == 1 {
		if row, ok := sb.s.GroupBy[0].(*sql.Row); ok && len(row.Items) == 0 {
			return nil
		}
	}
	for _, e := range sb.s.GroupBy {
		if _, ok := e.(*sql.GroupingSets); ok {
			return a.groupingSets()
		}
	}
	for _, e := range sb.s.GroupBy {
		if call, ok := e.(*sql.Call); ok && isGroupWindow(call) {
			if err := a.groupWindow(call); err != nil {
				return err
			}
			continue
		}
		if _, err := a.key(e); err != nil {
			return err
		}
	}
	return nil
}

// key binds one grouping expression and gives its index.
func (a *aggregation) key(e sql.Expr) (int, error) {
	x := &exprBinder{b: a.sb.b, scope: a.sb.scope, clause: "GROUP BY", queries: a.sb}
	bound, err := x.expr(e)
	if err != nil {
		return 0, a.aliasHint(e, err)
	}
	return a.keyOf(bound), nil
}

func (a *aggregation) keyOf(bound rex.Expr) int {
	for i, k := range a.keys {
		if k.Equal(bound) {
			return i
		}
	}
	a.keys = append(a.keys, bound)
	return len(a.keys) - 1
}

// aliasHint explains that GROUP BY can't name an output column.
func (a *aggregation) aliasHint(e sql.Expr, err error) error {
	ref, ok := e.(*sql.ColumnRef)
	if !ok || len(ref.Name.Parts) > 1 {
		return err
	}
	if a.sb.names(ref.Name.Last()) {
		return errs.Userf("GROUP BY can't name the output column %s", ref.Name.Last()).At(e.Pos()).
			WithHint("repeat its expression, or group a derived table")
	}
	return err
}

// names reports whether the select list gives a column that name with AS.
func (sb *selectBinder) names(name string) bool {
	return slices.ContainsFunc(sb.s.Items, func(item sql.SelectItem) bool { return item.Alias != nil && item.Alias.Text == name })
}

// add binds one aggregate call.
func (a *aggregation) add(call *sql.Call) error {
	x := &exprBinder{b: a.sb.b, scope: a.sb.scope, clause: "the argument of an aggregate", queries: a.sb}
	agg, err := x.aggregate(call, a.column)
	if err != nil {
		return err
	}
	for i, other := range a.calls {
		if equalCalls(agg, other) {
			a.index[call] = i
			return nil
		}
	}
	a.index[call] = len(a.calls)
	a.calls = append(a.calls, agg)
	a.names = append(a.names, "EXPR$"+itoa(len(a.calls)-1))
	return nil
}

func equalCalls(a, b rex.AggCall) bool {
	return a.Name == b.Name && slices.Equal(a.Args, b.Args) && a.Distinct == b.Distinct && a.Filter == b.Filter && slices.Equal(a.OrderBy, b.OrderBy)
}

// column places an expression among the extra columns, which count from the first
// until build shifts them. Each volatile one is of its own.
func (a *aggregation) column(e rex.Expr) int {
	for i, x := range a.extra {
		if x.Equal(e) && !e.HasVolatile() {
			return i
		}
	}
	a.extra = append(a.extra, e)
	return len(a.extra) - 1
}

// build makes the projection and the aggregate, and tells the clauses above what
// they mean.
func (a *aggregation) build() error {
	sb := a.sb
	schema := sb.node.Props().Schema
	keyExprs := a.keys
	if a.projected != nil {
		keyExprs = a.projected
	}
	exprs := append(slices.Clone(keyExprs), a.extra...)
	names := make([]string, len(exprs))
	for i, e := range exprs {
		names[i] = "$f" + itoa(i)
		if e.Kind == rex.Input {
			names[i] = schema[e.Index].Name
		}
	}
	a.calls = logical.RemapCalls(a.calls, func(c int) int { return c + len(a.keys) })
	input := sb.node
	if len(exprs) > 0 {
		input = logical.NewProject(sb.node, exprs, names)
	}
	keys := logical.Range(0, len(a.keys))
	if a.sets != nil {
		input, keys = a.expand(input)
	}
	agg := logical.NewAggregate(input, keys, a.calls, a.names, sb.s.Pos())
	agg.TTL = sb.b.hints.all(sb.s.From)
	sb.node = agg
	out := agg.Props().Schema
	sb.groups = &grouping{keys: a.keys, opaque: map[sql.Expr]bool{}}
	for _, e := range sb.s.GroupBy {
		if n, ok := e.(*sql.NumberLiteral); ok {
			sb.groups.number = n.Text
		}
	}
	sb.subqueries = nil
	for i := range a.keys {
		sb.groups.types = append(sb.groups.types, out[i].Type)
	}
	for call, i := range a.index {
		column := len(keys) + i
		sb.computed[call] = rex.Col(column, out[column].Type)
	}
	for call, key := range a.windows {
		sb.computed[call] = rex.Col(key, out[key].Type)
	}
	return a.groupingFunctions()
}
