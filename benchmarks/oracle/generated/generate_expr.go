package generated

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
	if t == Bool && queryDepth > 0 && g.chance(12) {
		return g.subQueryPredicate(s, queryDepth)
	}
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
