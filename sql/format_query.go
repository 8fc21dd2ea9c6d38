package sql

// query writes a query with all its clauses.
func (f *formatter) query(q *Query) {
	f.wordIf(len(q.With) > 0, "WITH ")
	f.each(len(q.With), ", ", func(i int) {
		f.ident(q.With[i].Name)
		if q.With[i].Columns != nil {
			f.words(" ")
			f.idents(q.With[i].Columns)
		}
		f.words(" AS (")
		f.query(q.With[i].Query)
		f.words(")")
	})
	f.wordIf(len(q.With) > 0, " ")
	f.body(q.Body)
	if len(q.OrderBy) > 0 {
		f.words(" ORDER BY ")
		f.orderItems(q.OrderBy)
	}
	if q.Limit != nil {
		f.words(" LIMIT ")
		f.expr(q.Limit, 0)
	}
	if q.Offset != nil {
		f.words(" OFFSET ")
		f.expr(q.Offset, 0)
	}
}

// tightness orders set operations: a tighter one needs no parentheses in a looser.
func (k SetOpKind) tightness() int {
	if k == Intersect {
		return 2
	}
	return 1
}

// body writes a body, with set operations down the left side in a loop.
func (f *formatter) body(b QueryBody) {
	var spine []*SetOp
	for {
		op, ok := b.(*SetOp)
		if !ok || len(spine) > 0 && op.Kind.tightness() < spine[len(spine)-1].Kind.tightness() {
			break
		}
		spine = append(spine, op)
		b = op.Left
	}
	f.operand(b, b != nil && len(spine) > 0)
	for i := len(spine) - 1; i >= 0; i-- {
		op := spine[i]
		f.words(" ", op.Kind.String(), " ")
		f.wordIf(op.All, "ALL ")
		right, nested := op.Right.(*SetOp)
		f.operand(op.Right, nested && right.Kind.tightness() <= op.Kind.tightness())
	}
}

// operand writes one operand of a body; parens puts a set operation in
// parentheses.
func (f *formatter) operand(b QueryBody, parens bool) {
	switch b := b.(type) {
	case *Select:
		f.selectBlock(b)
	case *Values:
		f.words("VALUES ")
		f.each(len(b.Rows), ", ", func(i int) { f.parens(b.Rows[i]) })
	case *ExplicitTable:
		f.words("TABLE ")
		f.name(b.Name)
	case *Query:
		f.words("(")
		f.query(b)
		f.words(")")
	case *SetOp:
		f.wordIf(parens, "(")
		f.body(b)
		f.wordIf(parens, ")")
	}
}

func (f *formatter) selectBlock(s *Select) {
	f.words("SELECT")
	f.hints(s.Hints)
	f.wordIf(s.Distinct, " DISTINCT")
	f.words(" ")
	f.each(len(s.Items), ", ", func(i int) {
		f.expr(s.Items[i].Expr, 0)
		if s.Items[i].Alias != nil {
			f.words(" AS ")
			f.ident(*s.Items[i].Alias)
		}
	})
	f.wordIf(len(s.From) > 0, " FROM ")
	f.each(len(s.From), ", ", func(i int) { f.tableRef(s.From[i]) })
	if s.Where != nil {
		f.words(" WHERE ")
		f.expr(s.Where, 0)
	}
	if len(s.GroupBy) > 0 {
		f.words(" GROUP BY ")
		f.exprs(s.GroupBy)
	}
	if s.Having != nil {
		f.words(" HAVING ")
		f.expr(s.Having, 0)
	}
	f.wordIf(len(s.Windows) > 0, " WINDOW ")
	f.each(len(s.Windows), ", ", func(i int) {
		f.ident(s.Windows[i].Name)
		f.words(" AS ")
		f.windowSpec(s.Windows[i].Spec)
	})
	if s.Qualify != nil {
		f.words(" QUALIFY ")
		f.expr(s.Qualify, 0)
	}
	f.wordIf(len(s.Emit) > 0, " EMIT ")
	f.each(len(s.Emit), ", ", func(i int) { f.emit(s.Emit[i]) })
}

func (f *formatter) emit(e Emit) {
	if e.Delay != nil {
		f.words("WITH DELAY ")
		f.expr(e.Delay, 0)
		f.words(" ")
	}
	f.words(e.Kind.String())
}

func (f *formatter) orderItems(list []OrderItem) {
	f.each(len(list), ", ", func(i int) {
		f.expr(list[i].Expr, 0)
		f.wordIf(list[i].Desc, " DESC")
		f.wordIf(list[i].Nulls != NullsDefault, " "+list[i].Nulls.String())
	})
}

// windowSpec writes (…) or a bare window name.
func (f *formatter) windowSpec(w *WindowSpec) {
	if w.Bare {
		f.ident(*w.Base)
		return
	}
	separator := "("
	part := func() {
		f.words(separator)
		separator = " "
	}
	if w.Base != nil {
		part()
		f.ident(*w.Base)
	}
	if len(w.PartitionBy) > 0 {
		part()
		f.words("PARTITION BY ")
		f.exprs(w.PartitionBy)
	}
	if len(w.OrderBy) > 0 {
		part()
		f.words("ORDER BY ")
		f.orderItems(w.OrderBy)
	}
	if w.Frame != nil {
		part()
		if w.Frame.Rows {
			f.words("ROWS BETWEEN ")
		} else {
			f.words("RANGE BETWEEN ")
		}
		f.bound(w.Frame.Start)
		f.words(" AND ")
		f.bound(w.Frame.End)
	}
	f.wordIf(separator == "(", "(")
	f.words(")")
}

// bound writes one end of a frame; its offset must not hold a bare AND.
func (f *formatter) bound(b FrameBound) {
	if b.Offset != nil {
		f.expr(b.Offset, precIs)
		f.words(" ")
	}
	f.words(b.Kind.String())
}
