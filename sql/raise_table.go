package sql

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/lower"
	"github.com/xwb1989/sqlparser"
)

// joinKinds are the kinds of joins by lower.Join's.
var joinKinds = map[string]JoinKind{
	"JOIN": InnerJoin, "LEFT": LeftJoin, "RIGHT": RightJoin, "FULL": FullJoin, "CROSS": CrossJoin, "SEMI": SemiJoin, "ANTI": AntiJoin,
}

// tableExpr raises an element of FROM.
func (r *raiser) tableExpr(e sqlparser.TableExpr) (TableRef, error) {
	switch n := e.(type) {
	case *sqlparser.AliasedTableExpr:
		entry, err := r.factorEntry(n)
		if err != nil {
			return nil, err
		}
		return r.factor(entry)
	case *sqlparser.ParenTableExpr:
		if len(n.Exprs) == 1 {
			return r.tableExpr(n.Exprs[0])
		}
	case *sqlparser.JoinTableExpr:
		return r.join(n)
	}
	return nil, unraisable(e, errs.Span{})
}

func (r *raiser) factorEntry(n *sqlparser.AliasedTableExpr) (*lower.Factor, error) {
	name, ok := n.Expr.(sqlparser.TableName)
	if !ok {
		return nil, unraisable(n.Expr, errs.Span{})
	}
	entry, ok := r.table.Find(name.Name.String()).(*lower.Factor)
	if !ok {
		return nil, unraisable(n.Expr, errs.Span{})
	}
	return entry, nil
}

// join raises a join; its kind stands on the first table of its right side.
func (r *raiser) join(n *sqlparser.JoinTableExpr) (TableRef, error) {
	left, err := r.tableExpr(n.LeftExpr)
	if err != nil {
		return nil, err
	}
	right, err := r.tableExpr(n.RightExpr)
	if err != nil {
		return nil, err
	}
	first, err := r.leftmostFactor(n.RightExpr)
	if err != nil {
		return nil, err
	}
	out := &Join{Place: joined(left, right), Kind: joinKinds[first.Join.Kind], Natural: first.Join.Natural, Left: left, Right: right}
	if n.Condition.On != nil {
		if out.On, err = r.expr(n.Condition.On); err != nil {
			return nil, err
		}
		out.Span.End = max(out.Span.End, out.On.Pos().End)
	}
	for _, column := range n.Condition.Using {
		path, ok := r.table.Find(column.String()).(*lower.Path)
		if !ok {
			return nil, unraisable(column, out.Span)
		}
		out.Using = append(out.Using, identOf(path.Parts[0]))
		out.Span.End = max(out.Span.End, path.End)
	}
	return out, nil
}

// leftmostFactor finds the entry of the first table in e.
func (r *raiser) leftmostFactor(e sqlparser.TableExpr) (*lower.Factor, error) {
	for {
		switch n := e.(type) {
		case *sqlparser.JoinTableExpr:
			e = n.LeftExpr
		case *sqlparser.ParenTableExpr:
			e = n.Exprs[0]
		case *sqlparser.AliasedTableExpr:
			return r.factorEntry(n)
		default:
			return nil, unraisable(e, errs.Span{})
		}
	}
}

func aliasOf(a *lower.Alias) *Alias {
	if a == nil {
		return nil
	}
	return &Alias{Place: at(a.Span), Name: identOf(a.Name), Columns: identsOf(a.Columns)}
}

// factor raises one table, with MATCH_RECOGNIZE behind it.
func (r *raiser) factor(f *lower.Factor) (TableRef, error) {
	if f.Match == nil {
		return r.factorBody(f, at(f.Span), aliasOf(f.Alias))
	}
	inner := f.Inner
	if f.InnerAlias != nil {
		inner.End = f.InnerAlias.End
	}
	input, err := r.factorBody(f, at(inner), aliasOf(f.InnerAlias))
	if err != nil {
		return nil, err
	}
	m, err := r.match(f.Match)
	if err != nil {
		return nil, err
	}
	m.Place, m.Input, m.Alias = at(f.Span), input, aliasOf(f.Alias)
	return m, nil
}

func (r *raiser) factorBody(f *lower.Factor, place Place, alias *Alias) (TableRef, error) {
	switch f.Kind {
	case lower.Derived:
		q, err := r.query(f.Query)
		return &DerivedTable{Place: place, Lateral: f.Lateral, Query: q, Alias: alias}, err
	case lower.Function:
		e, err := r.fragment(f.Args)
		if err != nil {
			return nil, err
		}
		call, ok := e.(*Call)
		if !ok {
			return nil, errs.Userf("FROM takes a table function here").At(e.Pos())
		}
		return &TableFunction{Place: place, Lateral: f.Lateral, Call: call, Alias: alias}, nil
	case lower.Unnest:
		args, err := r.fragments(f.Args)
		return &Unnest{Place: place, Args: args, WithOrdinality: f.Ordinality, Alias: alias}, err
	}
	t := &NamedTable{Place: place, Name: nameOf(f.Name), Alias: alias}
	t.Hints, _ = f.Hints.([]Hint)
	var err error
	if f.AsOf != nil {
		t.AsOf, err = r.fragment(f.AsOf)
	}
	return t, err
}

// match raises MATCH_RECOGNIZE without its input.
func (r *raiser) match(m *lower.Match) (*MatchRecognize, error) {
	out, ok := m.Middle.(*MatchRecognize)
	if !ok {
		return nil, unraisable(m.Middle, m.Span)
	}
	raw, err := m.Exprs.Exprs()
	if err != nil {
		return nil, err
	}
	args := &argumentReader{r: r, raw: raw[1:]}
	if out.PartitionBy, err = args.exprs(m.Partition); err != nil {
		return nil, err
	}
	if out.OrderBy, err = args.orderItems(m.Order); err != nil {
		return nil, err
	}
	if out.Measures, err = args.measures(m.Measures); err != nil {
		return nil, err
	}
	out.Defines, err = args.measures(m.Defines)
	return out, err
}

// measures raises named expressions.
func (a *argumentReader) measures(names []lower.Named) ([]Measure, error) {
	var out []Measure
	for _, n := range names {
		e, err := a.expr()
		if err != nil {
			return nil, err
		}
		out = append(out, Measure{Place: at(n.Span), Name: identOf(n.Name), Expr: e})
	}
	return out, nil
}
