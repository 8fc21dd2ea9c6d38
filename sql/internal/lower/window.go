package lower

// windows lowers the entries after WINDOW.
func (l *lowerer) windows(sel *Select) error {
	for {
		first := l.Index()
		name, err := l.Name()
		if err != nil {
			return err
		}
		if err := l.Expect("AS"); err != nil {
			return err
		}
		w := Window{Name: name}
		w.Parts, err = l.fragment(func(b *builder) error {
			b.write("1")
			n := 1
			over, err := l.windowSpec(b, &n)
			w.Over = over
			return err
		})
		if err != nil {
			return err
		}
		w.Span = l.From(first)
		sel.Windows = append(sel.Windows, w)
		if !l.Accept(",") {
			return nil
		}
	}
}

// windowSpec lowers ( [base] [PARTITION BY …] [ORDER BY …] [frame] ); its
// expressions become further arguments of the call being written, which has n so
// far.
func (l *lowerer) windowSpec(b *builder, n *int) (*Over, error) {
	first := l.Index()
	if err := l.Expect("("); err != nil {
		return nil, err
	}
	if err := l.enter(); err != nil {
		return nil, err
	}
	over := &Over{}
	if t := l.Peek(); t.IsName() && !t.Is("PARTITION", "ROWS", "RANGE", "GROUPS") {
		over.Base = l.Next()
	}
	if l.Accept("PARTITION") {
		if err := l.Expect("BY"); err != nil {
			return nil, err
		}
		count, err := l.exprList(b, n)
		if err != nil {
			return nil, err
		}
		over.Partition = count
	}
	if l.Accept("ORDER") {
		if err := l.Expect("BY"); err != nil {
			return nil, err
		}
		count, err := l.orderList(b, *n)
		if err != nil {
			return nil, err
		}
		over.Order = count
		*n += count
	}
	if l.Is("GROUPS") {
		return nil, l.unsupported("a GROUPS frame")
	}
	if l.Is("ROWS") || l.Is("RANGE") {
		if err := l.frame(b, n, over); err != nil {
			return nil, err
		}
	}
	l.leave()
	if err := l.Expect(")"); err != nil {
		return nil, err
	}
	over.Span = l.From(first)
	return over, nil
}

// exprList lowers expr, … as further arguments and returns how many there are.
func (l *lowerer) exprList(b *builder, n *int) (int, error) {
	for count := 1; ; count++ {
		b.comma(n)
		if err := l.expr(b); err != nil {
			return 0, err
		}
		if !l.Accept(",") {
			return count, nil
		}
	}
}

// frame lowers {ROWS|RANGE} bound, or BETWEEN bound AND bound.
func (l *lowerer) frame(b *builder, n *int, over *Over) error {
	first := l.Index()
	f := &Frame{Rows: l.Next().Is("ROWS")}
	var err error
	if l.Accept("BETWEEN") {
		if f.Start, err = l.bound(b, n); err != nil {
			return err
		}
		if err := l.Expect("AND"); err != nil {
			return err
		}
		f.End, err = l.bound(b, n)
	} else {
		f.Start, err = l.bound(b, n)
		f.End = Bound{Span: f.Start.Span, Kind: "CURRENT ROW"}
	}
	f.Span = l.From(first)
	over.Frame = f
	return err
}

// bound lowers one end of a frame.
func (l *lowerer) bound(b *builder, n *int) (Bound, error) {
	first := l.Index()
	bound := Bound{}
	switch {
	case l.Accept("CURRENT"):
		bound.Kind = "CURRENT ROW"
		if err := l.Expect("ROW"); err != nil {
			return bound, err
		}
	case l.Is("UNBOUNDED"):
		l.Next()
		bound.Kind = "UNBOUNDED "
		fallthrough
	default:
		if bound.Kind == "" {
			b.comma(n)
			// The bound ends at PRECEDING or FOLLOWING, and BETWEEN's AND is no operator here.
			if err := l.exprNoAnd(b); err != nil {
				return bound, err
			}
		}
		if !l.Is("PRECEDING") && !l.Is("FOLLOWING") {
			return bound, l.Unexpected("PRECEDING or FOLLOWING")
		}
		bound.Kind += l.Next().Upper
	}
	bound.Span = l.From(first)
	return bound, nil
}
