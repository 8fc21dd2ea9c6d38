package lower

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// fromClause lowers the comma list after FROM.
func (l *lowerer) fromClause(b *builder) error {
	for {
		if err := l.joins(b, Join{}); err != nil {
			return err
		}
		if !l.Accept(",") {
			return nil
		}
		b.write(", ")
	}
}

// joins lowers factors joined by join operators; before is the operator before the
// first. Which ON belongs to which join sqlparser finds out.
func (l *lowerer) joins(b *builder, before Join) error {
	if err := l.factor(b, before); err != nil {
		return err
	}
	// waiting holds the operators that still want ON or USING.
	var waiting []Join
	for {
		t := l.Peek()
		switch {
		case t.Is("ON", "USING") && !l.atConflict():
			if len(waiting) == 0 {
				return errs.Userf("%s has no JOIN before it that takes a condition", t.Upper).At(t.Span())
			}
			waiting = waiting[:len(waiting)-1]
			if err := l.joinCondition(b); err != nil {
				return err
			}
			continue
		case !l.atJoin():
			if len(waiting) > 0 {
				return errs.Userf("the join has neither ON nor USING").At(waiting[len(waiting)-1].Span).
					WithHint("write ON condition, USING (columns), or CROSS JOIN for all pairs")
			}
			return nil
		}
		join, err := l.joinOperator()
		if err != nil {
			return err
		}
		b.from(t)
		if join.Natural || join.Kind == "CROSS" {
			b.write(" NATURAL JOIN ")
		} else {
			b.write(" LEFT JOIN ")
			waiting = append(waiting, join)
		}
		if err := l.factor(b, join); err != nil {
			return err
		}
	}
}

// atConflict reports the ON CONFLICT DO that ends the query of an INSERT.
func (l *lowerer) atConflict() bool { return l.PeekAt(1).Is("CONFLICT") && l.PeekAt(2).Is("DO") }

// joinCondition lowers ON condition or USING (columns).
func (l *lowerer) joinCondition(b *builder) error {
	if l.Is("ON") {
		l.plain(b, " ON ")
		return l.expr(b)
	}
	l.plain(b, " USING (")
	names, err := l.names()
	for i, name := range names {
		if i > 0 {
			b.write(", ")
		}
		b.name('i', l.add(&Path{Span: name.Span(), Parts: []token.Token{name}}))
	}
	b.write(")")
	return err
}

// atJoin reports whether a join operator is next.
func (l *lowerer) atJoin() bool {
	t := l.Peek()
	switch {
	case t.Is("JOIN", "INNER", "CROSS", "NATURAL", "LEFT", "RIGHT", "FULL"):
		return true
	}
	return t.Is("SEMI", "ANTI") && l.PeekAt(1).Is("JOIN")
}

// joinOperator reads [NATURAL] [INNER|CROSS|{LEFT|RIGHT|FULL} [OUTER]|[LEFT] {SEMI|ANTI}] JOIN.
func (l *lowerer) joinOperator() (Join, error) {
	first := l.Index()
	j := Join{Natural: l.Accept("NATURAL"), Kind: "JOIN"}
	switch t := l.Peek(); {
	case t.Is("INNER"):
		l.Next()
	case t.Is("CROSS") && !j.Natural, t.Is("SEMI", "ANTI"):
		j.Kind = l.Next().Upper
	case t.Is("LEFT", "RIGHT", "FULL"):
		j.Kind = l.Next().Upper
		if t.Is("LEFT") && (l.Is("SEMI") || l.Is("ANTI")) {
			j.Kind = l.Next().Upper
		} else {
			l.Accept("OUTER")
		}
	}
	if err := l.Expect("JOIN"); err != nil {
		return j, err
	}
	j.Span = l.From(first)
	return j, nil
}

// factor lowers one leaf of the join tree, or a join in parentheses.
func (l *lowerer) factor(b *builder, join Join) error {
	first := l.Index()
	if l.Is("(") && !l.isQuery(first) {
		return l.parenJoin(b, join)
	}
	f := &Factor{Join: join}
	b.from(l.Peek())
	b.name('t', l.add(f))
	if err := l.factorBody(f); err != nil {
		return err
	}
	f.Inner = l.From(first)
	if err := l.factorTail(f); err != nil {
		return err
	}
	f.Span = l.From(first)
	return nil
}

// joinDepthMax is how deep joins may be nested in parentheses.
const joinDepthMax = 90

// parenJoin lowers ( join ).
func (l *lowerer) parenJoin(b *builder, join Join) error {
	t := l.Peek()
	if b.open >= joinDepthMax {
		return token.TooDeep(t, joinDepthMax)
	}
	if err := l.enter(); err != nil {
		return err
	}
	b.from(l.Next())
	b.write("(")
	b.open++
	if err := l.joins(b, join); err != nil {
		return err
	}
	b.close()
	l.leave()
	if err := l.Expect(")"); err != nil {
		return err
	}
	if n := l.Peek(); n.Is("AS") || n.IsName() && !l.atJoin() {
		return errs.Unsupportedf("an alias of a join in parentheses is not supported").At(n.Span()).
			WithHint("write (SELECT * FROM …) AS name")
	}
	return nil
}

// factorBody lowers a table, function, UNNEST or sub-query without its alias.
func (l *lowerer) factorBody(f *Factor) error {
	f.Lateral = l.Accept("LATERAL")
	var err error
	switch t := l.Peek(); {
	case t.Is("("):
		f.Kind = Derived
		f.Query, err = l.parenQuery()
	case t.Is("UNNEST"):
		l.Next()
		f.Kind = Unnest
		if f.Args, err = l.unnestArguments(); err != nil {
			return err
		}
		f.Ordinality = l.Accept("WITH", "ORDINALITY")
	case t.Is("TABLE") && l.PeekAt(1).Is("("):
		l.Next()
		l.Next()
		if err := l.functionFactor(f); err != nil {
			return err
		}
		err = l.Expect(")")
	case t.IsName():
		if l.primaryEnd() > 0 && l.At(l.primaryEnd()-1).Is(")") {
			return l.functionFactor(f)
		}
		if f.Lateral {
			return l.Unexpected("a query, UNNEST or a table function after LATERAL")
		}
		return l.tableFactor(f)
	default:
		return l.Unexpected(token.ATable)
	}
	return err
}

func (l *lowerer) unnestArguments() (*Fragment, error) {
	if err := l.Expect("("); err != nil {
		return nil, err
	}
	if err := l.enter(); err != nil {
		return nil, err
	}
	args, err := l.fragment(func(b *builder) error {
		n := 0
		_, err := l.exprList(b, &n)
		return err
	})
	if err != nil {
		return nil, err
	}
	l.leave()
	return args, l.Expect(")")
}

// functionFactor lowers a table function's call.
func (l *lowerer) functionFactor(f *Factor) error {
	f.Kind = Function
	if !l.Peek().IsName() {
		return l.Unexpected("a table function")
	}
	if end := l.primaryEnd(); !l.At(end - 1).Is(")") {
		return errs.Userf("TABLE(…) takes a call of a table function").At(l.Peek().Span()).WithHint("write the table's name alone, without TABLE")
	}
	l.tableFunction = true
	var err error
	f.Args, err = l.fragment(func(b *builder) error {
		b.from(l.Peek())
		return l.call(b, "")
	})
	return err
}

// tableFactor lowers name [hints] [FOR SYSTEM_TIME AS OF time].
func (l *lowerer) tableFactor(f *Factor) error {
	var err error
	if f.Name, err = l.path(); err != nil {
		return err
	}
	if l.Is("/*+") {
		if f.Hints, err = l.parts.Hints(l.Cursor); err != nil {
			return err
		}
	}
	return l.asOf(f)
}

// asOf lowers FOR SYSTEM_TIME AS OF time if it is next.
func (l *lowerer) asOf(f *Factor) error {
	if !l.Is("FOR") {
		return nil
	}
	if f.Kind != NamedTable || f.AsOf != nil {
		return errs.Userf("FOR SYSTEM_TIME follows a table's name, once").At(l.Peek().Span())
	}
	l.Next()
	if err := l.Expect("SYSTEM_TIME", "AS", "OF"); err != nil {
		return err
	}
	var err error
	f.AsOf, err = l.fragment(l.expr)
	return err
}

// factorTail lowers an alias, FOR SYSTEM_TIME behind it, and MATCH_RECOGNIZE.
func (l *lowerer) factorTail(f *Factor) error {
	if l.Is("TABLESAMPLE") || l.Is("PIVOT", "(") || l.Is("UNPIVOT", "(") {
		return l.unsupported(l.Peek().Upper)
	}
	var err error
	if f.Alias, err = l.alias(); err != nil {
		return err
	}
	if f.Alias != nil {
		if err := l.asOf(f); err != nil {
			return err
		}
		if l.Is("/*+") && f.Hints == nil && f.Kind == NamedTable {
			if f.Hints, err = l.parts.Hints(l.Cursor); err != nil {
				return err
			}
		}
	}
	if !l.Is("MATCH_RECOGNIZE") {
		return nil
	}
	f.InnerAlias, f.Alias = f.Alias, nil
	if err := l.match(f); err != nil {
		return err
	}
	f.Alias, err = l.alias()
	return err
}

// alias reads [AS] name [(columns)] if it is next.
func (l *lowerer) alias() (*Alias, error) {
	first, t := l.Index(), l.Peek()
	switch {
	case t.Is("AS"):
		l.Next()
	case !t.IsName(), t.Is("SEMI", "ANTI") && l.PeekAt(1).Is("JOIN"), t.Is("EMIT") && l.PeekAt(1).Is("WITH", "WITHOUT", "ON", "CHANGES"):
		return nil, nil
	}
	name, err := l.Name()
	if err != nil {
		return nil, err
	}
	a := &Alias{Name: name}
	if l.Is("(") {
		if a.Columns, err = l.names(); err != nil {
			return nil, err
		}
	}
	a.Span = l.From(first)
	return a, nil
}
