package sql

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/token"
)

// Hints reads /*+ NAME(…), … */ runs, as lower.Parts asks.
func (p *parser) Hints(*token.Cursor) (any, error) { return p.hints() }

// hints reads hints if any are next.
func (p *parser) hints() ([]Hint, error) {
	var out []Hint
	for p.Accept("/*+") {
		for !p.Is("*/") {
			h, err := p.hint()
			if err != nil {
				return nil, err
			}
			out = append(out, h)
			p.Accept(",")
		}
		p.Next()
	}
	return out, nil
}

// hint reads NAME, NAME('k'='v', …) or NAME(a, b).
func (p *parser) hint() (Hint, error) {
	first := p.Index()
	name := p.Peek()
	if name.Kind != token.Word {
		return Hint{}, p.Unexpected("the name of a hint")
	}
	p.Next()
	h := Hint{Name: name.Upper}
	if p.Is("(") && !p.Is("(", ")") {
		err := p.list(func() error { return p.hintArgument(&h) })
		if err != nil {
			return h, err
		}
	} else if p.Is("(", ")") {
		p.Next()
		p.Next()
	}
	h.Place = p.place(first)
	return h, nil
}

func (p *parser) hintArgument(h *Hint) error {
	if p.PeekAt(1).Is("=") {
		o, err := p.option()
		h.Options = append(h.Options, o)
		return err
	}
	t := p.Peek()
	switch t.Kind {
	case token.String, token.Word, token.Quoted, token.Number:
		first := p.Index()
		p.Next()
		parts := []string{t.Text}
		for p.Accept(".") {
			part, err := p.AnyName()
			if err != nil {
				return err
			}
			parts = append(parts, part.Text)
		}
		h.Args = append(h.Args, Ident{Place: p.place(first), Text: strings.Join(parts, ".")})
		return nil
	}
	return p.Unexpected("a name or 'key' = 'value'")
}

// option reads 'key' = 'value'. Plain words and numbers pass too.
func (p *parser) option() (Option, error) {
	first := p.Index()
	key := p.Peek()
	if key.Kind != token.String && key.Kind != token.Word && key.Kind != token.Quoted {
		return Option{}, p.Unexpected("'key' = 'value'")
	}
	p.Next()
	if err := p.Expect("="); err != nil {
		return Option{}, err
	}
	value := p.Peek()
	switch value.Kind {
	case token.String, token.Number:
	case token.Word:
		if !value.Is("TRUE", "FALSE") {
			return Option{}, errs.Userf("the value of the option %s is not a string", key.Text).At(value.Span()).
				WithHint("write '%s'", value.Text)
		}
	default:
		return Option{}, p.Unexpected("the option's value as a string")
	}
	p.Next()
	return Option{Place: p.place(first), Key: key.Text, Value: value.Text, ValuePlace: Place{Span: value.Span()}}, nil
}

// options reads ( 'key' = 'value', … ); an empty list is allowed.
func (p *parser) options() ([]Option, error) {
	out := []Option{}
	if p.Is("(", ")") {
		p.Next()
		p.Next()
		return out, nil
	}
	seen := map[string]bool{}
	err := p.list(func() error {
		o, err := p.option()
		if err != nil {
			return err
		}
		if seen[o.Key] {
			return errs.Userf("the option '%s' is given twice", o.Key).At(o.Pos())
		}
		seen[o.Key] = true
		out = append(out, o)
		return nil
	})
	return out, err
}

// Emit reads the clauses after EMIT, as lower.Parts asks.
func (p *parser) Emit(*token.Cursor) (any, error) {
	var out []Emit
	for {
		e, err := p.emit()
		if err != nil {
			return nil, err
		}
		out = append(out, e)
		if !p.Accept(",") {
			return out, nil
		}
	}
}

func (p *parser) emit() (Emit, error) {
	first := p.Index()
	e := Emit{}
	switch {
	case p.Accept("CHANGES"):
		e.Kind = EmitChanges
	case p.Accept("ON", "WINDOW", "CLOSE"):
		e.Kind = EmitOnWindowClose
	default:
		if p.Accept("WITH", "DELAY") {
			lit, err := p.delay()
			if err != nil {
				return e, err
			}
			e.Delay = lit
		} else if p.Accept("WITHOUT") {
			if err := p.Expect("DELAY"); err != nil {
				return e, err
			}
		}
		switch {
		case p.Accept("BEFORE", "WATERMARK"):
			e.Kind = EmitBeforeWatermark
		case p.Accept("AFTER", "WATERMARK"):
			e.Kind = EmitAfterWatermark
		default:
			return e, p.Unexpected("BEFORE WATERMARK, AFTER WATERMARK, ON WINDOW CLOSE or CHANGES")
		}
	}
	e.Place = p.place(first)
	return e, nil
}

// delay reads [INTERVAL] '…' unit.
func (p *parser) delay() (Expr, error) {
	if p.Peek().Kind == token.String {
		p.Seek(p.Index() - 1)
	} else if !p.Is("INTERVAL") {
		return nil, p.Unexpected("INTERVAL '…' unit")
	}
	node, err := p.intervalLiteral()
	if err != nil {
		return nil, err
	}
	return node.(*IntervalLiteral), nil
}
