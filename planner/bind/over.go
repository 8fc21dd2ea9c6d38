package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// over computes the window functions of the select list, QUALIFY and ORDER BY as
// columns. Calls that share partition, order and frame are computed together; those
// of ROW_NUMBER come last, where a filter on them makes a top-N.
func (sb *selectBinder) over() error {
	var calls []*sql.Call
	for _, e := range sb.outputs() {
		walkCalls(e, func(c *sql.Call) bool {
			if c.Over != nil {
				calls = append(calls, c)
				return false
			}
			return true
		})
	}
	if len(calls) == 0 {
		return nil
	}
	if err := sb.overSubqueries(calls); err != nil {
		return err
	}
	cols := &overColumns{sb: sb, exprs: logical.AllCols(sb.node.Props().Schema), names: sb.node.Props().Schema.Names(),
		placed: map[sql.Expr]int{}}
	for _, call := range calls {
		if err := cols.add(call); err != nil {
			return err
		}
	}
	if len(cols.exprs) > len(sb.node.Props().Schema) {
		sb.node = logical.NewProject(sb.node, cols.exprs, cols.names)
	}
	slices.SortStableFunc(cols.groups, func(a, b *overGroup) int { return a.rank() - b.rank() })
	for _, g := range cols.groups {
		g.build(sb)
	}
	return nil
}

// overColumns collects the columns that OVER clauses need, and the calls by what
// they share.
type overColumns struct {
	sb     *selectBinder
	exprs  []rex.Expr
	names  []string
	placed map[sql.Expr]int
	groups []*overGroup
	count  int
}

// overGroup are calls that are computed together.
type overGroup struct {
	logical.OverSpec
	aggs   [][]*sql.Call
	places [][]*sql.Call
}

// rank orders groups: those of ROW_NUMBER come last.
func (g *overGroup) rank() int {
	if g.Only("ROW_NUMBER") {
		return 1
	}
	return 0
}

// build puts the group's node on the relation and tells what its calls are.
func (g *overGroup) build(sb *selectBinder) {
	width := len(sb.node.Props().Schema)
	sb.node = logical.NewOver(sb.node, g.OverSpec)
	schema := sb.node.Props().Schema
	for i, calls := range append(g.aggs, g.places...) {
		for _, call := range calls {
			sb.computed[call] = rex.Col(width+i, schema[width+i].Type)
		}
	}
}

// column places an expression of a window. What calls share by the window's name is one,
// volatile or not.
func (c *overColumns) column(e sql.Expr) (int, error) {
	if at, ok := c.placed[e]; ok {
		return at, nil
	}
	bound, err := c.sb.binder("OVER").expr(e)
	if err != nil {
		return 0, err
	}
	at := c.place(bound)
	c.placed[e] = at
	return at, nil
}

// place finds or adds the column of a bound expression; each volatile one is of its own.
func (c *overColumns) place(bound rex.Expr) int {
	for i, x := range c.exprs {
		if x.Equal(bound) && !bound.HasVolatile() {
			return i
		}
	}
	c.exprs, c.names = append(c.exprs, bound), append(c.names, "$over"+itoa(len(c.exprs)))
	return len(c.exprs) - 1
}

// add binds one window function and puts it into its group.
func (c *overColumns) add(call *sql.Call) error {
	name := functionName(call)
	w, err := c.sb.window(call.Over)
	if err != nil {
		return err
	}
	spec := logical.OverSpec{Span: call.Pos()}
	for _, e := range w.PartitionBy {
		column, err := c.column(e)
		if err != nil {
			return err
		}
		spec.PartitionBy = append(spec.PartitionBy, column)
	}
	for _, o := range w.OrderBy {
		column, err := c.column(o.Expr)
		if err != nil {
			return err
		}
		spec.OrderBy = append(spec.OrderBy, sortKey(o, column))
	}
	if isPlaceFunction(name) {
		return c.addPlace(call, name, w, spec)
	}
	if _, known := c.sb.b.funcs.Aggregate(name); known {
		return c.addAggregate(call, name, w, spec)
	}
	if _, known := c.sb.b.funcs.Scalar(name); known {
		return errs.Userf("%s is no window function", name).At(call.Pos()).WithHint("OVER follows an aggregate or a function such as RANK or LAG")
	}
	return c.sb.b.unknownFunction(name, nameSpan(call))
}

// addAggregate binds an aggregate over a frame.
func (c *overColumns) addAggregate(call *sql.Call, name string, w *sql.WindowSpec, spec logical.OverSpec) error {
	agg, err := c.sb.binder("OVER").aggregate(call, c.place)
	if err != nil {
		return err
	}
	if spec.Frame, err = c.frame(w, spec.OrderBy); err != nil {
		return err
	}
	g := c.group(spec, func(g *overGroup) bool { return len(g.Aggs) > 0 && g.Frame == spec.Frame })
	for i, other := range g.Aggs {
		if equalCalls(agg, other) {
			g.aggs[i] = append(g.aggs[i], call)
			return nil
		}
	}
	g.Aggs, g.aggs, g.Names = append(g.Aggs, agg), append(g.aggs, []*sql.Call{call}), append(g.Names, c.name("$value"))
	return nil
}

// group finds or adds the group of a call.
func (c *overColumns) group(spec logical.OverSpec, same func(*overGroup) bool) *overGroup {
	for _, g := range c.groups {
		if slices.Equal(g.PartitionBy, spec.PartitionBy) && slices.Equal(g.OrderBy, spec.OrderBy) && same(g) {
			return g
		}
	}
	g := &overGroup{OverSpec: spec}
	c.groups = append(c.groups, g)
	return g
}

func (c *overColumns) name(prefix string) string {
	c.count++
	return prefix + itoa(c.count-1)
}

// placeTakes tells how many arguments a function of a row's place takes.
var placeTakes = map[string][2]int{
	"ROW_NUMBER": {0, 0}, "RANK": {0, 0}, "DENSE_RANK": {0, 0}, "CUME_DIST": {0, 0}, "PERCENT_RANK": {0, 0},
	"LAG": {1, 3}, "LEAD": {1, 3}, "NTILE": {1, 1},
}

func isPlaceFunction(name string) bool {
	_, ok := placeTakes[name]
	return ok
}

// addPlace binds a function of a row's place.
func (c *overColumns) addPlace(call *sql.Call, name string, w *sql.WindowSpec, spec logical.OverSpec) error {
	takes := placeTakes[name]
	switch {
	case takes[1] == 0 && len(call.Args) > 0:
		return errs.Userf("%s takes no arguments", name).At(call.Pos())
	case len(call.Args) < takes[0] || len(call.Args) > takes[1]:
		return errs.Userf("%s takes %d to %d arguments, not %d", name, takes[0], takes[1], len(call.Args)).At(call.Pos())
	case w.Frame != nil:
		return errs.Userf("%s takes no frame", name).At(w.Frame.Pos())
	case len(w.OrderBy) == 0:
		return errs.Userf("%s needs an ORDER BY in its OVER clause", name).At(call.Pos())
	case call.Distinct, call.Filter != nil, len(call.WithinGroup) > 0, len(call.OrderBy) > 0:
		return errs.Userf("%s takes no DISTINCT, FILTER or ORDER BY clause", name).At(call.Pos())
	case call.Nulls != sql.NullsUnspecified && name != "LAG" && name != "LEAD":
		return errs.Userf("%s takes no %s", name, call.Nulls).At(call.Pos()).WithHint("it belongs to LAG, LEAD, FIRST_VALUE, LAST_VALUE and ARRAY_AGG")
	}
	place, err := c.placeCall(call, name)
	if err != nil {
		return err
	}
	ranking := name == "ROW_NUMBER"
	g := c.group(spec, func(g *overGroup) bool { return len(g.Places) > 0 && (g.Places[0].Name == "ROW_NUMBER") == ranking })
	for i, other := range g.Places {
		if other.Name == place.Name && other.Value == place.Value && other.Default == place.Default && other.Offset == place.Offset &&
			other.IgnoreNulls == place.IgnoreNulls {
			g.places[i] = append(g.places[i], call)
			return nil
		}
	}
	prefix := "$value"
	if ranking {
		prefix = "$rank"
	}
	g.Places, g.places, g.Names = append(g.Places, place), append(g.places, []*sql.Call{call}), append(g.Names, c.name(prefix))
	return nil
}

// placeCall binds the arguments.
func (c *overColumns) placeCall(call *sql.Call, name string) (rex.PlaceCall, error) {
	place := rex.PlaceCall{Name: name, Value: -1, Default: -1, Type: types.Of(types.BigInt).NotNull()}
	switch name {
	case "CUME_DIST", "PERCENT_RANK":
		place.Type = types.Of(types.Double).NotNull()
	case "NTILE":
		place.Type = types.Of(types.Int).NotNull()
		buckets, err := c.sb.b.count(call.Args[0], "the number of buckets of NTILE")
		if err == nil && buckets == 0 {
			err = errs.Userf("NTILE needs one bucket or more").At(call.Args[0].Pos())
		}
		place.Offset = buckets
		return place, err
	case "LAG", "LEAD":
		return place, c.neighbour(call, name, &place)
	}
	return place, nil
}

// neighbour binds the arguments of LAG and LEAD: the value, the distance, and what
// stands in where there is no such row.
func (c *overColumns) neighbour(call *sql.Call, name string, place *rex.PlaceCall) error {
	x := c.sb.binder("OVER")
	value, err := x.expr(call.Args[0])
	if err != nil {
		return err
	}
	place.Offset, place.IgnoreNulls = 1, call.Nulls == sql.IgnoreNulls && value.Type.Nullable
	if len(call.Args) > 1 {
		if place.Offset, err = c.sb.b.count(call.Args[1], "the distance of "+name); err != nil {
			return err
		}
	}
	place.Type = value.Type.WithNullable(true)
	if len(call.Args) > 2 {
		otherwise, err := x.expr(call.Args[2])
		if err != nil {
			return err
		}
		both, t, err := c.sb.b.common("value and default of "+name, call.Pos(), []rex.Expr{value, otherwise})
		if err != nil {
			return err
		}
		value, place.Type = both[0], t
		place.Default = c.place(both[1])
	}
	place.Value = c.place(value)
	return nil
}

// window resolves the named windows that an OVER clause builds on.
func (sb *selectBinder) window(w *sql.WindowSpec) (*sql.WindowSpec, error) {
	out := *w
	for depth := 0; out.Base != nil; depth++ {
		base := sb.namedWindow(out.Base.Text)
		if base == nil || depth > len(sb.s.Windows) {
			return nil, errs.Userf("there is no window called %s", out.Base.Text).At(out.Base.Pos())
		}
		if len(out.PartitionBy) == 0 {
			out.PartitionBy = base.PartitionBy
		}
		if len(out.OrderBy) == 0 {
			out.OrderBy = base.OrderBy
		}
		if out.Frame == nil {
			out.Frame = base.Frame
		}
		out.Base = base.Base
	}
	return &out, nil
}

func (sb *selectBinder) namedWindow(name string) *sql.WindowSpec {
	for _, w := range sb.s.Windows {
		if w.Name.Text == name {
			return w.Spec
		}
	}
	return nil
}
