package sql

import (
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql/internal/lower"
	"github.com/xwb1989/sqlparser"
)

// leaf raises a value that lowering took out.
func (r *raiser) leaf(leaf *lower.Leaf) (Expr, error) {
	place := at(leaf.Span)
	switch n := leaf.Node.(type) {
	case Expr:
		return n, nil
	case *lower.Fragment:
		return r.fragment(n)
	case *lower.Query:
		q, err := r.query(n)
		return &Subquery{Place: place, Query: q}, err
	case *lower.Exists:
		q, err := r.query(n.Query)
		return &Exists{Place: place, Query: q}, err
	case *lower.Star:
		return &Star{Place: place}, nil
	case lower.Symbol:
		return &Symbol{Place: place, Text: string(n)}, nil
	case *lower.Names:
		if n.Model {
			return &ModelArg{Place: place, Name: nameOf(n.Paths[0])}, nil
		}
		d := &Descriptor{Place: place}
		for _, p := range n.Paths {
			d.Columns = append(d.Columns, nameOf(p))
		}
		return d, nil
	case *lower.TableArg:
		return r.tableArg(n, place)
	}
	return nil, unraisable(leaf.Node, leaf.Span)
}

// tableArg raises TABLE t or (query) as an argument.
func (r *raiser) tableArg(n *lower.TableArg, place Place) (Expr, error) {
	out := &TableArg{Place: place}
	if n.Query != nil {
		q, err := r.query(n.Query)
		if err != nil {
			return nil, err
		}
		out.Table = &DerivedTable{Place: at(n.QuerySpan), Query: q}
	} else {
		t := &NamedTable{Place: at(n.Name.Span), Name: nameOf(n.Name)}
		t.Hints, _ = n.Hints.([]Hint)
		out.Table = t
	}
	raw, err := n.Clauses.Exprs()
	if err != nil {
		return nil, err
	}
	args := &argumentReader{r: r, raw: raw[1:]}
	if out.PartitionBy, err = args.exprs(n.Partition); err != nil {
		return nil, err
	}
	out.OrderBy, err = args.orderItems(n.Order)
	return out, err
}

// rawArguments lists a call's arguments.
func rawArguments(call *sqlparser.FuncExpr, span errs.Span) ([]sqlparser.Expr, error) {
	out := make([]sqlparser.Expr, len(call.Exprs))
	for i, item := range call.Exprs {
		aliased, ok := item.(*sqlparser.AliasedExpr)
		if !ok {
			return nil, unraisable(item, span)
		}
		out[i] = aliased.Expr
	}
	return out, nil
}

// arguments raises a call's arguments.
func (r *raiser) arguments(call *sqlparser.FuncExpr, span errs.Span) ([]Expr, error) {
	raw, err := rawArguments(call, span)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	return r.exprs(raw)
}

// call raises what lowering wrote as a call.
func (r *raiser) call(call *sqlparser.FuncExpr) (Expr, error) {
	switch entry := r.table.Find(call.Name.String()).(type) {
	case *lower.Call:
		return r.function(call, entry)
	case *lower.Group:
		return r.group(call, entry)
	case *lower.Postfix:
		return r.postfix(call, entry)
	}
	return nil, unraisable(call, errs.Span{})
}

// group raises a bracketed list.
func (r *raiser) group(call *sqlparser.FuncExpr, entry *lower.Group) (Expr, error) {
	place := at(entry.Span)
	if entry.Kind == lower.Case {
		raw, err := rawArguments(call, entry.Span)
		if err != nil {
			return nil, err
		}
		if n, ok := raw[0].(*sqlparser.CaseExpr); ok && len(raw) == 1 {
			return r.caseExpr(n, entry.Span)
		}
		return nil, unraisable(raw[0], entry.Span)
	}
	items, err := r.arguments(call, entry.Span)
	if err != nil {
		return nil, err
	}
	switch entry.Kind {
	case lower.Parens:
		if len(items) == 1 {
			items[0].setSpan(place)
			return items[0], nil
		}
		return &Row{Place: place, Items: items}, nil
	case lower.RowOf:
		return &Row{Place: place, Explicit: true, Items: items}, nil
	case lower.ArrayOf:
		return &Array{Place: place, Items: items}, nil
	case lower.MapOf:
		m := &Map{Place: place}
		for i := 0; i+1 < len(items); i += 2 {
			m.Keys = append(m.Keys, items[i])
			m.Values = append(m.Values, items[i+1])
		}
		return m, nil
	case lower.Cube:
		return &GroupingSets{Place: place, Kind: Cube, Elements: items}, nil
	case lower.Rollup:
		return &GroupingSets{Place: place, Kind: Rollup, Elements: items}, nil
	}
	return &GroupingSets{Place: place, Kind: GroupingSetsOf, Elements: items}, nil
}

// postfix raises [index] and .name behind an operand.
func (r *raiser) postfix(call *sqlparser.FuncExpr, entry *lower.Postfix) (Expr, error) {
	args, err := r.arguments(call, entry.Span)
	if err != nil {
		return nil, err
	}
	x, indexes := args[0], args[1:]
	for _, step := range entry.Steps {
		place := Place{Span: errs.Span{Start: entry.Start, End: step.End}}
		if step.Name.Text != "" {
			x = &Field{Place: place, X: x, Name: identOf(step.Name)}
			continue
		}
		x = &Index{Place: place, X: x, Index: indexes[0]}
		indexes = indexes[1:]
	}
	return x, nil
}

// argumentReader hands out a call's arguments to its clauses in order.
type argumentReader struct {
	r   *raiser
	raw []sqlparser.Expr
}

func (a *argumentReader) next() sqlparser.Expr {
	e := a.raw[0]
	a.raw = a.raw[1:]
	return e
}

func (a *argumentReader) expr() (Expr, error) { return a.r.expr(a.next()) }

// exprs raises the next n arguments; nil for none.
func (a *argumentReader) exprs(n int) ([]Expr, error) {
	if n == 0 {
		return nil, nil
	}
	out, err := a.r.exprs(a.raw[:n])
	a.raw = a.raw[n:]
	return out, err
}

// orderItems raises the next n arguments as sort keys.
func (a *argumentReader) orderItems(n int) ([]OrderItem, error) {
	var out []OrderItem
	for range n {
		item, err := a.r.orderItem(a.next())
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}

// over raises a window.
func (a *argumentReader) over(o *lower.Over) (*WindowSpec, error) {
	w := &WindowSpec{Place: at(o.Span), Base: optionalIdent(o.Base), Bare: o.Bare}
	var err error
	if w.PartitionBy, err = a.exprs(o.Partition); err != nil {
		return nil, err
	}
	if w.OrderBy, err = a.orderItems(o.Order); err != nil {
		return nil, err
	}
	if o.Frame == nil {
		return w, nil
	}
	w.Frame = &Frame{Place: at(o.Frame.Span), Rows: o.Frame.Rows}
	if w.Frame.Start, err = a.bound(o.Frame.Start); err != nil {
		return nil, err
	}
	w.Frame.End, err = a.bound(o.Frame.End)
	return w, err
}

// bound raises one end of a frame.
func (a *argumentReader) bound(b lower.Bound) (FrameBound, error) {
	out := FrameBound{Place: at(b.Span)}
	for out.Kind = UnboundedPreceding; out.Kind.String() != b.Kind; out.Kind++ {
	}
	var err error
	if b.HasOffset() {
		out.Offset, err = a.expr()
	}
	return out, err
}

// function raises a call with its clauses.
func (r *raiser) function(call *sqlparser.FuncExpr, entry *lower.Call) (Expr, error) {
	raw, err := rawArguments(call, entry.Span)
	if err != nil {
		return nil, err
	}
	args := &argumentReader{r: r, raw: raw}
	if entry.IsCast {
		x, err := args.expr()
		return &Cast{Place: at(entry.Span), X: x, Type: entry.Type, TypePlace: at(entry.TypeSpan), Try: entry.Name[0].Is("TRY_CAST")}, err
	}
	out := &Call{Place: at(entry.Span), Distinct: entry.Distinct}
	out.Name.Parts = identsOf(entry.Name)
	out.Name.Span = errs.Span{Start: entry.Name[0].Start, End: entry.Name[len(entry.Name)-1].End}
	out.Function = strings.ToUpper(strings.Join(out.Name.Strings(), "."))
	if out.Args, err = args.exprs(entry.Args); err != nil {
		return nil, err
	}
	for i, name := range entry.Named {
		place := Place{Span: errs.Span{Start: name.Start, End: out.Args[i].Pos().End}}
		out.Args[i] = &NamedArg{Place: place, Name: identOf(name), Value: out.Args[i]}
	}
	return out, r.callClauses(out, entry, args)
}

// callClauses raises what follows a call's arguments, in the order of lower.Call's
// fields.
func (r *raiser) callClauses(out *Call, entry *lower.Call, args *argumentReader) error {
	switch entry.Nulls {
	case "IGNORE":
		out.Nulls = IgnoreNulls
	case "RESPECT":
		out.Nulls = RespectNulls
	}
	switch entry.Semantics {
	case "RUNNING":
		out.Semantics = Running
	case "FINAL":
		out.Semantics = Final
	}
	var err error
	if out.OrderBy, err = args.orderItems(entry.InnerOrder); err != nil {
		return err
	}
	if entry.JSON != nil {
		if out.JSON, err = args.json(entry.JSON); err != nil {
			return err
		}
	}
	if out.WithinGroup, err = args.orderItems(entry.Within); err != nil {
		return err
	}
	if entry.Filter {
		if out.Filter, err = args.expr(); err != nil {
			return err
		}
	}
	if entry.Over != nil {
		out.Over, err = args.over(entry.Over)
	}
	return err
}

// json raises the clauses of a JSON function.
func (a *argumentReader) json(j *lower.JSON) (*JSONClauses, error) {
	out := &JSONClauses{Returning: j.Returning, Wrapper: j.Wrapper, OnNull: j.OnNull}
	var err error
	if out.OnEmpty, err = a.behavior(j.OnEmpty); err != nil {
		return nil, err
	}
	out.OnError, err = a.behavior(j.OnError)
	return out, err
}

func (a *argumentReader) behavior(b *lower.Behavior) (*JSONBehavior, error) {
	if b == nil {
		return nil, nil
	}
	out := &JSONBehavior{Place: at(b.Span), Kind: b.Kind}
	var err error
	if b.Kind == "DEFAULT" {
		out.Default, err = a.expr()
	}
	return out, err
}
