package physical

import (
	"slices"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/planner/plan"
)

// chain is a left-deep chain of joins that have one key: a run of inner and left joins,
// with nothing but a choice of columns in between. One operator can then join all inputs
// at once. It keeps the inputs' rows alone, where a chain of operators keeps all that the
// joins before the last give, too.
type chain struct {
	inputs []logical.Node
	parts  []plan.JoinPart
	// columns are the columns that the chain's rows have.
	columns []plan.PartColumn
}

// multiJoin builds a chain that ends in n; ok is false when there is none of three inputs
// or more.
func (b *builder) multiJoin(n *logical.Join) (id plan.NodeID, ok bool, err error) {
	if !b.opts.MultiJoin || n.Condition != nil && n.Type != logical.Inner {
		return 0, false, nil
	}
	c := b.chainOf(n)
	if c == nil || len(c.inputs) < 3 {
		return 0, false, nil
	}
	node := plan.Node{Kind: plan.KindMultiJoin, MultiJoin: &plan.MultiJoin{Parts: c.parts, Columns: c.columns}}
	for i, in := range c.inputs {
		from, err := b.build(in)
		if err != nil {
			return 0, false, err
		}
		node.Inputs = append(node.Inputs, b.hash(from, c.parts[i].Keys))
	}
	s := c.spread()
	id = b.add(n, node, s)
	if n.Condition == nil {
		return id, true, nil
	}
	// A condition of the last join passes each of its rows or not.
	calc := plan.Node{Kind: plan.KindCalc, Inputs: []plan.Input{{Node: id}}, Calc: &plan.Calc{Filter: n.Condition}}
	return b.add(n, calc, filtered(s, n.Condition)), true, nil
}

// chainOf is the chain that ends in a join, whatever its condition; nil when it can't be
// part of one.
func (b *builder) chainOf(n *logical.Join) *chain {
	if n.Type != logical.Inner && n.Type != logical.Left || len(n.LeftKeys) == 0 || slices.Contains(n.NullEqual, true) {
		return nil
	}
	if n.Interval() != nil || b.ttl(n.LeftTTL) != 0 || b.ttl(n.RightTTL) != 0 {
		return nil // with a TTL each join renews what it keeps
	}
	if c := b.chainBelow(n.Left()); c != nil && c.extend(n) {
		return c
	}
	c := &chain{inputs: []logical.Node{n.Left()}, parts: []plan.JoinPart{{}}, columns: partColumns(0, n.Left())}
	if !c.extend(n) {
		return nil
	}
	return c
}

// chainBelow is the chain that a join's left input ends, if nobody else reads its rows.
func (b *builder) chainBelow(n logical.Node) *chain {
	if len(b.parents[n]) != 1 {
		return nil
	}
	switch n := n.(type) {
	case *logical.Project:
		below := b.chainBelow(n.Inputs()[0])
		if below == nil {
			return nil
		}
		var columns []plan.PartColumn
		for _, e := range n.Exprs {
			if e.Kind != rex.Input {
				return nil
			}
			columns = append(columns, below.columns[e.Index])
		}
		below.columns = columns
		return below
	case *logical.Join:
		if n.Condition != nil {
			return nil
		}
		return b.chainOf(n)
	}
	return nil
}

// partColumns are all columns of an input.
func partColumns(part int, n logical.Node) []plan.PartColumn {
	var out []plan.PartColumn
	for i := range n.Props().Schema {
		out = append(out, plan.PartColumn{Part: part, Column: i})
	}
	return out
}

// extend adds the right input of a join, and reports whether the chain's key is the
// join's: of each part of it one column on the left, and there is nothing else.
func (c *chain) extend(n *logical.Join) bool {
	next := plan.JoinPart{Left: n.Type == logical.Left}
	if len(c.inputs) == 1 {
		for _, k := range n.LeftKeys {
			c.parts[0].Keys = append(c.parts[0].Keys, c.columns[k].Column)
		}
	}
	next.Keys = make([]int, len(c.parts[0].Keys))
	found := make([]bool, len(next.Keys))
	for i, k := range n.LeftKeys {
		column := c.columns[k]
		at := slices.Index(c.parts[column.Part].Keys, column.Column)
		if at < 0 || found[at] || slices.Contains(c.parts[column.Part].Keys[at+1:], column.Column) {
			return false
		}
		next.Keys[at], found[at] = n.RightKeys[i], true
		if c.parts[column.Part].Left && !slices.Contains(next.Beside, column.Part) {
			next.Beside = append(next.Beside, column.Part)
		}
	}
	if slices.Contains(found, false) {
		return false
	}
	part := len(c.inputs)
	c.inputs, c.parts = append(c.inputs, n.Right()), append(c.parts, next)
	c.columns = append(c.columns[:len(c.columns):len(c.columns)], partColumns(part, n.Right())...)
	return true
}

// spread is how the rows lie: by the key of each input that can't be missing.
func (c *chain) spread() spread {
	var s spread
	for i, p := range c.parts {
		if p.Left {
			continue
		}
		keys := make([]int, len(p.Keys))
		for k, column := range p.Keys {
			keys[k] = slices.Index(c.columns, plan.PartColumn{Part: i, Column: column})
		}
		if !slices.Contains(keys, -1) {
			s.hashed, s.ordered = append(s.hashed, keys), append(s.ordered, keys)
		}
	}
	return s
}
