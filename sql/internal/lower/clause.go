package lower

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/typename"
)

// orderKey lowers one sort key as a further argument.
func (l *lowerer) orderKey(b *builder, n *int) error {
	b.comma(n)
	first := l.Index()
	order := &Order{}
	b.from(l.Peek())
	b.call('o', l.add(order))
	if err := l.expr(b); err != nil {
		return err
	}
	b.close()
	if l.Accept("DESC") {
		order.Desc = true
	} else {
		l.Accept("ASC")
	}
	if l.Accept("NULLS") {
		if !l.Is("FIRST") && !l.Is("LAST") {
			return l.Unexpected("FIRST or LAST")
		}
		order.Nulls = l.Next().Upper
	}
	order.Span = l.From(first)
	return nil
}

// innerClauses lowers the clauses inside a call's parentheses.
func (l *lowerer) innerClauses(b *builder, c *Call, n *int) error {
	for {
		var err error
		switch {
		case l.Is("IGNORE", "NULLS") || l.Is("RESPECT", "NULLS"):
			c.Nulls = l.Next().Upper
			l.Next()
		case l.Is("ORDER", "BY") && c.InnerOrder == 0 && c.JSON == nil:
			l.Next()
			l.Next()
			c.InnerOrder, err = l.orderList(b, *n)
			*n += c.InnerOrder
		case l.atJSONClause(c):
			if c.JSON == nil {
				c.JSON = &JSON{}
			}
			err = l.jsonClause(b, c.JSON, n)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// outerClauses lowers WITHIN GROUP, IGNORE NULLS, FILTER and OVER.
func (l *lowerer) outerClauses(b *builder, c *Call, n *int) error {
	for {
		var err error
		t := l.Peek()
		switch {
		case l.Is("IGNORE", "NULLS") || l.Is("RESPECT", "NULLS"):
			c.Nulls = l.Next().Upper
			l.Next()
		case l.Is("WITHIN", "GROUP", "("):
			if c.Within > 0 || c.Filter {
				return errs.Userf("WITHIN GROUP comes once, and before FILTER").At(t.Span())
			}
			err = l.withinGroup(b, c, n)
		case l.Is("FILTER", "("):
			if c.Filter {
				return errs.Userf("a call has one FILTER").At(t.Span())
			}
			err = l.filter(b, c, n)
		case t.Is("OVER") && (l.PeekAt(1).Is("(") || l.PeekAt(1).IsName()):
			l.Next()
			return l.over(b, c, n)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (l *lowerer) withinGroup(b *builder, c *Call, n *int) error {
	l.Next()
	l.Next()
	l.Next()
	if err := l.enter(); err != nil {
		return err
	}
	if err := l.Expect("ORDER", "BY"); err != nil {
		return err
	}
	var err error
	c.Within, err = l.orderList(b, *n)
	*n += c.Within
	if err != nil {
		return err
	}
	l.leave()
	return l.Expect(")")
}

func (l *lowerer) filter(b *builder, c *Call, n *int) error {
	l.Next()
	l.Next()
	if err := l.enter(); err != nil {
		return err
	}
	if err := l.Expect("WHERE"); err != nil {
		return err
	}
	c.Filter = true
	b.comma(n)
	if err := l.expr(b); err != nil {
		return err
	}
	l.leave()
	return l.Expect(")")
}

func (l *lowerer) over(b *builder, c *Call, n *int) error {
	if l.Is("(") {
		var err error
		c.Over, err = l.windowSpec(b, n)
		return err
	}
	name := l.Next()
	c.Over = &Over{Span: name.Span(), Base: name, Bare: true}
	return nil
}

// isJSON reports a JSON function with clauses of its own.
func isJSON(c *Call) bool { return strings.HasPrefix(c.plainName(), "JSON_") }

// atJSONClause reports whether a clause of a JSON function is next.
func (l *lowerer) atJSONClause(c *Call) bool {
	if !isJSON(c) {
		return false
	}
	t, next := l.Peek(), l.PeekAt(1)
	switch {
	case t.Is("RETURNING"), t.Is("WITH", "WITHOUT") && next.Is("WRAPPER", "ARRAY", "CONDITIONAL", "UNCONDITIONAL"), t.Is("DEFAULT"):
		return true
	case t.Is("EMPTY"):
		return next.Is("ON", "ARRAY", "OBJECT")
	}
	return t.Is("NULL", "ABSENT", "ERROR", "TRUE", "FALSE", "UNKNOWN") && next.Is("ON")
}

// jsonClause lowers one clause of a JSON function.
func (l *lowerer) jsonClause(b *builder, j *JSON, n *int) error {
	first, t := l.Index(), l.Peek()
	switch {
	case t.Is("RETURNING"):
		l.Next()
		returning, err := typename.Parse(l.Cursor)
		j.Returning = &returning
		return err
	case t.Is("WITH", "WITHOUT"):
		return l.jsonWrapper(j)
	case t.Is("NULL", "ABSENT") && l.PeekAt(2).Is("NULL"):
		l.Next()
		j.OnNull = t.Upper + " ON NULL"
		return l.Expect("ON", "NULL")
	}
	l.Next()
	behavior := &Behavior{Kind: t.Upper}
	switch {
	case t.Is("DEFAULT"):
		b.comma(n)
		if err := l.expr(b); err != nil {
			return err
		}
	case t.Is("EMPTY"):
		behavior.Kind = "EMPTY ARRAY"
		if l.Is("ARRAY") || l.Is("OBJECT") {
			behavior.Kind = "EMPTY " + l.Next().Upper
		}
	}
	if err := l.Expect("ON"); err != nil {
		return err
	}
	on := l.Peek()
	target := &j.OnError
	switch {
	case on.Is("EMPTY"):
		target = &j.OnEmpty
	case !on.Is("ERROR"):
		return l.Unexpected("EMPTY or ERROR")
	}
	if *target != nil {
		return errs.Userf("ON EMPTY and ON ERROR come once each").At(on.Span())
	}
	if on.Is("EMPTY") && j.OnError != nil && j.OnError.Kind == "DEFAULT" && behavior.Kind == "DEFAULT" {
		return errs.Userf("the default ON EMPTY comes before that ON ERROR").At(on.Span())
	}
	l.Next()
	behavior.Span = l.From(first)
	*target = behavior
	return nil
}

// jsonWrapper lowers {WITH|WITHOUT} [CONDITIONAL|UNCONDITIONAL] [ARRAY] WRAPPER.
func (l *lowerer) jsonWrapper(j *JSON) error {
	j.Wrapper = l.Next().Upper
	switch {
	case l.Is("CONDITIONAL") || l.Is("UNCONDITIONAL"):
		j.Wrapper += " " + l.Next().Upper
	case j.Wrapper == "WITH":
		j.Wrapper += " UNCONDITIONAL"
	}
	j.Wrapper += " WRAPPER"
	l.Accept("ARRAY")
	return l.Expect("WRAPPER")
}

// jsonPairs lowers [KEY] k VALUE v, or k : v, … of JSON_OBJECT.
func (l *lowerer) jsonPairs(b *builder, n *int) error {
	if l.Is(")") || (l.Is("NULL", "ON") || l.Is("ABSENT", "ON")) {
		return nil
	}
	for {
		if l.Is("KEY") && !l.PeekAt(1).Is("VALUE", ":", ".", ",", "(") {
			l.Next()
		}
		b.comma(n)
		if err := l.expr(b); err != nil {
			return err
		}
		if !l.Accept("VALUE") && !l.Accept(":") {
			return l.Unexpected("VALUE or :")
		}
		b.comma(n)
		if err := l.expr(b); err != nil {
			return err
		}
		if !l.Accept(",") {
			return nil
		}
	}
}
