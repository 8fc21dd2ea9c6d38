package sql

import "strconv"

// alias writes AS name (columns) unless a is nil.
func (f *formatter) alias(a *Alias) {
	if a == nil {
		return
	}
	f.words(" AS ")
	f.ident(a.Name)
	if a.Columns != nil {
		f.words(" ")
		f.idents(a.Columns)
	}
}

// tableRef writes an element of FROM.
func (f *formatter) tableRef(t TableRef) {
	switch t := t.(type) {
	case *NamedTable:
		f.name(t.Name)
		f.hints(t.Hints)
		if t.AsOf != nil {
			f.words(" FOR SYSTEM_TIME AS OF ")
			f.expr(t.AsOf, 0)
		}
		f.alias(t.Alias)
	case *DerivedTable:
		f.wordIf(t.Lateral, "LATERAL ")
		f.words("(")
		f.query(t.Query)
		f.words(")")
		f.alias(t.Alias)
	case *TableFunction:
		f.wordIf(t.Lateral, "LATERAL ")
		f.words("TABLE(")
		f.call(t.Call)
		f.words(")")
		f.alias(t.Alias)
	case *Unnest:
		f.words("UNNEST")
		f.parens(t.Args)
		f.wordIf(t.WithOrdinality, " WITH ORDINALITY")
		f.alias(t.Alias)
	case *Join:
		f.join(t)
	case *MatchRecognize:
		f.match(t)
	}
}

func (f *formatter) join(j *Join) {
	f.tableRef(j.Left)
	f.words(" ")
	f.wordIf(j.Natural, "NATURAL ")
	f.words(j.Kind.String(), " ")
	_, nested := j.Right.(*Join)
	f.wordIf(nested, "(")
	f.tableRef(j.Right)
	f.wordIf(nested, ")")
	if j.On != nil {
		f.words(" ON ")
		f.expr(j.On, 0)
	}
	if j.Using != nil {
		f.words(" USING ")
		f.idents(j.Using)
	}
}

func (f *formatter) match(m *MatchRecognize) {
	f.tableRef(m.Input)
	separator := " MATCH_RECOGNIZE ("
	part := func(word string) {
		f.words(separator, word)
		separator = " "
	}
	if len(m.PartitionBy) > 0 {
		part("PARTITION BY ")
		f.exprs(m.PartitionBy)
	}
	if len(m.OrderBy) > 0 {
		part("ORDER BY ")
		f.orderItems(m.OrderBy)
	}
	if len(m.Measures) > 0 {
		part("MEASURES ")
		f.each(len(m.Measures), ", ", func(i int) {
			f.expr(m.Measures[i].Expr, 0)
			f.words(" AS ")
			f.ident(m.Measures[i].Name)
		})
	}
	if m.AllRows {
		part("ALL ROWS PER MATCH")
		f.wordIf(m.AllRowsMode != "", " "+m.AllRowsMode)
	}
	if m.After.Kind != SkipDefault {
		part("AFTER MATCH SKIP ")
		f.words(m.After.Kind.String())
		if m.After.Kind == SkipToFirst || m.After.Kind == SkipToLast {
			f.words(" ")
			f.ident(m.After.Variable)
		}
	}
	part("PATTERN (")
	f.wordIf(m.StrictStart, "^ ")
	f.pattern(m.Pattern, false)
	f.wordIf(m.StrictEnd, " $")
	f.words(")")
	f.matchTail(m)
	f.words(")")
	f.alias(m.Alias)
}

func (f *formatter) matchTail(m *MatchRecognize) {
	if m.Within != nil {
		f.words(" WITHIN ")
		f.expr(m.Within, 0)
	}
	f.wordIf(len(m.Subsets) > 0, " SUBSET ")
	f.each(len(m.Subsets), ", ", func(i int) {
		f.ident(m.Subsets[i].Name)
		f.words(" = ")
		f.idents(m.Subsets[i].Variables)
	})
	f.wordIf(len(m.Defines) > 0, " DEFINE ")
	f.each(len(m.Defines), ", ", func(i int) {
		f.ident(m.Defines[i].Name)
		f.words(" AS ")
		f.expr(m.Defines[i].Expr, 0)
	})
}

// pattern writes a row pattern; nested puts sequences and alternations in
// parentheses.
func (f *formatter) pattern(p *Pattern, nested bool) {
	list := p.Kind == PatternSequence || p.Kind == PatternAlternation
	parens := list && (nested || p.Quantifier != nil || len(p.Items) < 2)
	f.wordIf(parens, "(")
	switch p.Kind {
	case PatternVariable:
		f.ident(p.Variable)
	case PatternSequence:
		f.each(len(p.Items), " ", func(i int) { f.pattern(p.Items[i], true) })
	case PatternAlternation:
		f.each(len(p.Items), " | ", func(i int) { f.pattern(p.Items[i], p.Items[i].Kind == PatternAlternation) })
	case PatternPermute:
		f.words("PERMUTE(")
		f.each(len(p.Items), ", ", func(i int) { f.pattern(p.Items[i], false) })
		f.words(")")
	case PatternExclude:
		f.words("{- ")
		f.pattern(p.Items[0], false)
		f.words(" -}")
	}
	f.wordIf(parens, ")")
	f.quantifier(p.Quantifier)
}

func (f *formatter) quantifier(q *Quantifier) {
	if q == nil {
		return
	}
	switch {
	case q.Min == 0 && q.Max < 0:
		f.words("*")
	case q.Min == 1 && q.Max < 0:
		f.words("+")
	case q.Min == 0 && q.Max == 1:
		f.words("?")
	case q.Max < 0:
		f.words("{", strconv.Itoa(q.Min), ",}")
	case q.Min == q.Max:
		f.words("{", strconv.Itoa(q.Min), "}")
	default:
		f.words("{", strconv.Itoa(q.Min), ",", strconv.Itoa(q.Max), "}")
	}
	f.wordIf(q.Reluctant, "?")
}
