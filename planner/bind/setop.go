package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// setOp binds UNION, INTERSECT and EXCEPT.
func (b *Binder) setOp(s *sql.SetOp, outer *scope) (logical.Node, error) {
	var inputs []logical.Node
	for _, body := range operands(s) {
		r, err := b.body(body, nil, outer)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, r.relation())
	}
	if err := b.alignColumns(s.Kind.String(), s.Pos(), inputs); err != nil {
		return nil, err
	}
	switch {
	case s.Kind == sql.Union && s.All:
		return logical.NewUnion(inputs...), nil
	case s.Kind == sql.Union:
		return distinct(logical.NewUnion(inputs...), s.Pos()), nil
	case s.All:
		width := len(inputs[0].Props().Schema)
		for i, in := range inputs {
			inputs[i] = numbered(in, s.Pos())
		}
		node, err := b.setDifference(s, inputs)
		if err != nil {
			return nil, err
		}
		return logical.Narrow(node, logical.Range(0, width)), nil
	}
	return b.setDifference(s, inputs)
}

// numbered appends to each row its number among equal ones, so that the numbered
// rows are distinct: INTERSECT ALL and EXCEPT ALL are the plain operations on them.
func numbered(node logical.Node, span errs.Span) logical.Node {
	number := rex.PlaceCall{Name: "ROW_NUMBER", Value: -1, Default: -1, Type: types.Of(types.BigInt).NotNull()}
	return logical.NewOver(node, logical.OverSpec{
		PartitionBy: logical.Range(0, len(node.Props().Schema)), Places: []rex.PlaceCall{number}, Names: []string{"$copy"}, Span: span,
	})
}

// operands flattens a left-deep chain of the same operation that can be done in
// one step.
func operands(s *sql.SetOp) []sql.QueryBody {
	var right []sql.QueryBody
	for {
		right = append(right, s.Right)
		left, ok := s.Left.(*sql.SetOp)
		if !ok || left.Kind != s.Kind || left.All != s.All || s.Kind != sql.Union {
			right = append(right, s.Left)
			break
		}
		s = left
	}
	for i, j := 0, len(right)-1; i < j; i, j = i+1, j-1 {
		right[i], right[j] = right[j], right[i]
	}
	return right
}

// alignColumns casts the columns of all inputs of an operation to common types.
func (b *Binder) alignColumns(what string, span errs.Span, inputs []logical.Node) error {
	first := inputs[0].Props().Schema
	columns := make([][]rex.Expr, len(first))
	for _, in := range inputs {
		schema := in.Props().Schema
		if len(schema) != len(first) {
			return errs.Userf("both sides of %s must have the same number of columns: %d and %d", what, len(first), len(schema)).At(span)
		}
		for c := range schema {
			columns[c] = append(columns[c], rex.Col(c, schema[c].Type))
		}
	}
	exprs := make([][]rex.Expr, len(inputs))
	for c := range columns {
		cast, _, err := b.common("columns "+itoa(c+1)+" of "+what, span, columns[c])
		if err != nil {
			return err
		}
		for i := range inputs {
			exprs[i] = append(exprs[i], cast[i])
		}
	}
	for i, in := range inputs {
		p := logical.NewProject(in, exprs[i], first.Names())
		inputs[i] = p
		if p.Identity() && namesEqual(in.Props().Schema, first) {
			inputs[i] = in
		}
	}
	return nil
}

func namesEqual(a, b types.Schema) bool {
	for i := range a {
		if a[i].Name != b[i].Name {
			return false
		}
	}
	return true
}

// distinct keeps one of equal rows.
func distinct(node logical.Node, span errs.Span) *logical.Aggregate {
	return logical.NewAggregate(node, logical.Range(0, len(node.Props().Schema)), nil, nil, span)
}

// setDifference lowers INTERSECT and EXCEPT, which take NULLs as equal, to counts
// per side: the rows of both inputs are grouped together and kept by which sides
// they were on.
func (b *Binder) setDifference(s *sql.SetOp, inputs []logical.Node) (logical.Node, error) {
	width := len(inputs[0].Props().Schema)
	names := append(inputs[0].Props().Schema.Names(), "left_side", "right_side")
	for i, in := range inputs {
		exprs := append(logical.AllCols(in.Props().Schema), rex.Bool(i == 0), rex.Bool(i == 1))
		inputs[i] = logical.NewProject(in, exprs, names)
	}
	count := func(filter int) rex.AggCall {
		return rex.AggCall{Name: "COUNT", Type: types.Of(types.BigInt).NotNull(), Filter: filter}
	}
	var node logical.Node = logical.NewAggregate(logical.NewUnion(inputs...), logical.Range(0, width),
		[]rex.AggCall{count(width), count(width + 1)}, []string{"left_count", "right_count"}, s.Pos())
	side := func(op string, column int) (rex.Expr, error) {
		return b.callOf(op, s.Pos(), rex.Col(column, types.Of(types.BigInt).NotNull()), rex.BigInt(0))
	}
	left, err := side(">", width)
	if err != nil {
		return nil, err
	}
	op := ">"
	if s.Kind == sql.Except {
		op = "="
	}
	right, err := side(op, width+1)
	if err != nil {
		return nil, err
	}
	both, err := b.callOf("AND", s.Pos(), left, right)
	if err != nil {
		return nil, err
	}
	node = logical.NewFilter(node, both)
	return logical.Narrow(node, logical.Range(0, width)), nil
}
