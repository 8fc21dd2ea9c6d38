package lower

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// exprState is where an expression stands between two of its operands.
type exprState struct {
	// noAnd and noIn end the expression at AND or IN.
	noAnd, noIn bool
	// between counts BETWEENs that still want their AND.
	between int
	// like says that ESCAPE may follow.
	like bool
	// boolean says that NOT may start the next operand.
	boolean bool
}

// expr lowers an expression up to the first token that cannot continue it.
func (l *lowerer) expr(b *builder) error { return l.exprIn(b, exprState{}) }

// exprNoAnd lowers an expression that ends at AND.
func (l *lowerer) exprNoAnd(b *builder) error { return l.exprIn(b, exprState{noAnd: true}) }

// exprIn lowers operand, operator, operand, … and leaves their precedence to
// sqlparser.
func (l *lowerer) exprIn(b *builder, st exprState) error {
	st.boolean = true
	for {
		if err := l.prefixed(b, st.boolean); err != nil {
			return err
		}
		wantsOperand := false
		for !wantsOperand {
			before := l.Index()
			var err error
			if wantsOperand, err = l.operator(b, &st); err != nil {
				return err
			}
			if l.Index() == before {
				if st.between > 0 {
					return l.Unexpected("AND, as BETWEEN has a lower and an upper bound")
				}
				return nil
			}
		}
	}
}

// prefixed lowers prefix operators and their operand.
func (l *lowerer) prefixed(b *builder, boolean bool) error {
	depth := l.depth
	for {
		t := l.Peek()
		switch {
		case t.Is("-", "+"):
			b.from(t)
			b.write(t.Text + " ")
			boolean = false
		case t.Is("NOT"):
			if !boolean {
				return errs.Userf("NOT cannot stand here, since it binds looser than the operator before it").At(t.Span()).
					WithHint("put parentheses around NOT and what follows it")
			}
			b.from(t)
			b.write("NOT ")
		default:
			err := l.primary(b)
			l.depth = depth
			return err
		}
		if err := l.enter(); err != nil {
			return err
		}
		l.Next()
	}
}

// comparisons are the operators of one precedence below LIKE.
var comparisons = []string{"=", "<>", "!=", "<", "<=", ">", ">=", "OVERLAPS"}

// operator lowers one infix or postfix operator if one is next; an unmoved cursor
// says that there is none. It reports whether an operand must follow.
func (l *lowerer) operator(b *builder, st *exprState) (wantsOperand bool, err error) {
	t := l.Peek()
	switch {
	case t.Is("AND"):
		return l.and(b, st), nil
	case t.Is("OR"):
		if st.between > 0 {
			return false, l.Unexpected("AND, as BETWEEN has a lower and an upper bound")
		}
		l.plain(b, " OR ")
		st.boolean, st.like = true, false
		return true, nil
	case t.Is("+", "-", "*", "/", "%"):
		l.plain(b, " "+t.Text+" ")
		st.boolean = false
		return true, nil
	case t.Is("||"):
		l.plain(b, " DIV ")
		st.boolean = false
		return true, nil
	case t.Is(comparisons...):
		st.boolean = false
		return l.comparison(b)
	case t.Is("IS"):
		st.boolean = false
		return l.is(b)
	case t.Is("NOT") && l.PeekAt(1).Is("IN", "LIKE", "BETWEEN", "SIMILAR"),
		t.Is("LIKE", "BETWEEN"), t.Is("IN") && !st.noIn, t.Is("SIMILAR") && l.PeekAt(1).Is("TO"):
		st.boolean = false
		return l.predicate(b, st)
	case t.Is("ESCAPE") && st.like:
		st.like = false
		l.plain(b, " << ")
		b.leaf(l.add(&Op{Span: t.Span(), Kind: Escape}))
		b.write(" << ")
		return true, nil
	}
	return false, l.refuse(t)
}

// refuse explains operators of other dialects.
func (l *lowerer) refuse(t token.Token) error {
	switch {
	case t.Is("::"):
		return errs.Userf(":: is not an operator of this dialect").At(t.Span()).WithHint("write CAST(x AS type)")
	case t.Is("=="):
		return errs.Userf("== is not an operator of this dialect").At(t.Span()).WithHint("write =")
	case t.Is("<=>"):
		return errs.Userf("<=> is not an operator of this dialect").At(t.Span()).WithHint("write IS NOT DISTINCT FROM")
	case t.Is("&", "|", "^", "<<", "~", "&&"):
		return errs.Userf("%s is not an operator of this dialect", t.Text).At(t.Span()).WithHint("use AND, OR or a function")
	case t.Is("REGEXP", "RLIKE", "ILIKE") && (l.PeekAt(1).Kind == token.String || l.PeekAt(1).IsName()):
		return errs.Userf("%s is not an operator of this dialect", t.Upper).At(t.Span()).
			WithHint("use LIKE, SIMILAR TO or the function REGEXP(text, pattern)")
	case t.Is("MEMBER") && l.PeekAt(1).Is("OF"), t.Is("AT") && l.PeekAt(1).Is("TIME"):
		return errs.Unsupportedf("%s %s is not supported", t.Upper, l.PeekAt(1).Upper).At(t.Span())
	}
	return nil
}

// plain writes text for the current token and moves on.
func (l *lowerer) plain(b *builder, text string) {
	b.from(l.Next())
	b.write(text)
}

// and lowers AND: BETWEEN's if one waits, else the logical operator. Where AND
// ends the expression the cursor stays.
func (l *lowerer) and(b *builder, st *exprState) bool {
	t := l.Peek()
	if st.between == 0 {
		if st.noAnd {
			return false
		}
		l.plain(b, " AND ")
		st.boolean, st.like = true, false
		return true
	}
	st.between--
	st.boolean = false
	l.plain(b, " << ")
	b.leaf(l.add(&Op{Span: t.Span(), Kind: BetweenAnd}))
	b.write(" << ")
	return true
}

// comparison lowers a comparison, or a quantified one: = ANY (query).
func (l *lowerer) comparison(b *builder) (bool, error) {
	t := l.Peek()
	op := &Op{Span: t.Span(), Kind: Compare, Text: t.Upper}
	if op.Text == "!=" {
		op.Text = "<>"
	}
	l.plain(b, " & ")
	if q := l.Peek(); q.Is("ANY", "SOME", "ALL") && l.PeekAt(1).Is("(") {
		if !l.isQuery(l.Index() + 1) {
			return false, errs.Unsupportedf("%s over a list is not supported", q.Upper).At(q.Span()).WithHint("write IN (…), or a query in the parentheses")
		}
		l.Next()
		op.Quantifier = "ANY"
		if q.Is("ALL") {
			op.Quantifier = "ALL"
		}
		var err error
		op.Query, err = l.parenQuery()
		op.Span.End = l.At(l.Index() - 1).End
		b.leaf(l.add(op))
		return false, err
	}
	b.leaf(l.add(op))
	b.write(" & ")
	return true, nil
}

// is lowers IS …, which has no right operand but for IS DISTINCT FROM.
func (l *lowerer) is(b *builder) (bool, error) {
	first := l.Index()
	b.from(l.Next())
	op := &Op{Kind: Is, Not: l.Accept("NOT")}
	t := l.Peek()
	switch {
	case t.Is("DISTINCT"):
		l.Next()
		if err := l.Expect("FROM"); err != nil {
			return false, err
		}
		op.Kind, op.Text, op.Span = Compare, "DISTINCT", l.From(first)
		b.write(" & ")
		b.leaf(l.add(op))
		b.write(" & ")
		return true, nil
	case t.Is("NULL", "TRUE", "FALSE", "UNKNOWN"):
		op.Text = l.Next().Upper
	case t.Is("JSON"):
		l.Next()
		op.Text = "JSON"
		if k := l.Peek(); k.Is("OBJECT", "ARRAY", "SCALAR") {
			op.Text += " " + l.Next().Upper
		} else {
			l.Accept("VALUE")
		}
	default:
		return false, l.Unexpected("NULL, TRUE, FALSE, UNKNOWN, DISTINCT FROM or JSON after IS")
	}
	op.Span = l.From(first)
	b.write(" | ")
	b.leaf(l.add(op))
	return false, nil
}

// predicate lowers [NOT] IN, LIKE, SIMILAR TO or BETWEEN.
func (l *lowerer) predicate(b *builder, st *exprState) (bool, error) {
	first := l.Index()
	b.from(l.Peek())
	op := &Op{Not: l.Accept("NOT")}
	word := l.Next()
	op.Span = l.From(first)
	op.Text = word.Upper
	b.write(" << ")
	switch word.Upper {
	case "IN":
		return false, l.in(b, op)
	case "LIKE", "SIMILAR":
		op.Kind, st.like = Like, true
		l.Accept("TO")
	case "BETWEEN":
		op.Kind, op.Symmetric = Between, l.Accept("SYMMETRIC")
		if !op.Symmetric {
			l.Accept("ASYMMETRIC")
		}
		st.between++
	}
	b.leaf(l.add(op))
	b.write(" << ")
	return true, nil
}

// in lowers what follows IN: a query, or a list in parentheses.
func (l *lowerer) in(b *builder, op *Op) error {
	op.Kind = In
	if !l.Is("(") {
		return l.Unexpected("( after IN")
	}
	if l.isQuery(l.Index()) {
		var err error
		op.Query, err = l.parenQuery()
		op.Span.End = l.At(l.Index() - 1).End
		b.leaf(l.add(op))
		return err
	}
	if l.Is("(", ")") {
		return errs.Userf("the list after IN is empty").At(l.Peek().Span())
	}
	b.leaf(l.add(op))
	b.write(" << ")
	return l.bracketed(b, l.Index(), func(b *builder) error { return l.group(b, Parens, l.Index()) })
}
