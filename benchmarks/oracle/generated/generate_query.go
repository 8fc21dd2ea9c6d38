package generated

import "slices"

// scalarQuery makes a sub-query of one value: an aggregate, now and then one that
// reads the query around.
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
		if more := g.expr(append(scope{in}, s...), c.Aggregate.Arg, 1, 0); more.reads(in.Name) {
			// An aggregate of outer columns alone is the outer query's in SQLite.
			c.Arg = more
		}
	}
	r.Calls = []Call{c}
	if g.chance(70) {
		r.Where = g.correlation(s, in, depth)
	}
	return &Expr{Type: t, Op: &Operation{Result: t, Ours: "(%s)", SQLite: "(%s)"}, Query: r}
}

// correlation is a condition on a sub-query's rows that may read all relations in
// scope: equalities, other comparisons, and further sub-queries.
func (g *generator) correlation(s scope, in *Relation, depth int) *Expr {
	outer := s[g.random.IntN(len(s))]
	where := g.equality(outer, in)
	all := append(scope{in}, s...)
	switch n := g.random.IntN(100); {
	case where == nil || n < 15:
		where = g.expr(all, Bool, 2, 0)
	case n < 40:
		where = and(where, g.expr(scope{in, outer}, Bool, 1, 0))
	case n < 55 && depth > 0:
		where = and(where, g.subQueryPredicate(all, depth))
	}
	return where
}

// subQueryPredicate makes EXISTS, IN, or a comparison with ANY or ALL, perhaps
// negated or as one of several alternatives.
func (g *generator) subQueryPredicate(s scope, depth int) *Expr {
	e := g.plainSubQueryPredicate(s, depth)
	switch n := g.random.IntN(100); {
	case n < 15:
		or := &Operation{Bool, []Type{Bool, Bool}, "(%s OR %s)", "(%s OR %s)"}
		return &Expr{Type: Bool, Op: or, Args: []*Expr{g.expr(s, Bool, 1, 0), e}}
	case n < 25:
		return &Expr{Type: Bool, Op: &Operation{Bool, []Type{Bool}, "(NOT %s)", "(NOT %s)"}, Args: []*Expr{e}}
	case n < 35:
		null := &Operation{Bool, []Type{Bool}, "(%s IS UNKNOWN)", "(%s IS NULL)"}
		return &Expr{Type: Bool, Op: null, Args: []*Expr{e}}
	}
	return e
}

func (g *generator) plainSubQueryPredicate(s scope, depth int) *Expr {
	in := g.relation(depth - 1)
	if g.chance(40) {
		r := &Relation{Kind: Select, Name: g.name(), Inputs: []*Relation{in}, Columns: in.Columns}
		r.Exprs = renamed(in, "").Exprs
		r.Where = g.correlation(s, in, depth-1)
		word := []string{"EXISTS (%s)", "NOT EXISTS (%s)"}[g.random.IntN(2)]
		return &Expr{Type: Bool, Op: &Operation{Result: Bool, Ours: word, SQLite: word}, Query: r}
	}
	r := &Relation{Kind: Select, Name: g.name(), Inputs: []*Relation{in}}
	for range 1 + g.random.IntN(2)*g.random.IntN(2) {
		column := g.column(scope{in}, nil)
		if column.Type == Mean || !slices.Contains(Computable, column.Type) {
			return g.expr(s, Bool, 1, 0)
		}
		r.Columns, r.Exprs = append(r.Columns, column.Type), append(r.Exprs, column)
	}
	switch n := g.random.IntN(100); {
	case n < 30:
		r.Where = g.expr(scope{in}, Bool, 1, 0)
	case n < 70:
		r.Where = g.correlation(s, in, depth-1)
	}
	e := &Expr{Type: Bool, Op: g.membership(r.Columns), Query: r}
	for _, t := range r.Columns {
		e.Args = append(e.Args, g.expr(s, t, 1, 0))
	}
	return e
}

// membership is IN, NOT IN, or a comparison with ANY or ALL of a value or of a row of two.
// SQLite gets ANY and ALL as what they mean: whether there is a row that decides, or one
// that leaves it open.
func (g *generator) membership(types []Type) *Operation {
	x, z, query := "%[1]s", "z.c0", "(%[2]s)"
	if len(types) == 2 {
		x, z, query = "(%[1]s, %[2]s)", "(z.c0, z.c1)", "(%[3]s)"
	}
	if g.chance(50) {
		word := "(" + x + []string{" IN ", " NOT IN "}[g.random.IntN(2)] + query + ")"
		return &Operation{Result: Bool, Args: types, Ours: word, SQLite: word}
	}
	ops := []string{"=", "<>", "<", "<=", ">", ">="}
	if slices.Contains(types, Bool) {
		ops = ops[:2]
	}
	op := ops[g.random.IntN(len(ops))]
	with := "(SELECT 1 FROM " + query + " AS z WHERE "
	compared := "(" + x + " " + op + " " + z + ")"
	out := &Operation{Result: Bool, Args: types, Ours: "(" + x + " " + op + " ANY " + query + ")"}
	decided, otherwise := compared, "FALSE"
	if g.chance(50) {
		out.Ours, decided, otherwise = "("+x+" "+op+" ALL "+query+")", "NOT "+compared, "TRUE"
	}
	then := map[string]string{"FALSE": "TRUE", "TRUE": "FALSE"}[otherwise]
	out.SQLite = "(CASE WHEN EXISTS " + with + decided + ") THEN " + then + " WHEN EXISTS " + with + compared + " IS NULL) THEN NULL ELSE " + otherwise + " END)"
	return out
}
