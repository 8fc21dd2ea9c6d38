package lower

import (
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// query lowers [WITH …] body [ORDER BY …] [LIMIT …].
func (l *lowerer) query() (*Query, error) {
	first := l.Index()
	q := &Query{}
	if l.Accept("WITH") {
		if err := l.with(q); err != nil {
			return nil, err
		}
	}
	b := &builder{}
	bodyFirst := l.Index()
	if err := l.setExpr(b); err != nil {
		return nil, err
	}
	if l.Is("ORDER") {
		l.Next()
		if err := l.Expect("BY"); err != nil {
			return nil, err
		}
		b.write(" ORDER BY ")
		if _, err := l.orderList(b, 0); err != nil {
			return nil, err
		}
	}
	if err := l.limits(b, q); err != nil {
		return nil, err
	}
	if t := l.Peek(); t.Is("UNION", "INTERSECT", "EXCEPT") {
		return nil, errs.Userf("ORDER BY and LIMIT come after the last query of a %s", t.Upper).At(t.Span()).
			WithHint("put parentheses around the query before %s", t.Upper)
	}
	q.Body = &Fragment{Span: l.From(bodyFirst), text: string(b.buf), marks: b.marks}
	q.Span = l.From(first)
	return q, nil
}

// with lowers the entries after WITH.
func (l *lowerer) with(q *Query) error {
	if l.Is("RECURSIVE") && !l.PeekAt(1).Is("AS", "(") {
		return l.unsupported("WITH RECURSIVE")
	}
	for {
		first := l.Index()
		cte := CTE{}
		var err error
		if cte.Name, err = l.Name(); err != nil {
			return err
		}
		if l.Is("(") {
			if cte.Columns, err = l.names(); err != nil {
				return err
			}
		}
		if err := l.Expect("AS"); err != nil {
			return err
		}
		if cte.Query, err = l.parenQuery(); err != nil {
			return err
		}
		cte.Span = l.From(first)
		q.With = append(q.With, cte)
		if !l.Accept(",") {
			return nil
		}
	}
}

// names reads (a, b, …).
func (l *lowerer) names() ([]token.Token, error) {
	if err := l.Expect("("); err != nil {
		return nil, err
	}
	var out []token.Token
	for {
		name, err := l.Name()
		if err != nil {
			return nil, err
		}
		out = append(out, name)
		if !l.Accept(",") {
			return out, l.Expect(")")
		}
	}
}

// parenQuery lowers ( query ).
func (l *lowerer) parenQuery() (*Query, error) {
	if err := l.Expect("("); err != nil {
		return nil, err
	}
	if err := l.enter(); err != nil {
		return nil, err
	}
	q, err := l.query()
	if err != nil {
		return nil, err
	}
	l.leave()
	return q, l.Expect(")")
}

// isQuery reports whether the parenthesis at index opens a query rather than an
// expression or a join.
func (l *lowerer) isQuery(index int) bool {
	if known, ok := l.queryAt[index]; ok {
		return known
	}
	// A run of parentheses is decided from the inside out, and remembered, so that
	// each is looked at once.
	last := index
	for l.At(last + 1).Is("(") {
		last++
	}
	if l.queryAt == nil {
		l.queryAt = make(map[int]bool)
	}
	next := l.At(last + 1)
	inner := next.Is("SELECT", "WITH", "VALUES") || next.Is("TABLE") && !l.At(last+2).Is("(")
	for i := last; i >= index; i-- {
		if i < last && inner {
			after := l.At(l.Match(i+1) + 1)
			inner = after.Is("UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "FETCH", ")")
		}
		l.queryAt[i] = inner
	}
	return inner
}

// setOps lists the indexes of the set operators of the body that starts here, up to the
// end of its query.
func (l *lowerer) setOps() []int {
	var out []int
	for i := l.Index(); ; i++ {
		t := l.At(i)
		switch {
		case t.Kind == token.EOF || t.Is(";", ")"):
			return out
		case t.Is("(", "["):
			i = l.Match(i)
		case t.Is("UNION", "INTERSECT", "EXCEPT"):
			out = append(out, i)
		}
	}
}

// setExpr lowers operands joined by set operators. Runs of INTERSECT are put in
// parentheses where a looser operator stands beside them.
func (l *lowerer) setExpr(b *builder) error {
	ops := l.setOps()
	// mixed says that INTERSECT stands beside a looser operator.
	mixed := slices.ContainsFunc(ops, func(i int) bool { return !l.At(i).Is("INTERSECT") })
	isIntersect := func(i int) bool { return mixed && i >= 0 && i < len(ops) && l.At(ops[i]).Is("INTERSECT") }
	sel := &Select{}
	for i := 0; ; i++ {
		opensRun := isIntersect(i) && !isIntersect(i-1)
		if opensRun {
			b.write("(")
		}
		if err := l.operand(b, sel); err != nil {
			return err
		}
		if isIntersect(i-1) && !isIntersect(i) {
			b.write(")")
		}
		if i >= len(ops) || l.Index() != ops[i] {
			break
		}
		op := l.Next()
		sel = &Select{SetOp: op.Upper, All: l.Accept("ALL")}
		if !sel.All {
			l.Accept("DISTINCT")
		}
		b.from(op)
		if sel.All {
			b.write(" UNION ALL ")
		} else {
			b.write(" UNION ")
		}
	}
	return nil
}

// operand lowers one operand of a body into b; sel carries its set operator.
func (l *lowerer) operand(b *builder, sel *Select) error {
	first := l.Index()
	id := l.add(sel)
	b.from(l.Peek())
	b.write("SELECT /*s")
	b.write(itoa(id))
	b.write("*/ ")
	var err error
	switch t := l.Peek(); {
	case t.Is("SELECT"):
		err = l.selectBlock(b, sel)
	case t.Is("VALUES"):
		err = l.values(b, sel)
	case t.Is("TABLE"):
		l.Next()
		b.write("1")
		sel.Kind = TableOf
		sel.Table, err = l.path()
	case t.Is("("):
		b.write("1")
		sel.Kind = Nested
		sel.Query, err = l.parenQuery()
	case t.Is("FROM"):
		return errs.Userf("a query starts with SELECT").At(t.Span())
	default:
		return l.Unexpected("SELECT")
	}
	sel.Span = l.From(first)
	return err
}

// path reads a dotted name.
func (l *lowerer) path() (Path, error) {
	first := l.Index()
	name, err := l.Name()
	if err != nil {
		return Path{}, err
	}
	p := Path{Parts: []token.Token{name}}
	for l.Is(".") && !l.PeekAt(1).Is("*") {
		l.Next()
		part, err := l.AnyName()
		if err != nil {
			return Path{}, err
		}
		p.Parts = append(p.Parts, part)
	}
	p.Span = l.From(first)
	return p, nil
}

// values lowers VALUES row, …: each row is one select item.
func (l *lowerer) values(b *builder, sel *Select) error {
	l.Next()
	sel.Kind = ValuesRows
	for n := 0; ; {
		b.comma(&n)
		first := l.Index()
		if err := l.expr(b); err != nil {
			return err
		}
		sel.Items = append(sel.Items, Item{Span: l.From(first)})
		if !l.Accept(",") {
			return nil
		}
	}
}

// limits lowers LIMIT, OFFSET and FETCH in any order that Flink knows.
func (l *lowerer) limits(b *builder, q *Query) error {
	var limit, offset *Fragment
	b.from(l.Peek())
	for {
		t := l.Peek()
		var err error
		switch {
		case t.Is("LIMIT") && limit == nil && l.PeekAt(1).Is("ALL"):
			l.Next()
			l.Next()
			continue
		case t.Is("LIMIT") && limit == nil:
			l.Next()
			limit, err = l.fragment(l.expr)
			if err == nil && offset == nil && l.Accept(",") {
				offset = limit
				limit, err = l.fragment(l.expr)
			}
		case t.Is("OFFSET") && offset == nil:
			l.Next()
			offset, err = l.fragment(l.expr)
			_ = l.Accept("ROW") || l.Accept("ROWS")
		case t.Is("FETCH") && limit == nil:
			limit, err = l.fetch()
		default:
			l.writeLimits(b, q, limit, offset)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fetch lowers FETCH {FIRST|NEXT} [n] {ROW|ROWS} ONLY.
func (l *lowerer) fetch() (*Fragment, error) {
	l.Next()
	if !l.Accept("FIRST") && !l.Accept("NEXT") {
		return nil, l.Unexpected("FIRST or NEXT")
	}
	if l.Is("ROW") || l.Is("ROWS") {
		return nil, l.Unexpected("the number of rows")
	}
	f, err := l.fragment(l.expr)
	if err != nil {
		return nil, err
	}
	if !l.Accept("ROW") && !l.Accept("ROWS") {
		return nil, l.Unexpected("ROWS")
	}
	return f, l.Expect("ONLY")
}

// writeLimits writes LIMIT … OFFSET …, since sqlparser has no OFFSET alone.
func (l *lowerer) writeLimits(b *builder, q *Query, limit, offset *Fragment) {
	if limit == nil && offset == nil {
		return
	}
	q.NoLimit = limit == nil
	b.write(" LIMIT ")
	if limit == nil {
		limit = offset
	}
	b.leaf(l.add(&Leaf{Span: limit.Span, Node: limit}))
	if offset != nil {
		b.write(" OFFSET ")
		b.leaf(l.add(&Leaf{Span: offset.Span, Node: offset}))
	}
}
