package sql

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/lower"
	"github.com/xwb1989/sqlparser"
)

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
