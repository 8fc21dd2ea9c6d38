package rules

import (
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// connectJoins changes the order of inner joins where, as written, one has no equality
// between its sides though the relation could be joined later by one: `FROM a, b, c
// WHERE a.x = c.x AND b.y = c.y`. Pairs of all rows, in one task, are then not made.
// Otherwise joins stay in their order, as in Flink.
func connectJoins() Rule {
	return Rule{
		Name: "connect_joins", Doc: "join relations in an order in which equalities connect them",
		Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
			parents := logical.Parents(roots)
			return logical.RewriteFrom(roots, func(n, was logical.Node) logical.Node {
				if above := parents[was]; isPlainJoin(was) && len(above) == 1 && (isPlainJoin(above[0]) || isFilter(above[0])) {
					return n // seen from above
				}
				return c.connect(n, was, parents)
			}), nil
		},
	}
}

func isFilter(n logical.Node) bool {
	_, ok := n.(*logical.Filter)
	return ok
}

// isPlainJoin reports an inner join whose place in the order means nothing.
func isPlainJoin(n logical.Node) bool {
	j, ok := n.(*logical.Join)
	return ok && j.Type == logical.Inner && j.Interval() == nil && len(j.LeftKeys) == 0 && j.LeftTTL == nil && j.RightTTL == nil
}

// connect orders the joins that n, perhaps a filter on them, stands for.
func (c *Context) connect(n, was logical.Node, parents map[logical.Node][]logical.Node) logical.Node {
	g := &joinGraph{}
	top, topWas := n, was
	if f, ok := n.(*logical.Filter); ok {
		g.terms = conjuncts(f.Predicate)
		top, topWas = f.Inputs()[0], was.Inputs()[0]
		if len(parents[topWas]) > 1 {
			return n
		}
	}
	if !isPlainJoin(top) || !isPlainJoin(topWas) {
		return n
	}
	g.add(top, topWas, 0, parents)
	if len(g.leaves) < 3 || c.anyVolatile(g.terms) {
		return n
	}
	order := g.order()
	if g.crosses(order) >= g.crosses(logical.Range(0, len(g.leaves))) {
		return n
	}
	return g.build(top.(*logical.Join), order)
}

// joinGraph are the relations of nested inner joins, and all their conditions.
type joinGraph struct {
	leaves []logical.Node
	// first is the number of each leaf's first column among all.
	first []int
	terms []rex.Expr
}

// add takes a join apart; its columns begin at number at.
func (g *joinGraph) add(n, was logical.Node, at int, parents map[logical.Node][]logical.Node) {
	j, ok := n.(*logical.Join)
	if !ok || !isPlainJoin(n) || !isPlainJoin(was) || len(parents[was]) > 1 {
		g.leaves, g.first = append(g.leaves, n), append(g.first, at)
		return
	}
	if j.Condition != nil {
		for _, t := range conjuncts(*j.Condition) {
			g.terms = append(g.terms, t.Map(func(x rex.Expr) rex.Expr {
				if x.Kind == rex.Input {
					x.Index += at
				}
				return x
			}))
		}
	}
	g.add(j.Left(), was.Inputs()[0], at, parents)
	g.add(j.Right(), was.Inputs()[1], at+len(j.Left().Props().Schema), parents)
}

// of are the leaves that an expression reads.
func (g *joinGraph) of(e rex.Expr) map[int]bool {
	out := map[int]bool{}
	for c := range e.Inputs() {
		i, found := slices.BinarySearch(g.first, c)
		if !found {
			i--
		}
		out[i] = true
	}
	return out
}

// connected reports whether an equality joins leaf i with some of placed.
func (g *joinGraph) connected(i int, placed map[int]bool) bool {
	return slices.ContainsFunc(g.terms, func(t rex.Expr) bool {
		if t.Kind != rex.Call || t.Name != "=" && t.Name != "IS NOT DISTINCT FROM" {
			return false
		}
		l, r := g.of(t.Args[0]), g.of(t.Args[1])
		return only(l, i) && within(r, placed) || only(r, i) && within(l, placed)
	})
}

func only(set map[int]bool, i int) bool { return len(set) == 1 && set[i] }

// within reports whether a set that isn't empty lies in another.
func within(set, in map[int]bool) bool {
	for i := range set {
		if !in[i] {
			return false
		}
	}
	return len(set) > 0
}

// order is that of the leaves in which each next one is the first as written that an
// equality connects, if there is any.
func (g *joinGraph) order() []int {
	out, placed := []int{0}, map[int]bool{0: true}
	for len(out) < len(g.leaves) {
		next := -1
		for i := range g.leaves {
			if !placed[i] && (next < 0 || g.connected(i, placed)) {
				next = i
				if g.connected(i, placed) {
					break
				}
			}
		}
		out, placed[next] = append(out, next), true
	}
	return out
}

// crosses counts the joins of an order that no equality connects.
func (g *joinGraph) crosses(order []int) int {
	n, placed := 0, map[int]bool{order[0]: true}
	for _, i := range order[1:] {
		if !g.connected(i, placed) {
			n++
		}
		placed[i] = true
	}
	return n
}

// decided takes the conditions on several leaves that are all placed, with columns
// where they are then, and marks them as done.
func (g *joinGraph) decided(placed map[int]bool, done []bool, place []int) []rex.Expr {
	var out []rex.Expr
	for k, t := range g.terms {
		if of := g.of(t); done[k] || len(of) < 2 || !within(of, placed) {
			continue
		}
		done[k] = true
		out = append(out, t.Map(func(x rex.Expr) rex.Expr {
			if x.Kind == rex.Input {
				x.Index = place[x.Index]
			}
			return x
		}))
	}
	return out
}

// build joins the leaves in an order, each with the conditions that can be decided
// then, and puts the columns back in theirs.
func (g *joinGraph) build(top *logical.Join, order []int) logical.Node {
	place := make([]int, len(top.Props().Schema))
	var node logical.Node
	placed, done := map[int]bool{}, make([]bool, len(g.terms))
	for _, i := range order {
		width := 0
		if node != nil {
			width = len(node.Props().Schema)
		}
		for c := range g.leaves[i].Props().Schema {
			place[g.first[i]+c] = width + c
		}
		placed[i] = true
		if node == nil {
			node = g.leaves[i]
			continue
		}
		spec := logical.JoinSpec{Type: logical.Inner, Span: top.Span}
		if now := g.decided(placed, done, place); len(now) > 0 {
			condition := and(now)
			spec.Condition = &condition
		}
		node = logical.NewJoin(node, g.leaves[i], spec)
	}
	var rest []rex.Expr
	for k, t := range g.terms {
		if !done[k] {
			rest = append(rest, t)
		}
	}
	return filterBy(logical.NewProject(node, logical.Cols(node.Props().Schema, place), top.Props().Schema.Names()), rest)
}
