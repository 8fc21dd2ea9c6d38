package bind

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// groupingSetsMax bounds the number of sets that one GROUP BY may stand for.
const groupingSetsMax = 64

// groupingSets binds a GROUP BY with GROUPING SETS, CUBE or ROLLUP: the sets of
// its elements multiply.
func (a *aggregation) groupingSets() error {
	sets := [][]int{{}}
	for _, e := range a.sb.s.GroupBy {
		if call, ok := e.(*sql.Call); ok && isGroupWindow(call) {
			if err := a.groupWindow(call); err != nil {
				return err
			}
			continue
		}
		element, err := a.elementSets(e)
		if err != nil {
			return err
		}
		var product [][]int
		for _, s := range sets {
			for _, t := range element {
				product = append(product, mergeSets(s, t))
			}
		}
		if len(product) > groupingSetsMax {
			return unsupported(e, "more than %d grouping sets", groupingSetsMax)
		}
		sets = product
	}
	if g := a.window; g != nil {
		for i, s := range sets {
			sets[i] = mergeSets(s, logical.Range(g.first, g.first+3))
		}
	}
	a.sets = sets
	return nil
}

func mergeSets(a, b []int) []int {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

// elementSets are the sets that one element of GROUP BY stands for.
func (a *aggregation) elementSets(e sql.Expr) ([][]int, error) {
	g, ok := e.(*sql.GroupingSets)
	if !ok {
		set, err := a.setOf(e)
		return [][]int{set}, err
	}
	if g.Kind == sql.GroupingSetsOf {
		var out [][]int
		for _, item := range g.Elements {
			sets, err := a.elementSets(item)
			if err != nil {
				return nil, err
			}
			out = append(out, sets...)
		}
		return out, nil
	}
	var parts [][]int
	for _, item := range g.Elements {
		set, err := a.setOf(item)
		if err != nil {
			return nil, err
		}
		parts = append(parts, set)
	}
	if g.Kind == sql.Rollup {
		return rollup(parts), nil
	}
	if len(parts) > 6 {
		return nil, unsupported(g, "CUBE of more than 6 columns")
	}
	return cube(parts), nil
}

func rollup(parts [][]int) [][]int {
	out := [][]int{{}}
	for _, p := range parts {
		out = append(out, mergeSets(out[len(out)-1], p))
	}
	slices.Reverse(out)
	return out
}

func cube(parts [][]int) [][]int {
	out := [][]int{{}}
	for _, p := range parts {
		for _, s := range slices.Clone(out) {
			out = append(out, mergeSets(s, p))
		}
	}
	slices.Reverse(out)
	return out
}

// setOf binds an expression or a parenthesised list.
func (a *aggregation) setOf(e sql.Expr) ([]int, error) {
	items := []sql.Expr{e}
	if row, ok := e.(*sql.Row); ok && !row.Explicit {
		items = row.Items
	}
	if nested, ok := e.(*sql.GroupingSets); ok {
		return nil, errs.Userf("%s can't stand inside CUBE or ROLLUP", nested.Kind).At(e.Pos())
	}
	set := []int{}
	for _, item := range items {
		i, err := a.key(item)
		if err != nil {
			return nil, err
		}
		set = append(set, i)
	}
	return mergeSets(set, nil), nil
}

// expand gives each row once per set, with the keys outside the set NULL and the
// set's number in a last key column; it returns the keys to group by.
func (a *aggregation) expand(node logical.Node) (logical.Node, []int) {
	schema := node.Props().Schema
	var branches []logical.Node
	for id, set := range a.sets {
		exprs := logical.AllCols(schema)
		for k := range a.keys {
			t := schema[k].Type.WithNullable(true)
			if !slices.Contains(set, k) {
				exprs[k] = rex.NullOf(t)
			}
		}
		exprs = append(exprs, rex.BigInt(int64(id)))
		branches = append(branches, logical.NewProject(node, exprs, append(schema.Names(), logical.GroupingSet)))
	}
	keys := append(logical.Range(0, len(a.keys)), len(schema))
	return logical.NewUnion(branches...), keys
}

// groupingFunctions binds GROUPING, GROUPING_ID and GROUP_ID.
func (a *aggregation) groupingFunctions() error {
	sb := a.sb
	var failed error
	sb.eachCall(func(c *sql.Call) bool {
		switch functionName(c) {
		case "GROUPING", "GROUPING_ID", "GROUP_ID":
			bound, err := a.groupingCall(c)
			if err != nil && failed == nil {
				failed = err
			}
			sb.computed[c] = bound
			return false
		}
		return true
	})
	return failed
}

// groupingCall is a CASE over the set's number: a bit per argument, 1 when the
// row's set leaves it out.
func (a *aggregation) groupingCall(c *sql.Call) (rex.Expr, error) {
	var keys []int
	for _, arg := range c.Args {
		x := &exprBinder{b: a.sb.b, scope: a.sb.scope, clause: "GROUPING"}
		bound, err := x.expr(arg)
		if err != nil {
			return bound, err
		}
		i := slices.IndexFunc(a.keys, bound.Equal)
		if i < 0 {
			return bound, errs.Userf("the argument of %s must be grouped by", functionName(c)).At(arg.Pos())
		}
		keys = append(keys, i)
	}
	if a.sets == nil {
		return rex.BigInt(0), nil
	}
	id := rex.Col(len(a.keys), types.Of(types.BigInt).NotNull())
	out := rex.Expr{Kind: rex.Case, Type: types.Of(types.BigInt).NotNull()}
	for n, set := range a.sets {
		condition, err := a.sb.b.callOf("=", c.Pos(), id, rex.BigInt(int64(n)))
		if err != nil {
			return condition, err
		}
		bits := int64(0)
		for _, k := range keys {
			bits <<= 1
			if !slices.Contains(set, k) {
				bits |= 1
			}
		}
		out.Args = append(out.Args, condition, rex.BigInt(bits))
	}
	out.Args = append(out.Args, rex.BigInt(0))
	return out, nil
}
