package lower

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
	"github.com/thalweg/thalweg/sql/internal/typename"
)

// call lowers name(args) and its clauses; the cursor is at the name.
func (l *lowerer) call(b *builder, semantics string) error {
	first := l.Index()
	c := &Call{Semantics: semantics}
	if semantics != "" {
		first--
	}
	for {
		c.Name = append(c.Name, l.Next())
		if !l.Accept(".") {
			break
		}
	}
	open := l.Index()
	l.Next()
	if err := l.enter(); err != nil {
		return err
	}
	b.call('f', l.add(c))
	n := 0
	if err := l.arguments(b, c, &n); err != nil {
		return err
	}
	c.Args = n
	if err := l.innerClauses(b, c, &n); err != nil {
		return err
	}
	if l.Index() != l.Match(open) {
		return l.Unexpected(") or ,")
	}
	l.Next()
	l.leave()
	if err := l.outerClauses(b, c, &n); err != nil {
		return err
	}
	b.close()
	c.Span = l.From(first)
	return nil
}

// plainName is the upper-case name of an unqualified, unquoted function.
func (c *Call) plainName() string {
	if len(c.Name) != 1 {
		return ""
	}
	return c.Name[0].Upper
}

// arguments lowers what stands between the parentheses, up to the first clause.
func (l *lowerer) arguments(b *builder, c *Call, n *int) error {
	tableFunction := l.tableFunction
	l.tableFunction = false
	switch c.plainName() {
	case "CAST", "TRY_CAST":
		return l.castArguments(b, c, n)
	case "EXTRACT":
		return l.extractArguments(b, n)
	case "TRIM":
		return l.trimArguments(b, n)
	case "TIMESTAMPADD", "TIMESTAMPDIFF":
		if err := l.unit(b, n); err != nil {
			return err
		}
		if err := l.Expect(","); err != nil {
			return err
		}
	case "JSON_OBJECT", "JSON_OBJECTAGG":
		return l.jsonPairs(b, n)
	}
	if l.Is(")") || l.atJSONClause(c) {
		return nil
	}
	if l.Accept("DISTINCT") {
		c.Distinct = true
		b.write("DISTINCT ")
	} else {
		l.Accept("ALL")
	}
	if l.Is("*", ")") {
		b.comma(n)
		b.leaf(l.add(&Leaf{Span: l.Next().Span(), Node: &Star{}}))
		return nil
	}
	return l.argumentList(b, c, n, tableFunction)
}

// separators are the words that separate arguments as a comma does.
var separators = map[string][]string{
	"SUBSTRING": {"FROM", "FOR"},
	"SUBSTR":    {"FROM", "FOR"},
	"OVERLAY":   {"PLACING", "FROM", "FOR"},
	"POSITION":  {"IN", "FROM"},
}

// argumentList lowers arguments separated by commas or by the function's words.
func (l *lowerer) argumentList(b *builder, c *Call, n *int, tableFunction bool) error {
	words := separators[c.plainName()]
	for {
		if l.PeekAt(1).Is("=>") {
			name, err := l.AnyName()
			if err != nil {
				return err
			}
			l.Next()
			if c.Named == nil {
				c.Named = make(map[int]token.Token)
			}
			c.Named[*n] = name
		}
		b.comma(n)
		if err := l.argument(b, c, tableFunction); err != nil {
			return err
		}
		switch {
		case l.Accept(","):
		case l.Peek().Is(words...):
			l.Next()
		case l.Is("TO") && len(c.Name) == 1 && c.Name[0].Is("FLOOR", "CEIL", "CEILING"):
			l.Next()
			return l.unit(b, n)
		default:
			return nil
		}
	}
}

// argument lowers one argument: an expression, or a table, model or descriptor.
func (l *lowerer) argument(b *builder, c *Call, tableFunction bool) error {
	first, t := l.Index(), l.Peek()
	switch {
	case t.Is("TABLE"):
		return l.tableArgument(b)
	case t.Is("(") && l.isQuery(first):
		if after := l.At(l.Match(first) + 1); tableFunction || after.Is("PARTITION", "ORDER") {
			return l.tableArgument(b)
		}
	case t.Is("DESCRIPTOR") && l.PeekAt(1).Is("("):
		l.Next()
		l.Next()
		names := &Names{}
		for {
			p, err := l.path()
			if err != nil {
				return err
			}
			names.Paths = append(names.Paths, p)
			if !l.Accept(",") {
				break
			}
		}
		err := l.Expect(")")
		b.leaf(l.add(&Leaf{Span: l.From(first), Node: names}))
		return err
	case t.Is("MODEL") && l.PeekAt(1).IsName():
		l.Next()
		p, err := l.path()
		b.leaf(l.add(&Leaf{Span: l.From(first), Node: &Names{Model: true, Paths: []Path{p}}}))
		return err
	}
	return l.exprIn(b, exprState{noIn: c.plainName() == "POSITION"})
}

// tableArgument lowers TABLE t, or [TABLE] (query), with PARTITION BY and ORDER BY.
func (l *lowerer) tableArgument(b *builder) error {
	first := l.Index()
	arg := &TableArg{}
	var err error
	if l.Accept("TABLE") && !l.Is("(") {
		if arg.Name, err = l.path(); err != nil {
			return err
		}
		if l.Is("/*+") {
			if arg.Hints, err = l.parts.Hints(l.Cursor); err != nil {
				return err
			}
		}
	} else {
		open := l.Index()
		if arg.Query, err = l.parenQuery(); err != nil {
			return err
		}
		arg.QuerySpan = l.From(open)
	}
	arg.Clauses, err = l.fragment(func(b *builder) error {
		b.write("1")
		return l.tableArgumentKeys(b, arg)
	})
	b.leaf(l.add(&Leaf{Span: l.From(first), Node: arg}))
	return err
}

// tableArgumentKeys lowers [PARTITION BY …] [ORDER BY …], each a list in
// parentheses or plain. In a plain list a comma goes on with the keys only before
// a plain column, since it also separates arguments.
func (l *lowerer) tableArgumentKeys(b *builder, arg *TableArg) error {
	n := 1
	key := func(order bool) error {
		if order {
			return l.orderKey(b, &n)
		}
		b.comma(&n)
		return l.expr(b)
	}
	for _, clause := range []struct {
		word  string
		count *int
	}{{"PARTITION", &arg.Partition}, {"ORDER", &arg.Order}} {
		if !l.Accept(clause.word) {
			continue
		}
		if err := l.Expect("BY"); err != nil {
			return err
		}
		more := l.acceptKeyComma
		list := l.Is("(") && l.At(l.Match(l.Index())+1).Is(",", ")", "ORDER")
		if list {
			l.Next()
			more = func() bool { return l.Accept(",") }
		}
		for {
			if err := key(clause.word == "ORDER"); err != nil {
				return err
			}
			*clause.count++
			if !more() {
				break
			}
		}
		if list {
			if err := l.Expect(")"); err != nil {
				return err
			}
		}
	}
	return nil
}

// acceptKeyComma moves past a comma that a plain column follows.
func (l *lowerer) acceptKeyComma() bool {
	if l.Is(",") && l.PeekAt(1).IsName() && !l.PeekAt(2).Is("(", "=>") && l.PeekAt(2).Kind == token.Op && !l.PeekAt(1).Is("INTERVAL") {
		l.Next()
		return true
	}
	return false
}

// castArguments lowers x AS type.
func (l *lowerer) castArguments(b *builder, c *Call, n *int) error {
	b.comma(n)
	if err := l.expr(b); err != nil {
		return err
	}
	if err := l.Expect("AS"); err != nil {
		return err
	}
	first := l.Index()
	var err error
	c.Type, err = typename.Parse(l.Cursor)
	c.TypeSpan, c.IsCast = l.From(first), true
	return err
}

// extractArguments lowers unit FROM x.
func (l *lowerer) extractArguments(b *builder, n *int) error {
	if err := l.unit(b, n); err != nil {
		return err
	}
	if !l.Accept(",") {
		if err := l.Expect("FROM"); err != nil {
			return err
		}
	}
	b.comma(n)
	return l.expr(b)
}

// trimArguments lowers [BOTH|LEADING|TRAILING] [chars] [FROM] x.
func (l *lowerer) trimArguments(b *builder, n *int) error {
	t := l.Peek()
	side := Symbol("")
	if t.Is("BOTH", "LEADING", "TRAILING") && !l.PeekAt(1).Is(")", ",", ".") {
		side = Symbol(l.Next().Upper)
		l.symbol(b, n, t, side)
		_ = l.Accept(",") || l.Accept("FROM")
	}
	// FROM without a side means BOTH, which must be written before what FROM follows.
	if side == "" && l.hasFromBefore() {
		l.symbol(b, n, t, "BOTH")
	}
	b.comma(n)
	if err := l.expr(b); err != nil {
		return err
	}
	if l.Accept("FROM") || l.Accept(",") {
		b.comma(n)
		return l.expr(b)
	}
	return nil
}

// hasFromBefore reports whether FROM stands before the parenthesis that closes here.
func (l *lowerer) hasFromBefore() bool {
	for i := l.Index(); ; i++ {
		t := l.At(i)
		switch {
		case t.Is("FROM"):
			return true
		case t.Is("(", "["):
			i = l.Match(i)
		case t.Kind == token.EOF || t.Is(")", ",", ";"):
			return false
		}
	}
}

// Symbol is a keyword argument, in upper case.
type Symbol string

func (l *lowerer) symbol(b *builder, n *int, t token.Token, s Symbol) {
	b.comma(n)
	b.leaf(l.add(&Leaf{Span: t.Span(), Node: s}))
}

// units are the time units of EXTRACT, FLOOR and TIMESTAMPADD.
var units = []string{"MILLENNIUM", "CENTURY", "DECADE", "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND",
	"MILLISECOND", "MICROSECOND", "NANOSECOND", "DOW", "DOY", "ISODOW", "ISOYEAR", "EPOCH"}

// unit lowers a time unit as a symbol.
func (l *lowerer) unit(b *builder, n *int) error {
	t := l.Peek()
	name := strings.TrimPrefix(t.Upper, "SQL_TSI_")
	for _, u := range units {
		if t.Kind == token.Word && (name == u || name == u+"S") {
			l.Next()
			l.symbol(b, n, t, Symbol(u))
			return nil
		}
	}
	err := errs.Userf("unexpected %s, expected a time unit", t.Describe()).At(token.SpanOf(t))
	if near := errs.Nearest(t.Text, units); near != "" && t.Kind == token.Word {
		return err.WithHint("did you mean %s?", near)
	}
	return err.WithHint("units are YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, …")
}
