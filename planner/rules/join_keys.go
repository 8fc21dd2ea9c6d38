package rules

import (
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// joinKeys makes equalities between the two sides of a join its keys; sides that
// are expressions are computed below the join.
func joinKeys() Rule {
	return perNode("join_keys", "make equalities between the sides of a join its keys", func(c *Context, n logical.Node) logical.Node {
		j, ok := n.(*logical.Join)
		if !ok || j.Condition == nil {
			return n
		}
		x := &keyExtraction{join: j, width: len(j.Left().Props().Schema)}
		var stay []rex.Expr
		for _, t := range conjuncts(*j.Condition) {
			l, r, ok := x.sides(t)
			if !ok || c.volatile(t) {
				stay = append(stay, t)
				continue
			}
			x.left, x.right, x.nulls = append(x.left, l), append(x.right, r), append(x.nulls, t.Name != "=")
		}
		if len(x.left) == 0 {
			return n
		}
		return x.build(stay)
	})
}

// keyExtraction collects the two sides of equalities.
type keyExtraction struct {
	join  *logical.Join
	width int
	left  []rex.Expr
	right []rex.Expr
	// nulls tells of which NULL equals NULL.
	nulls []bool
}

// sides reads an equality of a left and a right expression of one type. Joins of rows
// near in time have no keys in which NULL equals NULL.
func (x *keyExtraction) sides(t rex.Expr) (l, r rex.Expr, ok bool) {
	if t.Kind != rex.Call || t.Name != "=" && (t.Name != "IS NOT DISTINCT FROM" || x.join.Interval() != nil) || !t.Args[0].Type.Same(t.Args[1].Type) {
		return l, r, false
	}
	onLeft := func(c int) bool { return c < x.width }
	onRight := func(c int) bool { return c >= x.width }
	l, r = t.Args[0], t.Args[1]
	if onlyUses(l, onRight) && onlyUses(r, onLeft) {
		l, r = r, l
	}
	if !onlyUses(l, onLeft) || !onlyUses(r, onRight) {
		return l, r, false
	}
	return l, onSchema(r, func(c int) int { return c - x.width }, x.join.Right().Props().Schema), true
}

// build makes the join by keys, and drops the columns that only served as keys.
func (x *keyExtraction) build(stay []rex.Expr) logical.Node {
	spec := x.join.JoinSpec
	left, leftKeys := withColumns(x.join.Left(), x.left)
	right, rightKeys := withColumns(x.join.Right(), x.right)
	spec.LeftKeys = append(spec.LeftKeys[:len(spec.LeftKeys):len(spec.LeftKeys)], leftKeys...)
	spec.RightKeys = append(spec.RightKeys[:len(spec.RightKeys):len(spec.RightKeys)], rightKeys...)
	spec.NullEqual = x.nullEqual()
	leftWidth, rightWidth := len(left.Props().Schema), len(x.join.Right().Props().Schema)
	move := func(c int) int {
		if c >= x.width {
			return c - x.width + leftWidth
		}
		return c
	}
	spec.Condition = nil
	both := append(left.Props().Schema[:leftWidth:leftWidth], right.Props().Schema...)
	if len(stay) > 0 {
		condition := onSchema(and(stay), move, both)
		spec.Condition = &condition
	}
	out := logical.NewJoin(left, right, spec)
	keep := logical.Range(0, x.width)
	if spec.Type == logical.Mark {
		keep = append(keep, leftWidth)
	}
	if !spec.Type.LeftOnly() {
		keep = append(keep, logical.Range(leftWidth, leftWidth+rightWidth)...)
	}
	return logical.Narrow(out, keep)
}

// nullEqual are the flags of the join's keys, old and new ones.
func (x *keyExtraction) nullEqual() []bool {
	if x.join.NullEqual == nil && !slices.Contains(x.nulls, true) {
		return nil
	}
	out := make([]bool, len(x.join.LeftKeys), len(x.join.LeftKeys)+len(x.nulls))
	copy(out, x.join.NullEqual)
	return append(out, x.nulls...)
}

// withColumns finds the columns that hold the expressions, and computes those that
// no column holds in further columns.
func withColumns(n logical.Node, exprs []rex.Expr) (logical.Node, []int) {
	schema := n.Props().Schema
	all, names := logical.AllCols(schema), schema.Names()
	var columns []int
	for _, e := range exprs {
		if e.Kind == rex.Input {
			columns = append(columns, e.Index)
			continue
		}
		found := -1
		for i := len(schema); i < len(all); i++ {
			if all[i].Equal(e) {
				found = i
			}
		}
		if found < 0 {
			found = len(all)
			all, names = append(all, e), append(names, "$key")
		}
		columns = append(columns, found)
	}
	if len(all) == len(schema) {
		return n, columns
	}
	return logical.NewProject(n, all, names), columns
}
