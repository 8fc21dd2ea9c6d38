package lower

import "github.com/thalweg/thalweg/sql/internal/token"

// match lowers MATCH_RECOGNIZE ( … ).
func (l *lowerer) match(f *Factor) error {
	first := l.Index()
	l.Next()
	if err := l.Expect("("); err != nil {
		return err
	}
	if err := l.enter(); err != nil {
		return err
	}
	m := &Match{}
	f.Match = m
	var err error
	m.Exprs, err = l.fragment(func(b *builder) error { return l.matchBody(b, m) })
	if err != nil {
		return err
	}
	l.leave()
	if err := l.Expect(")"); err != nil {
		return err
	}
	m.Span = l.From(first)
	return nil
}

func (l *lowerer) matchBody(b *builder, m *Match) error {
	b.write("1")
	n := 1
	var err error
	if l.Accept("PARTITION") {
		if err := l.Expect("BY"); err != nil {
			return err
		}
		if m.Partition, err = l.exprList(b, &n); err != nil {
			return err
		}
	}
	if l.Accept("ORDER") {
		if err := l.Expect("BY"); err != nil {
			return err
		}
		if m.Order, err = l.orderList(b, n); err != nil {
			return err
		}
		n += m.Order
	}
	if l.Accept("MEASURES") {
		if m.Measures, err = l.measures(b, &n); err != nil {
			return err
		}
	}
	if m.Middle, err = l.parts.MatchMiddle(l.Cursor); err != nil {
		return err
	}
	if l.Accept("DEFINE") {
		m.Defines, err = l.defines(b, &n)
	}
	return err
}

// measures lowers expr AS name, ….
func (l *lowerer) measures(b *builder, n *int) ([]Named, error) {
	var out []Named
	for {
		first := l.Index()
		b.comma(n)
		if err := l.expr(b); err != nil {
			return nil, err
		}
		if err := l.Expect("AS"); err != nil {
			return nil, err
		}
		name, err := l.Name()
		if err != nil {
			return nil, err
		}
		out = append(out, Named{Span: l.From(first), Name: name})
		if !l.Accept(",") {
			return out, nil
		}
	}
}

// defines lowers name AS condition, ….
func (l *lowerer) defines(b *builder, n *int) ([]Named, error) {
	var out []Named
	for {
		first := l.Index()
		name, err := l.Name()
		if err != nil {
			return nil, err
		}
		if err := l.Expect("AS"); err != nil {
			return nil, err
		}
		b.comma(n)
		if err := l.expr(b); err != nil {
			return nil, err
		}
		out = append(out, Named{Span: l.From(first), Name: name})
		if !l.Accept(",") || l.Peek().Kind == token.EOF {
			return out, nil
		}
	}
}
