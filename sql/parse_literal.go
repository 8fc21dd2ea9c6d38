package sql

import (
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// niladic are the functions that are written without parentheses.
func niladic(upper string) bool {
	switch upper {
	case "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP":
		return true
	}
	return false
}

// Literal reads a literal or a function without parentheses, as lower.Parts asks.
func (p *parser) Literal(c *token.Cursor) (any, error) {
	t := c.Peek()
	place := Place{Span: t.Span()}
	switch t.Kind {
	case token.String:
		c.Next()
		return &StringLiteral{Place: place, Value: t.Text}, nil
	case token.Number:
		c.Next()
		return &NumberLiteral{Place: place, Text: t.Text}, nil
	case token.Bytes:
		c.Next()
		return &BytesLiteral{Place: place, Value: []byte(t.Text)}, nil
	case token.Word:
		return p.wordLiteral(t)
	}
	return nil, nil
}

// wordLiteral reads a literal that starts with the word t.
func (p *parser) wordLiteral(t token.Token) (any, error) {
	place, next := Place{Span: t.Span()}, p.PeekAt(1)
	switch t.Upper {
	case "NULL":
		p.Next()
		return &NullLiteral{Place: place}, nil
	case "TRUE", "FALSE":
		p.Next()
		return &BoolLiteral{Place: place, Value: t.Upper == "TRUE"}, nil
	case "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ":
		if next.Kind == token.String {
			return p.temporalLiteral(t)
		}
	case "INTERVAL":
		if next.Kind == token.String || next.Kind == token.Number || next.Is("-", "+") {
			return p.intervalLiteral()
		}
	case "UNKNOWN":
		if !next.Is("(", ".") {
			p.Next()
			return &Cast{Place: place, X: &NullLiteral{Place: place}, Type: types.Of(types.Boolean), TypePlace: place}, nil
		}
	}
	if niladic(t.Upper) && !next.Is("(", ".") {
		p.Next()
		id := identOf(t)
		return &Call{Place: place, Name: Name{Place: place, Parts: []Ident{id}}, Function: t.Upper}, nil
	}
	return nil, nil
}

// temporalLiteral reads DATE '…' and its kin.
func (p *parser) temporalLiteral(t token.Token) (any, error) {
	kind := map[string]types.Kind{"DATE": types.Date, "TIME": types.Time, "TIMESTAMP": types.Timestamp, "TIMESTAMP_LTZ": types.TimestampLTZ}[t.Upper]
	first := p.Index()
	p.Next()
	text := p.Next().Text
	return &TemporalLiteral{Place: p.place(first), Kind: kind, Text: text}, nil
}

// intervalLiteral reads INTERVAL [-]'…' unit [TO unit].
func (p *parser) intervalLiteral() (any, error) {
	first := p.Index()
	p.Next()
	lit := &IntervalLiteral{Fraction: -1}
	if p.Is("-") || p.Is("+") {
		lit.Negative = p.Next().Is("-")
	}
	if t := p.Peek(); t.Kind == token.Number {
		return nil, errs.Userf("the value of an INTERVAL is a string").At(t.Span()).WithHint("write INTERVAL '%s' …", t.Text)
	}
	var err error
	if lit.Text, err = p.stringLiteral(); err != nil {
		return nil, err
	}
	unit := p.Peek()
	if lit.From, err = p.intervalUnit(); err != nil {
		return nil, err
	}
	if p.Accept("(") {
		if lit.FromPrecision, err = p.smallNumber(1, 10); err != nil {
			return nil, err
		}
		if lit.From == Second && p.Accept(",") {
			if lit.Fraction, err = p.smallNumber(0, 9); err != nil {
				return nil, err
			}
		}
		if err := p.Expect(")"); err != nil {
			return nil, err
		}
	}
	if p.Is("TO") {
		if err := p.intervalTo(lit, unit); err != nil {
			return nil, err
		}
	}
	lit.Place = p.place(first)
	return lit, nil
}

// intervalTo reads TO unit [(fraction)].
func (p *parser) intervalTo(lit *IntervalLiteral, unit token.Token) error {
	p.Next()
	to := p.Peek()
	var err error
	if lit.To, err = p.intervalUnit(); err != nil {
		return err
	}
	if (lit.From <= Month) != (lit.To <= Month) || lit.To <= lit.From || lit.From == Quarter || lit.From == Week {
		return errs.Userf("an interval cannot run from %s to %s", lit.From, lit.To).At(errs.Span{Start: unit.Start, End: to.End}).
			WithHint("write YEAR TO MONTH, or DAY, HOUR or MINUTE TO a shorter unit")
	}
	if lit.To != Second || !p.Accept("(") {
		return nil
	}
	if lit.Fraction, err = p.smallNumber(0, 9); err != nil {
		return err
	}
	return p.Expect(")")
}

// intervalUnit reads a unit of an interval, in the singular or the plural.
func (p *parser) intervalUnit() (TimeUnit, error) {
	t := p.Peek()
	singular := strings.TrimSuffix(t.Upper, "S")
	for u := Year; u <= Second; u++ {
		if t.Kind == token.Word && u.String() == singular {
			p.Next()
			return u, nil
		}
	}
	err := errs.Userf("unexpected %s, expected a unit of time", t.Describe()).At(token.SpanOf(t))
	return NoUnit, err.WithHint("units are YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE and SECOND")
}

// smallNumber reads an integer between least and greatest.
func (p *parser) smallNumber(least, greatest int) (int, error) {
	t, err := p.Value(token.Number)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(t.Text)
	if err != nil || n < least || n > greatest {
		return 0, errs.Userf("the number %s must be an integer between %d and %d", t.Text, least, greatest).At(t.Span())
	}
	return n, nil
}
