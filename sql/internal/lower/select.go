package lower

import (
	"strconv"

	"github.com/thalweg/thalweg/internal/errs"
)

func itoa(n int) string { return strconv.Itoa(n) }

// selectBlock lowers SELECT … up to its last clause.
func (l *lowerer) selectBlock(b *builder, sel *Select) error {
	l.Next()
	var err error
	if l.Is("/*+") {
		if sel.Hints, err = l.parts.Hints(l.Cursor); err != nil {
			return err
		}
	}
	if l.Accept("DISTINCT") {
		b.write("DISTINCT ")
	} else {
		l.Accept("ALL")
	}
	if err := l.items(b, sel); err != nil {
		return err
	}
	if l.Is("FROM") {
		b.from(l.Next())
		b.write(" FROM ")
		sel.HasFrom = true
		if err := l.fromClause(b); err != nil {
			return err
		}
	}
	if err := l.conditionClause(b, "WHERE"); err != nil {
		return err
	}
	if err := l.groupBy(b); err != nil {
		return err
	}
	if err := l.conditionClause(b, "HAVING"); err != nil {
		return err
	}
	return l.selectTail(sel)
}

// items lowers the select list.
func (l *lowerer) items(b *builder, sel *Select) error {
	for n := 0; ; {
		b.comma(&n)
		item, err := l.item(b)
		if err != nil {
			return err
		}
		sel.Items = append(sel.Items, item)
		if !l.Accept(",") {
			return nil
		}
		if l.Is("FROM") {
			return errs.Userf("the select list ends with a comma").At(l.At(l.Index() - 1).Span())
		}
	}
}

// item lowers one select item.
func (l *lowerer) item(b *builder) (Item, error) {
	first := l.Index()
	item := Item{}
	if l.Is("*") {
		b.from(l.Next())
		b.write("*")
		item.Star, item.Span = true, l.From(first)
		return item, nil
	}
	if end := l.starAfterPath(); end >= 0 {
		p, err := l.path()
		if err != nil {
			return item, err
		}
		l.Seek(end)
		b.from(l.At(first))
		b.name('i', l.add(&p))
		b.write(".*")
		item.Star, item.Span = true, l.From(first)
		return item, nil
	}
	if err := l.expr(b); err != nil {
		return item, err
	}
	var err error
	switch t := l.Peek(); {
	case t.Is("AS"):
		l.Next()
		item.Alias, err = l.Name()
	case t.IsName() && !t.Is("EMIT"):
		item.Alias = l.Next()
	}
	item.Span = l.From(first)
	return item, err
}

// starAfterPath returns the index after `a.b.*` if that is next, or -1.
func (l *lowerer) starAfterPath() int {
	i := l.Index()
	if !l.At(i).IsName() {
		return -1
	}
	for l.At(i + 1).Is(".") {
		i += 2
		if l.At(i).Is("*") {
			return i + 1
		}
	}
	return -1
}

// conditionClause lowers WHERE or HAVING if it is next.
func (l *lowerer) conditionClause(b *builder, word string) error {
	if !l.Is(word) {
		return nil
	}
	b.from(l.Next())
	b.write(" " + word + " ")
	return l.expr(b)
}

// groupBy lowers GROUP BY if it is next.
func (l *lowerer) groupBy(b *builder) error {
	if !l.Is("GROUP") {
		return nil
	}
	b.from(l.Next())
	if err := l.Expect("BY"); err != nil {
		return err
	}
	if l.Is("ALL") || l.Is("DISTINCT") {
		return l.unsupported("GROUP BY " + l.Peek().Upper)
	}
	b.write(" GROUP BY ")
	for n := 0; ; {
		b.comma(&n)
		if err := l.groupElement(b); err != nil {
			return err
		}
		if !l.Accept(",") {
			return nil
		}
	}
}

// groupElement lowers an expression, a list in parentheses, GROUPING SETS, CUBE or
// ROLLUP.
func (l *lowerer) groupElement(b *builder) error {
	t := l.Peek()
	switch {
	case l.Is("(", ")"):
		b.from(t)
		l.Next()
		l.Next()
		b.call('g', l.add(&Group{Span: l.From(l.Index() - 2), Kind: Parens}))
		b.close()
		return nil
	case l.Is("GROUPING", "SETS", "("):
		l.Next()
		l.Next()
		return l.groupList(b, GroupingSets, l.Index()-2)
	case l.Is("CUBE", "("):
		l.Next()
		return l.groupList(b, Cube, l.Index()-1)
	case l.Is("ROLLUP", "("):
		l.Next()
		return l.groupList(b, Rollup, l.Index()-1)
	}
	return l.expr(b)
}

// groupList lowers ( element, … ) of the group that starts at index first.
func (l *lowerer) groupList(b *builder, kind GroupKind, first int) error {
	if err := l.enter(); err != nil {
		return err
	}
	if b.open >= openMax {
		return errs.Userf("%s is nested too deeply", l.At(first).Upper).At(l.At(first).Span())
	}
	b.from(l.At(first))
	l.Next()
	group := &Group{Kind: kind}
	b.call('g', l.add(group))
	for n := 0; ; {
		b.comma(&n)
		if err := l.groupElement(b); err != nil {
			return err
		}
		if !l.Accept(",") {
			break
		}
	}
	b.close()
	l.leave()
	if err := l.Expect(")"); err != nil {
		return err
	}
	group.Span = l.From(first)
	return nil
}

// selectTail lowers WINDOW, QUALIFY and EMIT, each into its own place.
func (l *lowerer) selectTail(sel *Select) error {
	for {
		var err error
		switch t := l.Peek(); {
		case t.Is("WINDOW") && sel.Windows == nil:
			l.Next()
			err = l.windows(sel)
		case t.Is("QUALIFY") && sel.Qualify == nil:
			l.Next()
			sel.Qualify, err = l.fragment(l.expr)
		case t.Is("EMIT") && sel.Emit == nil:
			l.Next()
			sel.Emit, err = l.parts.Emit(l.Cursor)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// orderList lowers sort keys, with a separator before the first if n > 0, and
// returns how many there are.
func (l *lowerer) orderList(b *builder, n int) (int, error) {
	for count := 1; ; count++ {
		if err := l.orderKey(b, &n); err != nil {
			return 0, err
		}
		if !l.Accept(",") {
			return count, nil
		}
	}
}
