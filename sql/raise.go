package sql

import (
	"sort"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/lower"
	"github.com/thalweg/thalweg/sql/internal/token"
	"github.com/xwb1989/sqlparser"
)

// raiser turns what sqlparser made of a lowered text into our tree, with the help
// of the side table.
type raiser struct {
	table  *lower.Table
	cursor *token.Cursor
	// hole is the operand that a postfix predicate at the left end of the next
	// expression applies to; see (*raiser).apply.
	hole Expr
}

// at makes a place of a lowered span.
func at(span errs.Span) Place { return Place{Span: span} }

// joined is the place from the start of a to the end of b.
func joined(a, b Node) Place {
	return Place{Span: errs.Span{Start: a.Pos().Start, End: b.Pos().End}}
}

// unraisable is the error for a tree of sqlparser's that lowering should never
// lead to.
func unraisable(node any, span errs.Span) error {
	return errs.Bugf("the query parser gave a %T that was not asked for", node).At(span)
}

// tokenBefore is the token that ends at or before the byte offset start.
func (r *raiser) tokenBefore(start int) token.Token {
	i := sort.Search(r.cursor.Len(), func(i int) bool { return r.cursor.At(i).Start >= start })
	return r.cursor.At(max(i-1, 0))
}

// fragment raises a fragment of one expression.
func (r *raiser) fragment(f *lower.Fragment) (Expr, error) {
	list, err := r.fragments(f)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, unraisable(list, f.Span)
	}
	return list[0], nil
}

// fragments raises a fragment that is a list of expressions.
func (r *raiser) fragments(f *lower.Fragment) ([]Expr, error) {
	raw, err := f.Exprs()
	if err != nil {
		return nil, err
	}
	return r.exprs(raw)
}

func (r *raiser) exprs(raw []sqlparser.Expr) ([]Expr, error) {
	out := make([]Expr, len(raw))
	for i, e := range raw {
		var err error
		if out[i], err = r.expr(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func nameOf(p lower.Path) Name {
	return Name{Place: at(p.Span), Parts: identsOf(p.Parts)}
}

// optionalIdent is nil for a zero token.
func optionalIdent(t token.Token) *Ident {
	if t.Kind == token.EOF {
		return nil
	}
	id := identOf(t)
	return &id
}

// query raises a lowered query.
func (r *raiser) query(q *lower.Query) (*Query, error) {
	out := &Query{Place: at(q.Span)}
	for _, c := range q.With {
		inner, err := r.query(c.Query)
		if err != nil {
			return nil, err
		}
		out.With = append(out.With, CTE{Place: at(c.Span), Name: identOf(c.Name), Columns: identsOf(c.Columns), Query: inner})
	}
	stmt, err := q.Body.Parse()
	if err != nil {
		return nil, err
	}
	var orderBy sqlparser.OrderBy
	var limit *sqlparser.Limit
	switch s := stmt.(type) {
	case *sqlparser.Select:
		orderBy, limit = s.OrderBy, s.Limit
	case *sqlparser.Union:
		orderBy, limit = s.OrderBy, s.Limit
	}
	if out.Body, err = r.body(stmt); err != nil {
		return nil, err
	}
	for _, o := range orderBy {
		item, err := r.orderItem(o.Expr)
		if err != nil {
			return nil, err
		}
		out.OrderBy = append(out.OrderBy, item)
	}
	if err := r.limits(out, limit, q.NoLimit); err != nil {
		return nil, err
	}
	if inner, ok := out.Body.(*Query); ok && len(out.With) == 0 && !out.hasTail() {
		inner.Place = out.Place
		return inner, nil
	}
	return out, nil
}

// hasTail reports whether the query has clauses behind its body.
func (q *Query) hasTail() bool { return len(q.OrderBy) > 0 || q.Limit != nil || q.Offset != nil }

func (r *raiser) limits(out *Query, limit *sqlparser.Limit, noLimit bool) error {
	if limit == nil {
		return nil
	}
	var err error
	if !noLimit {
		if out.Limit, err = r.expr(limit.Rowcount); err != nil {
			return err
		}
	}
	if limit.Offset != nil {
		out.Offset, err = r.expr(limit.Offset)
	}
	return err
}

// body raises set operations, down the left side without recursion, as they may be
// as many as the text is long.
func (r *raiser) body(stmt sqlparser.SelectStatement) (QueryBody, error) {
	var rights []sqlparser.SelectStatement
	for {
		if u, ok := stmt.(*sqlparser.Union); ok {
			rights = append(rights, u.Right)
			stmt = u.Left
			continue
		}
		if p, ok := stmt.(*sqlparser.ParenSelect); ok {
			stmt = p.Select
			if len(rights) > 0 {
				break
			}
			continue
		}
		break
	}
	left, err := r.bodyLeaf(stmt)
	if err != nil {
		return nil, err
	}
	for i := len(rights) - 1; i >= 0; i-- {
		entry, err := r.leftmostSelect(rights[i])
		if err != nil {
			return nil, err
		}
		right, err := r.body(rights[i])
		if err != nil {
			return nil, err
		}
		kind := map[string]SetOpKind{"UNION": Union, "INTERSECT": Intersect, "EXCEPT": Except}[entry.SetOp]
		left = &SetOp{Place: joined(left, right), Kind: kind, All: entry.All, Left: left, Right: right}
	}
	return left, nil
}

// bodyLeaf raises what stands left of all set operators: one operand, or a run of INTERSECT in its own parentheses.
func (r *raiser) bodyLeaf(stmt sqlparser.SelectStatement) (QueryBody, error) {
	switch s := stmt.(type) {
	case *sqlparser.Select:
		return r.operand(s)
	case *sqlparser.Union:
		return r.body(s)
	}
	return nil, unraisable(stmt, errs.Span{})
}

// leftmostSelect finds the entry of the first SELECT in stmt.
func (r *raiser) leftmostSelect(stmt sqlparser.SelectStatement) (*lower.Select, error) {
	for {
		switch s := stmt.(type) {
		case *sqlparser.Union:
			stmt = s.Left
		case *sqlparser.ParenSelect:
			stmt = s.Select
		case *sqlparser.Select:
			return r.selectEntry(s)
		default:
			return nil, unraisable(stmt, errs.Span{})
		}
	}
}

// selectEntry finds a SELECT's entry by its comment.
func (r *raiser) selectEntry(s *sqlparser.Select) (*lower.Select, error) {
	if len(s.Comments) != 1 {
		return nil, unraisable(s, errs.Span{})
	}
	entry, ok := r.table.Find(strings.TrimSuffix(string(s.Comments[0]), "*/")).(*lower.Select)
	if !ok {
		return nil, unraisable(s, errs.Span{})
	}
	return entry, nil
}

// operand raises one operand of a body.
func (r *raiser) operand(s *sqlparser.Select) (QueryBody, error) {
	entry, err := r.selectEntry(s)
	if err != nil {
		return nil, err
	}
	switch entry.Kind {
	case lower.ValuesRows:
		return r.values(s, entry)
	case lower.TableOf:
		return &ExplicitTable{Place: at(entry.Span), Name: nameOf(entry.Table)}, nil
	case lower.Nested:
		q, err := r.query(entry.Query)
		if err != nil {
			return nil, err
		}
		if len(q.With) == 0 && !q.hasTail() {
			return q.Body, nil
		}
		q.Place = at(entry.Span)
		return q, nil
	}
	return r.selectBlock(s, entry)
}

// values raises VALUES. A row in parentheses, or ROW(…), gives its items.
func (r *raiser) values(s *sqlparser.Select, entry *lower.Select) (*Values, error) {
	v := &Values{Place: at(entry.Span)}
	for _, item := range s.SelectExprs {
		aliased, ok := item.(*sqlparser.AliasedExpr)
		if !ok {
			return nil, unraisable(item, entry.Span)
		}
		if items, group, err := r.groupItems(aliased.Expr); err != nil {
			return nil, err
		} else if group != nil {
			v.Rows = append(v.Rows, items)
			continue
		}
		e, err := r.expr(aliased.Expr)
		if err != nil {
			return nil, err
		}
		v.Rows = append(v.Rows, []Expr{e})
	}
	return v, nil
}

// groupOf finds the group that e stands for, also when it was lowered into a
// fragment of its own.
func (r *raiser) groupOf(e sqlparser.Expr) (*sqlparser.FuncExpr, *lower.Group, error) {
	if val, ok := e.(*sqlparser.SQLVal); ok {
		leaf, _ := r.table.Find(string(val.Val)).(*lower.Leaf)
		if leaf == nil {
			return nil, nil, nil
		}
		f, ok := leaf.Node.(*lower.Fragment)
		if !ok {
			return nil, nil, nil
		}
		list, err := f.Exprs()
		if err != nil || len(list) != 1 {
			return nil, nil, err
		}
		e = list[0]
	}
	call, ok := e.(*sqlparser.FuncExpr)
	if !ok {
		return nil, nil, nil
	}
	group, _ := r.table.Find(call.Name.String()).(*lower.Group)
	return call, group, nil
}

// groupItems raises the items of (…) or ROW(…) and gives its span; the group is nil if e is
// neither.
func (r *raiser) groupItems(e sqlparser.Expr) ([]Expr, *lower.Group, error) {
	call, group, err := r.groupOf(e)
	if err != nil || group == nil || group.Kind != lower.Parens && group.Kind != lower.RowOf {
		return nil, nil, err
	}
	items, err := r.arguments(call, group.Span)
	if err == nil && len(items) == 0 {
		return nil, nil, errs.Userf("the row is empty").At(group.Span)
	}
	return items, group, err
}

// selectBlock raises one SELECT.
func (r *raiser) selectBlock(s *sqlparser.Select, entry *lower.Select) (*Select, error) {
	out := &Select{Place: at(entry.Span), Distinct: s.Distinct != ""}
	out.Hints, _ = entry.Hints.([]Hint)
	out.Emit, _ = entry.Emit.([]Emit)
	var err error
	if out.Items, err = r.items(s, entry); err != nil {
		return nil, err
	}
	if entry.HasFrom {
		for _, ref := range s.From {
			t, err := r.tableExpr(ref)
			if err != nil {
				return nil, err
			}
			out.From = append(out.From, t)
		}
	}
	if s.Where != nil {
		if out.Where, err = r.expr(s.Where.Expr); err != nil {
			return nil, err
		}
	}
	for _, e := range s.GroupBy {
		g, err := r.expr(e)
		if err != nil {
			return nil, err
		}
		out.GroupBy = append(out.GroupBy, g)
	}
	if s.Having != nil {
		if out.Having, err = r.expr(s.Having.Expr); err != nil {
			return nil, err
		}
	}
	return out, r.selectTail(out, entry)
}

// selectTail raises WINDOW and QUALIFY.
func (r *raiser) selectTail(out *Select, entry *lower.Select) error {
	for _, w := range entry.Windows {
		parts, err := w.Parts.Exprs()
		if err != nil {
			return err
		}
		args := &argumentReader{r: r, raw: parts[1:]}
		spec, err := args.over(w.Over)
		if err != nil {
			return err
		}
		out.Windows = append(out.Windows, NamedWindow{Place: at(w.Span), Name: identOf(w.Name), Spec: spec})
	}
	if entry.Qualify == nil {
		return nil
	}
	var err error
	out.Qualify, err = r.fragment(entry.Qualify)
	return err
}

// items raises the select list.
func (r *raiser) items(s *sqlparser.Select, entry *lower.Select) ([]SelectItem, error) {
	if len(s.SelectExprs) != len(entry.Items) {
		return nil, unraisable(s, entry.Span)
	}
	out := make([]SelectItem, len(entry.Items))
	for i, raw := range s.SelectExprs {
		item := entry.Items[i]
		out[i] = SelectItem{Place: at(item.Span), Alias: optionalIdent(item.Alias)}
		switch e := raw.(type) {
		case *sqlparser.StarExpr:
			star := &Star{Place: at(item.Span)}
			if name := e.TableName.Name.String(); name != "" {
				path, ok := r.table.Find(name).(*lower.Path)
				if !ok {
					return nil, unraisable(raw, item.Span)
				}
				star.Qualifier = identsOf(path.Parts)
			}
			out[i].Expr = star
		case *sqlparser.AliasedExpr:
			var err error
			if out[i].Expr, err = r.expr(e.Expr); err != nil {
				return nil, err
			}
		default:
			return nil, unraisable(raw, item.Span)
		}
	}
	return out, nil
}

// orderItem raises a sort key, which lowering wrapped in a call.
func (r *raiser) orderItem(e sqlparser.Expr) (OrderItem, error) {
	call, ok := e.(*sqlparser.FuncExpr)
	if !ok {
		return OrderItem{}, unraisable(e, errs.Span{})
	}
	entry, ok := r.table.Find(call.Name.String()).(*lower.Order)
	if !ok {
		return OrderItem{}, unraisable(e, errs.Span{})
	}
	args, err := r.arguments(call, entry.Span)
	if err != nil {
		return OrderItem{}, err
	}
	item := OrderItem{Place: at(entry.Span), Expr: args[0], Desc: entry.Desc}
	switch entry.Nulls {
	case "FIRST":
		item.Nulls = NullsFirst
	case "LAST":
		item.Nulls = NullsLast
	}
	return item, nil
}
