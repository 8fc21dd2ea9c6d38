package generated

import "slices"

// shrink gives a smaller query and smaller tables for which fails still holds. It
// is greedy: the first smaller variant that fails is gone on with, until none does
// or so many were tried.
func shrink(q *Relation, tables []*Table, tries int, fails func(*Relation, []*Table) bool) (*Relation, []*Table) {
	try := func(q *Relation, tables []*Table) bool {
		tries--
		return tries >= 0 && fails(q, tables)
	}
	for progress := true; progress; {
		progress = false
		for _, smaller := range rootVariants(q) {
			if smaller.size() < q.size() && try(smaller, tables) {
				q, progress = smaller, true
				break
			}
		}
		for _, fewer := range fewerRows(tables) {
			if try(q, fewer) {
				tables, progress = fewer, true
				break
			}
		}
	}
	return q, tables
}

// fewerRows are the tables with a half, a quarter, …, one row of one table left out.
func fewerRows(tables []*Table) [][]*Table {
	var all [][]*Table
	for i, t := range tables {
		for n := len(t.Rows); n > 0; n /= 2 {
			for from := 0; from+n <= len(t.Rows); from += n {
				fewer := *t
				fewer.Rows = slices.Delete(slices.Clone(t.Rows), from, from+n)
				copied := slices.Clone(tables)
				copied[i] = &fewer
				all = append(all, copied)
			}
		}
	}
	return all
}

// rootVariants may have other columns than q.
func rootVariants(q *Relation) []*Relation {
	all := slices.Clone(q.Inputs)
	for _, e := range q.exprs() {
		if e.Query != nil {
			all = append(all, e.Query)
		}
	}
	if q.Kind == Select && len(q.Exprs) > 1 {
		for i := range q.Exprs {
			fewer := *q
			fewer.Exprs = slices.Delete(slices.Clone(q.Exprs), i, i+1)
			fewer.Columns = slices.Delete(slices.Clone(q.Columns), i, i+1)
			all = append(all, &fewer)
		}
	}
	if (q.Kind == Group || q.Kind == Windowed) && len(q.Calls) > 1 && q.Having == nil {
		first := len(q.Columns) - len(q.Calls)
		for i := range q.Calls {
			fewer := *q
			fewer.Calls = slices.Delete(slices.Clone(q.Calls), i, i+1)
			fewer.Columns = slices.Delete(slices.Clone(q.Columns), first+i, first+i+1)
			all = append(all, &fewer)
		}
	}
	if q.Kind == Over && len(q.Overs) > 1 {
		for i := range q.Overs {
			fewer := *q
			fewer.Overs = slices.Delete(slices.Clone(q.Overs), i, i+1)
			at := len(q.Inputs[0].Columns) + i
			fewer.Columns = slices.Delete(slices.Clone(q.Columns), at, at+1)
			all = append(all, &fewer)
		}
	}
	return append(all, variants(q)...)
}

// variants are simpler relations of the same name and columns.
func variants(q *Relation) []*Relation {
	var all []*Relation
	change := func(do func(*Relation)) {
		c := *q
		c.Inputs, c.Exprs, c.Calls = slices.Clone(q.Inputs), slices.Clone(q.Exprs), slices.Clone(q.Calls)
		do(&c)
		all = append(all, &c)
	}
	for i, in := range q.Inputs {
		if q.Kind != Join && slices.Equal(in.Columns, q.Columns) && in.Kind != Scan {
			all = append(all, renamed(in, q.Name))
		}
		for _, v := range variants(in) {
			change(func(c *Relation) { c.Inputs[i] = v })
		}
	}
	if q.Where != nil {
		change(func(c *Relation) { c.Where = nil })
		for _, v := range exprVariants(q.Where) {
			change(func(c *Relation) { c.Where = v })
		}
	}
	if q.Having != nil {
		change(func(c *Relation) { c.Having = nil })
	}
	if q.On != nil {
		for _, v := range exprVariants(q.On) {
			change(func(c *Relation) { c.On = v })
		}
	}
	if q.Kind == Select {
		for i, e := range q.Exprs {
			for _, v := range exprVariants(e) {
				change(func(c *Relation) { c.Exprs[i] = v })
			}
		}
	}
	return append(all, callVariants(q, change)...)
}

func callVariants(q *Relation, change func(func(*Relation))) []*Relation {
	for i, call := range q.Calls {
		if call.Filter != nil {
			change(func(c *Relation) { c.Calls[i].Filter = nil })
		}
		if call.Arg == nil {
			continue
		}
		for _, v := range exprVariants(call.Arg) {
			change(func(c *Relation) { c.Calls[i].Arg = v })
		}
	}
	return nil
}

// exprVariants are simpler expressions of the same type.
func exprVariants(e *Expr) []*Expr {
	var all []*Expr
	if e.Op == nil {
		return nil
	}
	for i, a := range e.Args {
		if a.Type == e.Type {
			all = append(all, a)
		}
		for _, v := range exprVariants(a) {
			c := *e
			c.Args = slices.Clone(e.Args)
			c.Args[i] = v
			all = append(all, &c)
		}
	}
	if e.Query != nil {
		for _, v := range variants(e.Query) {
			c := *e
			c.Query = v
			all = append(all, &c)
		}
	}
	return append(all, &Expr{Type: e.Type})
}
