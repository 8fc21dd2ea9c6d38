package rules

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
)

// pushFilter moves conditions below the operators they commute with. Operators
// that others read too and that are costly to repeat stop it; event time stops it,
// since watermarks must not depend on a query's conditions.
func pushFilter() Rule {
	return Rule{
		Name: "push_filter", Doc: "move conditions below projections, joins, unions, and aggregates by the columns they look at",
		Apply: func(c *Context, roots []logical.Node) ([]logical.Node, error) {
			parents := logical.Parents(roots)
			return logical.RewriteFrom(roots, func(n, was logical.Node) logical.Node {
				f, ok := n.(*logical.Filter)
				if !ok {
					return n
				}
				p := &pusher{c: c, shared: len(parents[was.Inputs()[0]]) > 1}
				return p.push(f)
			}), nil
		},
	}
}

// pusher pushes one filter below its input.
type pusher struct {
	c      *Context
	shared bool
}

// push splits the filter's terms into those that go below and those that stay.
func (p *pusher) push(f *logical.Filter) logical.Node {
	input := f.Inputs()[0]
	switch input := input.(type) {
	case *logical.Project:
		return p.throughProject(f, input)
	case *logical.Join:
		return p.throughJoin(f, input)
	case *logical.TemporalJoin:
		return p.throughTemporalJoin(f, input)
	}
	if p.shared {
		return f
	}
	if u, ok := input.(*logical.Union); ok {
		return p.throughUnion(f, u)
	}
	below, ok := passes(input)
	if !ok {
		return f
	}
	return p.split(f, input, below)
}

// passes tells which output columns of an operator are columns of its input that
// decide about whole groups of rows: the column below, or -1.
func passes(n logical.Node) (func(int) int, bool) {
	switch n := n.(type) {
	case *logical.Aggregate:
		return keyBelow(n.Keys), true
	case *logical.WindowAggregate:
		return keyBelow(n.Keys), true
	case *logical.Correlate:
		return keyBelow(n.Keep), true
	case *logical.TopN:
		return sameColumn(member(n.PartitionBy)), true
	case *logical.Over:
		return sameColumn(member(n.PartitionBy)), true
	case *logical.Match:
		return func(c int) int {
			if c < len(n.Leading) && member(n.PartitionBy)(n.Leading[c]) {
				return n.Leading[c]
			}
			return -1
		}, true
	case *logical.Dedup:
		return sameColumn(member(n.Keys)), true
	case *logical.WindowTVF:
		if n.Window.Kind == logical.Session {
			return sameColumn(member(n.Window.Partition)), true
		}
		width := len(n.Inputs()[0].Props().Schema)
		return sameColumn(func(c int) bool { return c < width }), true
	}
	return nil, false
}

func keyBelow(keys []int) func(int) int {
	return func(c int) int {
		if c < len(keys) {
			return keys[c]
		}
		return -1
	}
}

func sameColumn(in func(int) bool) func(int) int {
	return func(c int) int {
		if in(c) {
			return c
		}
		return -1
	}
}

// split moves the terms over passing columns below n.
func (p *pusher) split(f *logical.Filter, n logical.Node, below func(int) int) logical.Node {
	input := n.Inputs()[0]
	var down, stay []rex.Expr
	for _, t := range conjuncts(f.Predicate) {
		if onlyUses(t, func(c int) bool { return below(c) >= 0 }) && !p.c.volatile(t) {
			down = append(down, onSchema(t, below, input.Props().Schema))
		} else {
			stay = append(stay, t)
		}
	}
	if len(down) == 0 {
		return f
	}
	return filterBy(n.WithInputs([]logical.Node{filterBy(input, down)}), stay)
}

// throughProject replaces columns by their expressions, unless that would compute
// a large expression twice.
func (p *pusher) throughProject(f *logical.Filter, n *logical.Project) logical.Node {
	var down, stay []rex.Expr
	for _, t := range conjuncts(f.Predicate) {
		moved := substitute(t, n.Exprs)
		if p.c.volatile(moved) || size(moved) > size(t)+substituteMax {
			stay = append(stay, t)
		} else {
			down = append(down, moved)
		}
	}
	if len(down) == 0 {
		return f
	}
	return filterBy(logical.NewProject(filterBy(n.Inputs()[0], down), n.Exprs, n.Names), stay)
}

// substituteMax is by how many nodes a condition may grow on its way down.
const substituteMax = 12

// throughJoin sends terms to the side they look at; those of an inner join that
// look at both become part of the join.
func (p *pusher) throughJoin(f *logical.Filter, n *logical.Join) logical.Node {
	width := len(n.Left().Props().Schema)
	var left, right, both, stay []rex.Expr
	for _, t := range conjuncts(f.Predicate) {
		onLeft := onlyUses(t, func(c int) bool { return c < width })
		onRight := onlyUses(t, func(c int) bool { return c >= width })
		switch {
		case p.c.volatile(t):
			stay = append(stay, t)
		case onLeft && !n.Type.KeepsRight():
			left = append(left, onSchema(t, same, n.Left().Props().Schema))
		case onRight && !n.Type.KeepsLeft():
			right = append(right, onSchema(t, func(c int) int { return c - width }, n.Right().Props().Schema))
		case !onLeft && !onRight && n.Type == logical.Inner && !p.shared:
			both = append(both, t)
		default:
			stay = append(stay, t)
		}
	}
	if p.shared || len(left)+len(right)+len(both) == 0 {
		return f
	}
	spec := n.JoinSpec
	if len(both) > 0 {
		if spec.Condition != nil {
			both = append(conjuncts(*spec.Condition), both...)
		}
		condition := and(both)
		spec.Condition = &condition
	}
	return filterBy(logical.NewJoin(filterBy(n.Left(), left), filterBy(n.Right(), right), spec), stay)
}

// throughTemporalJoin sends terms to the left side, and to what is looked up. Versions
// must not be filtered before the join: in place of one that fails, an older one would
// seem to hold.
func (p *pusher) throughTemporalJoin(f *logical.Filter, n *logical.TemporalJoin) logical.Node {
	width := len(n.Left().Props().Schema)
	var left, right, stay []rex.Expr
	for _, t := range conjuncts(f.Predicate) {
		switch {
		case p.c.volatile(t):
			stay = append(stay, t)
		case onlyUses(t, func(c int) bool { return c < width }):
			left = append(left, onSchema(t, same, n.Left().Props().Schema))
		case n.Mode == logical.ByLookup && !n.KeepsLeft && onlyUses(t, func(c int) bool { return c >= width }):
			right = append(right, onSchema(t, func(c int) int { return c - width }, n.Right().Props().Schema))
		default:
			stay = append(stay, t)
		}
	}
	if p.shared || len(left)+len(right) == 0 {
		return f
	}
	return filterBy(logical.NewTemporalJoin(filterBy(n.Left(), left), filterBy(n.Right(), right), n.TemporalJoinSpec), stay)
}

func same(c int) int { return c }

func (p *pusher) throughUnion(f *logical.Filter, n *logical.Union) logical.Node {
	if p.c.volatile(f.Predicate) {
		return f
	}
	inputs := make([]logical.Node, len(n.Inputs()))
	for i, in := range n.Inputs() {
		inputs[i] = logical.NewFilter(in, onSchema(f.Predicate, same, in.Props().Schema))
	}
	return logical.NewUnion(inputs...)
}
