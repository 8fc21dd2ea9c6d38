package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/planner/logical"
	"github.com/thalweg/thalweg/sql"
)

// unnestOrdinality is the name under which UNNEST … WITH ORDINALITY is registered.
const unnestOrdinality = "UNNEST WITH ORDINALITY"

// rowFunction is a table function in FROM that is called for each row of what
// stands left of it.
type rowFunction struct {
	ref   sql.TableRef
	name  string
	args  []sql.Expr
	alias *sql.Alias
	span  errs.Span
}

// rowFunctionOf recognises UNNEST and TABLE(f(…)) of functions whose arguments are
// values: windowing functions take tables.
func rowFunctionOf(ref sql.TableRef) (rowFunction, bool) {
	switch ref := ref.(type) {
	case *sql.Unnest:
		f := rowFunction{ref, "UNNEST", ref.Args, ref.Alias, ref.Pos()}
		if ref.WithOrdinality {
			f.name = unnestOrdinality
		}
		return f, true
	case *sql.TableFunction:
		name := functionName(ref.Call)
		if _, windows := windowFunctionOf(name); windows || name == mlPredict {
			return rowFunction{}, false
		}
		return rowFunction{ref, name, ref.Call.Args, ref.Alias, nameSpan(ref.Call)}, true
	}
	return rowFunction{}, false
}

// correlate joins left with what f gives for each of its rows; outer is the query
// around. With padded, rows for which it gives none stay.
func (b *Binder) correlate(left *relation, f rowFunction, outer *scope, padded bool) (*relation, error) {
	sig, ok := b.funcs.Table(f.name)
	if !ok {
		return nil, b.unknownTableFunction(f.name, f.span)
	}
	x := &exprBinder{b: b, scope: &scope{columns: left.scope.columns, outer: outer}, clause: "the arguments of a table function"}
	args, err := x.exprs(f.args)
	if err != nil {
		return nil, err
	}
	resolved, err := sig.Resolve(args)
	if err != nil {
		return nil, at(err, f.span)
	}
	for i := range args {
		if i < len(resolved.Args) {
			args[i] = castTo(args[i], resolved.Args[i])
		}
	}
	width := len(left.node.Props().Schema)
	node := logical.NewCorrelate(left.node, logical.CorrelateSpec{
		Function: sig.Name, Args: args, Columns: resolved.Columns, Key: resolved.Key, Left: padded,
		Keep: logical.Range(0, width), Read: logical.Range(0, len(resolved.Columns)), Span: f.span,
	})
	right, err := f.scope(node, width)
	if err != nil {
		return nil, err
	}
	columns := append(left.scope.columns[:len(left.scope.columns):len(left.scope.columns)], right...)
	return &relation{node: node, scope: &scope{columns: columns}}, nil
}

// scope names the function's columns, which are node's from width on. As in Flink
// an alias without column names renames the one column of an UNNEST.
func (f rowFunction) scope(node logical.Node, width int) ([]scopeColumn, error) {
	schema := node.Props().Schema[width:]
	names, table := schema.Names(), ""
	_, unnest := f.ref.(*sql.Unnest)
	switch {
	case f.alias == nil:
	case len(f.alias.Columns) > 0:
		table = f.alias.Name.Text
		if len(f.alias.Columns) != len(names) {
			return nil, errs.Userf("the column list has %d names, but there are %d columns", len(f.alias.Columns), len(names)).At(f.alias.Pos()).
				WithHint("the columns are %s", list(names))
		}
		for i, n := range f.alias.Columns {
			names[i] = n.Text
		}
	default:
		table = f.alias.Name.Text
		if unnest && names[0] == "EXPR$0" {
			names[0] = table
		}
	}
	out := make([]scopeColumn, len(names))
	for i, c := range schema {
		out[i] = scopeColumn{table: table, name: names[i], expr: rex.Col(width+i, c.Type)}
	}
	return out, nil
}

// correlateJoin binds the join of left with a table function.
func (b *Binder) correlateJoin(ref *sql.Join, left *relation, f rowFunction, outer *scope) (*relation, error) {
	switch {
	case ref.Natural || ref.Using != nil:
		return nil, errs.Userf("a table function is joined without USING and NATURAL").At(f.ref.Pos()).WithHint("write CROSS JOIN, or LEFT JOIN … ON TRUE")
	case ref.Kind != sql.InnerJoin && ref.Kind != sql.CrossJoin && ref.Kind != sql.LeftJoin:
		return nil, errs.Userf("a table function that reads the left side can't be on the right of a %s", ref.Kind).At(f.ref.Pos()).
			WithHint("it is called for each left row: write CROSS JOIN, or LEFT JOIN … ON TRUE")
	}
	on, always := ref.On.(*sql.BoolLiteral)
	always = ref.On == nil || always && on.Value
	if ref.Kind == sql.LeftJoin && !always {
		return nil, errs.Userf("LEFT JOIN of a table function takes no condition but TRUE").At(ref.On.Pos()).
			WithHint("write ON TRUE")
	}
	rel, err := b.correlate(left, f, outer, ref.Kind == sql.LeftJoin)
	if err != nil || always {
		return rel, err
	}
	x := &exprBinder{b: b, scope: &scope{columns: rel.scope.columns, outer: outer}, clause: "ON"}
	condition, err := x.expr(ref.On)
	if err == nil {
		condition, err = boolean(condition, "ON", ref.On.Pos())
	}
	if err != nil {
		return nil, err
	}
	return &relation{node: logical.NewFilter(rel.node, condition), scope: rel.scope}, nil
}

// oneRow is what FROM reads when it is left out: one row, whose column has no name.
func oneRow() *relation {
	schema := types.Schema{{Name: "$zero", Type: types.Of(types.Int).NotNull()}}
	zero := rex.Lit(schema[0].Type, rex.Value{})
	return &relation{node: logical.NewValues(schema, [][]rex.Expr{{zero}}), scope: &scope{}}
}
