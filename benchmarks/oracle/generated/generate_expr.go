package generated

import "slices"

// someType picks a type, preferring those of a relation's columns.
func (g *generator) someType(in *Relation) Type {
	if g.chance(75) {
		if t := in.Columns[g.random.IntN(len(in.Columns))]; t != Mean {
			return t
		}
	}
	return Computable[g.random.IntN(len(Computable))]
}

// column picks a column of a scope, of type want unless that is nil or there is
// none; nil only for a type that no column has.
func (g *generator) column(s scope, want *Type) *Expr {
	var found []*Expr
	for _, r := range s {
		for i, t := range r.Columns {
			if want == nil || t == *want {
				found = append(found, &Expr{Type: t, IsColumn: true, Input: r.Name, Column: i})
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found[g.random.IntN(len(found))]
}

// expr makes an expression of a type with at most depth levels of operations, and
// with scalar sub-queries of at most queryDepth levels.
func (g *generator) expr(s scope, t Type, depth, queryDepth int) *Expr {
	if depth > 0 && g.chance(60) {
		if queryDepth > 0 && g.chance(15) {
			if e := g.scalarQuery(s, t, queryDepth-1); e != nil {
				return e
			}
		}
		ops := operations[t]
		op := ops[g.random.IntN(len(ops))]
		e := &Expr{Type: t, Op: op}
		for _, arg := range op.Args {
			e.Args = append(e.Args, g.expr(s, arg, depth-1, 0))
		}
		return e
	}
	if g.chance(80) {
		if c := g.column(s, &t); c != nil {
			return c
		}
	}
	return g.constant(t)
}

func (g *generator) constant(t Type) *Expr {
	e := &Expr{Type: t}
	if !g.chance(8) {
		e.Value = randomValue(g.random, t)
	}
	return e
}

// scalarQuery makes a sub-query of one value: an aggregate, now and then
// correlated by an equality.
func (g *generator) scalarQuery(s scope, t Type, depth int) *Expr {
	var fitting []Aggregate
	for _, a := range aggregates {
		if a.Result == t {
			fitting = append(fitting, a)
		}
	}
	if len(fitting) == 0 {
		return nil
	}
	in := g.relation(depth)
	r := &Relation{Kind: Group, Name: g.name(), Inputs: []*Relation{in}, Columns: []Type{t}}
	c := Call{Aggregate: fitting[g.random.IntN(len(fitting))]}
	if !c.Aggregate.Star {
		c.Arg = g.expr(scope{in}, c.Aggregate.Arg, 1, 0)
	}
	r.Calls = []Call{c}
	if g.chance(50) {
		r.Where = g.equality(s[0], in)
	}
	return &Expr{Type: t, Op: &Operation{Result: t, Ours: "(%s)", SQLite: "(%s)"}, Query: r}
}

// subQueryPredicate makes IN or EXISTS, or their opposites.
func (g *generator) subQueryPredicate(s scope, depth int) *Expr {
	in := g.relation(depth - 1)
	if g.chance(50) {
		r := &Relation{Kind: Select, Name: g.name(), Inputs: []*Relation{in}, Columns: in.Columns}
		r.Exprs = renamed(in, "").Exprs
		r.Where = g.equality(s[0], in)
		word := []string{"EXISTS (%s)", "NOT EXISTS (%s)"}[g.random.IntN(2)]
		return &Expr{Type: Bool, Op: &Operation{Result: Bool, Ours: word, SQLite: word}, Query: r}
	}
	column := g.column(scope{in}, nil)
	if column.Type == Mean || !slices.Contains(Computable, column.Type) {
		return g.expr(s, Bool, 1, 0)
	}
	r := &Relation{Kind: Select, Name: g.name(), Inputs: []*Relation{in}, Columns: []Type{column.Type}, Exprs: []*Expr{column}}
	if g.chance(40) {
		r.Where = g.expr(scope{in}, Bool, 1, 0)
	}
	word := []string{"(%s IN (%s))", "(%s NOT IN (%s))"}[g.random.IntN(2)]
	e := &Expr{Type: Bool, Op: &Operation{Result: Bool, Args: []Type{column.Type}, Ours: word, SQLite: word}, Query: r}
	e.Args = []*Expr{g.expr(s, column.Type, 1, 0)}
	if g.chance(25) {
		other := g.expr(s, Bool, 1, 0)
		or := &Operation{Bool, []Type{Bool, Bool}, "(%s OR %s)", "(%s OR %s)"}
		return &Expr{Type: Bool, Op: or, Args: []*Expr{other, e}}
	}
	return e
}
