package lower

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// anExpression is how messages call an operand.
const anExpression = "an expression"

// bracketed runs fill, which lowers an operand whose main bracket opens at index
// (-1 for one without), on b; or on a fragment of its own once b has as many
// brackets open as sqlparser should bear, unless the operand adds but few.
func (l *lowerer) bracketed(b *builder, index int, fill func(b *builder) error) error {
	// A bracket of the source opens at most two parentheses.
	if b.open < openMax || index >= 0 && b.open+2*l.Height(index) < openMax+openMax/2 {
		return fill(b)
	}
	f, err := l.fragment(fill)
	if err != nil {
		return err
	}
	b.leaf(l.add(&Leaf{Span: f.Span, Node: f}))
	return nil
}

// primary lowers one operand with the [index] and .field behind it.
func (l *lowerer) primary(b *builder) error {
	t, next := l.Peek(), l.PeekAt(1)
	b.from(t)
	if !next.Is("(", "[", ".") && !t.Is("(", "CASE") {
		return l.simple(b)
	}
	end := l.primaryEnd()
	hasSteps := end > 0 && (l.At(end).Is("[") || l.At(end).Is(".") && !l.At(end+1).Is("*"))
	bracket := -1
	if end > 0 {
		bracket = l.Match(end - 1)
	}
	if !hasSteps {
		return l.bracketed(b, bracket, l.simple)
	}
	return l.bracketed(b, bracket, func(b *builder) error {
		first := l.Index()
		p := &Postfix{}
		b.call('x', l.add(p))
		if err := l.simple(b); err != nil {
			return err
		}
		for l.Is("[") || l.Is(".") {
			if err := l.step(b, p); err != nil {
				return err
			}
		}
		b.close()
		p.Span = l.From(first)
		return nil
	})
}

// primaryEnd is the index after the operand that starts here, without its
// postfixes, or -1 for one that can have none.
func (l *lowerer) primaryEnd() int {
	i := l.Index()
	switch t := l.At(i); {
	case t.Is("("):
		return l.Match(i) + 1
	case t.Is("ARRAY", "MAP") && l.At(i+1).Is("["):
		return l.Match(i+1) + 1
	case t.Kind != token.Word && t.Kind != token.Quoted:
		return -1
	}
	i++
	for l.At(i).Is(".") && (l.At(i+1).Kind == token.Word || l.At(i+1).Kind == token.Quoted) {
		i += 2
	}
	if l.At(i).Is("(") {
		return l.Match(i) + 1
	}
	return i
}

// step lowers one [index] or .name.
func (l *lowerer) step(b *builder, p *Postfix) error {
	if l.Accept(".") {
		name, err := l.AnyName()
		p.Steps = append(p.Steps, Step{Name: name, End: name.End})
		return err
	}
	l.Next()
	if err := l.enter(); err != nil {
		return err
	}
	b.write(", ")
	if err := l.expr(b); err != nil {
		return err
	}
	l.leave()
	if err := l.Expect("]"); err != nil {
		return err
	}
	p.Steps = append(p.Steps, Step{End: l.At(l.Index() - 1).End})
	return nil
}

// simple lowers one operand without postfixes.
func (l *lowerer) simple(b *builder) error {
	first, t := l.Index(), l.Peek()
	node, err := l.parts.Literal(l.Cursor)
	if err != nil {
		return err
	}
	if node != nil {
		b.leaf(l.add(&Leaf{Span: l.From(first), Node: node}))
		return nil
	}
	switch {
	case t.Is("("):
		return l.parens(b)
	case t.Is("CASE"):
		return l.caseExpr(b)
	case t.Is("EXISTS") && l.PeekAt(1).Is("("):
		l.Next()
		q, err := l.parenQuery()
		b.leaf(l.add(&Leaf{Span: l.From(first), Node: &Exists{Query: q}}))
		return err
	case t.Is("ARRAY") && l.PeekAt(1).Is("["):
		l.Next()
		return l.group(b, ArrayOf, first)
	case t.Is("MAP") && l.PeekAt(1).Is("["):
		l.Next()
		return l.group(b, MapOf, first)
	case t.Is("ROW") && l.PeekAt(1).Is("("):
		l.Next()
		return l.group(b, RowOf, first)
	case t.Is("ARRAY", "MAP", "MULTISET") && l.PeekAt(1).Is("(") && l.isQuery(l.Index()+1):
		return l.unsupported(t.Upper + " of a query")
	case t.Is("RUNNING", "FINAL") && l.PeekAt(1).IsName() && l.PeekAt(2).Is("("):
		l.Next()
		return l.call(b, t.Upper)
	}
	return l.named(b)
}

// named lowers a path or a call.
func (l *lowerer) named(b *builder) error {
	t := l.Peek()
	if t.Is("LEFT", "RIGHT") && l.PeekAt(1).Is("(") {
		return l.call(b, "")
	}
	if t.Is("?") {
		return errs.Unsupportedf("a dynamic parameter is not supported").At(t.Span())
	}
	if !t.IsName() {
		return l.notAnOperand(t)
	}
	i := l.Index() + 1
	for l.At(i).Is(".") && (l.At(i+1).Kind == token.Word || l.At(i+1).Kind == token.Quoted) {
		i += 2
	}
	if l.At(i).Is("(") {
		return l.call(b, "")
	}
	p, err := l.path()
	if err != nil {
		return err
	}
	b.name('i', l.add(&p))
	return nil
}

// parens lowers ( … ): a scalar query, one expression, or a row.
func (l *lowerer) parens(b *builder) error {
	first := l.Index()
	if l.isQuery(first) {
		q, err := l.parenQuery()
		b.leaf(l.add(&Leaf{Span: l.From(first), Node: q}))
		return err
	}
	if l.Is("(", ")") {
		return errs.Userf("the parentheses are empty").At(l.Peek().Span())
	}
	return l.group(b, Parens, first)
}

// group lowers a bracketed list; the cursor is at its bracket and the group starts
// at index first.
func (l *lowerer) group(b *builder, kind GroupKind, first int) error {
	if err := l.enter(); err != nil {
		return err
	}
	open := l.Index()
	l.Next()
	g := &Group{Kind: kind}
	b.call('g', l.add(g))
	n := 0
	if l.Index() != l.Match(open) {
		count, err := l.exprList(b, &n)
		if err != nil {
			return err
		}
		if kind == MapOf && count%2 != 0 {
			return errs.Userf("MAP[…] takes pairs of a key and a value, but has an odd number of expressions").At(l.At(first).Span())
		}
	}
	b.close()
	l.leave()
	if l.Index() != l.Match(open) {
		return l.Unexpected(l.At(l.Match(open)).Text + " or ,")
	}
	l.Next()
	g.Span = l.From(first)
	return nil
}

// caseExpr lowers CASE … END inside a reserved call that keeps its place.
func (l *lowerer) caseExpr(b *builder) error {
	first := l.Index()
	if err := l.enter(); err != nil {
		return err
	}
	g := &Group{Kind: Case}
	b.call('g', l.add(g))
	l.plain(b, "CASE ")
	simple := !l.Is("WHEN")
	if simple {
		if err := l.expr(b); err != nil {
			return err
		}
	}
	if !l.Is("WHEN") {
		return l.Unexpected("WHEN")
	}
	for l.Is("WHEN") {
		if err := l.when(b, simple); err != nil {
			return err
		}
	}
	if l.Is("ELSE") {
		l.plain(b, " ELSE ")
		if err := l.expr(b); err != nil {
			return err
		}
	}
	if !l.Is("END") {
		return l.Unexpected("WHEN, ELSE or END")
	}
	l.plain(b, " END")
	b.close()
	l.leave()
	g.Span = l.From(first)
	return nil
}

// when lowers a branch of CASE. Those of a simple CASE may have several values.
func (l *lowerer) when(b *builder, simple bool) error {
	l.plain(b, " WHEN ")
	if !simple {
		if err := l.expr(b); err != nil {
			return err
		}
	} else if err := l.whenValues(b); err != nil {
		return err
	}
	if !simple && l.Is(",") {
		return errs.Userf("a branch of CASE without an operand has one condition").At(l.Peek().Span()).
			WithHint("join conditions with OR, or compare with several values: CASE x WHEN 1, 2 THEN …")
	}
	if !l.Is("THEN") {
		return l.Unexpected("THEN")
	}
	l.plain(b, " THEN ")
	return l.expr(b)
}

// whenValues lowers what stands between WHEN and THEN of a simple CASE.
func (l *lowerer) whenValues(b *builder) error {
	first, n := l.Index(), 0
	g := &Group{Kind: Values}
	b.call('g', l.add(g))
	if _, err := l.exprList(b, &n); err != nil {
		return err
	}
	b.close()
	g.Span = l.From(first)
	return nil
}

// notAnOperand says that an expression should stand where t is, which may be a
// keyword meant as a name.
func (l *lowerer) notAnOperand(t token.Token) error {
	next := l.PeekAt(1)
	if t.Kind == token.Word && (next.Kind == token.Op && !next.Is("(") || next.Is("FROM", "AS", "AND", "OR")) {
		return errs.Userf("unexpected %s, expected %s", t.Describe(), anExpression).At(t.Span()).
			WithHint("%s is a keyword; write `%s` to use it as a name", t.Upper, t.Text)
	}
	return l.Unexpected(anExpression)
}
