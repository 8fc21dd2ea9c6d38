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
