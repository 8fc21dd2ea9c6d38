package bind

import (
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/sql"
)

// exprBinder binds scalar expressions in one clause.
type exprBinder struct {
	b     *Binder
	scope *scope
	// clause names the clause, for errors.
	clause string
	// computed are aggregate and window calls that are columns of the relation
	// below by now.
	computed map[*sql.Call]rex.Expr
	// queries joins sub-queries to the relation below; nil where there may be none.
	queries *selectBinder
	// groups, when not nil, are the grouping expressions over scope: expressions
	// are bound over the output of an aggregate, whose first columns they are.
	groups *grouping
	// aliases are the columns of the result that ORDER BY may name inside an
	// expression, where they come before those of the relation below.
	aliases map[string]rex.Expr
}

// expr binds e and notes where it stands.
func (x *exprBinder) expr(e sql.Expr) (rex.Expr, error) {
	bound, err := x.bare(e)
	if err == nil && bound.Span == (errs.Span{}) {
		bound.Span = x.b.place(e)
	}
	return bound, err
}

// bare binds e.
func (x *exprBinder) bare(e sql.Expr) (rex.Expr, error) {
	if ref, ok := e.(*sql.ColumnRef); ok && len(ref.Name.Parts) == 1 {
		if bound, ok := x.aliases[ref.Name.Last()]; ok {
			return bound, nil
		}
	}
	if x.groups != nil {
		if bound, ok := x.grouped(e); ok {
			return bound, nil
		}
	}
	switch e := e.(type) {
	case *sql.ColumnRef:
		return x.column(e)
	case *sql.Call:
		return x.call(e)
	case *sql.Binary:
		return x.binary(e)
	case *sql.Unary:
		return x.unary(e)
	case *sql.Case:
		return x.caseExpr(e)
	case *sql.Cast:
		return x.cast(e)
	case *sql.Field:
		return x.field(e)
	case *sql.Index:
		return x.apply("ITEM", e, e.X, e.Index)
	case *sql.Row:
		return x.row(e)
	case *sql.Array:
		return x.apply("ARRAY", e, e.Items...)
	case *sql.Map:
		return x.mapOf(e)
	case *sql.Symbol:
		return rex.Str(e.Text), nil
	}
	if isPredicate(e) {
		return x.predicate(e)
	}
	return x.literal(e)
}

// literal binds constants, and refuses what is no scalar expression.
func (x *exprBinder) literal(e sql.Expr) (rex.Expr, error) {
	switch e := e.(type) {
	case *sql.NullLiteral:
		return rex.NullOf(types.Type{Kind: types.Null}), nil
	case *sql.BoolLiteral:
		return rex.Bool(e.Value), nil
	case *sql.NumberLiteral:
		return number(e, false)
	case *sql.StringLiteral:
		return rex.Str(e.Value), nil
	case *sql.BytesLiteral:
		return rex.Lit(types.BytesType().NotNull(), rex.Value{Str: string(e.Value)}), nil
	case *sql.TemporalLiteral:
		return temporalLiteral(e)
	case *sql.IntervalLiteral:
		return interval(e)
	case *sql.Subquery:
		return x.subquery(e, e.Query, func() (rex.Expr, error) { return x.queries.scalar(e) })
	case *sql.Star:
		return rex.Expr{}, errs.Userf("* can't stand here").At(e.Pos())
	case *sql.NamedArg:
		return rex.Expr{}, unsupported(e, "a named argument of a scalar function")
	case *sql.GroupingSets:
		return rex.Expr{}, errs.Userf("%s belongs into GROUP BY", e.Kind).At(e.Pos())
	}
	return rex.Expr{}, errs.Userf("this can't stand in an expression").At(e.Pos())
}

// exprs binds a list.
func (x *exprBinder) exprs(list []sql.Expr) ([]rex.Expr, error) {
	out := make([]rex.Expr, len(list))
	for i, e := range list {
		bound, err := x.expr(e)
		if err != nil {
			return nil, err
		}
		out[i] = bound
	}
	return out, nil
}

// apply binds the arguments and calls the function called name.
func (x *exprBinder) apply(name string, n sql.Node, args ...sql.Expr) (rex.Expr, error) {
	bound, err := x.exprs(args)
	if err != nil {
		return rex.Expr{}, err
	}
	return x.b.callOf(name, n.Pos(), bound...)
}

func (x *exprBinder) column(e *sql.ColumnRef) (rex.Expr, error) {
	if x.isFunction(e.Name) {
		return x.b.callOf(bareFunction, e.Pos())
	}
	bound, err := x.named(e)
	if err != nil {
		return bound, err
	}
	if x.groups == nil || len(bound.Inputs()) == 0 {
		return bound, nil
	}
	return rex.Expr{}, x.groups.lost(e.Name)
}

// bareFunction is the function that needs no parentheses, but is no keyword: columns
// may have its name.
const bareFunction = "PI"

// isFunction reports whether a name is that of the bare function and of nothing else: of
// no column in sight, and of none of the result where GROUP BY or HAVING mistake it for
// theirs.
func (x *exprBinder) isFunction(name sql.Name) bool {
	if len(name.Parts) > 1 || upper(name.Last()) != bareFunction || x.scope.knows(name.Last()) {
		return false
	}
	return x.clause != "GROUP BY" && x.clause != "HAVING" || !x.queries.names(name.Last())
}

// named finds the column of a name.
func (x *exprBinder) named(e *sql.ColumnRef) (rex.Expr, error) {
	if x.scope == nil {
		return rex.Expr{}, errs.Userf("a column can't be used here: %s", e.Name.String()).At(e.Pos())
	}
	return x.scope.resolve(e.Name)
}

// plainName prints a path without quotes.
func plainName(n sql.Name) string {
	out := ""
	for i, part := range n.Strings() {
		if i > 0 {
			out += "."
		}
		out += part
	}
	return out
}

func (x *exprBinder) field(e *sql.Field) (rex.Expr, error) {
	row, err := x.expr(e.X)
	if err != nil {
		return row, err
	}
	return fields(row, []sql.Ident{e.Name})
}

func (x *exprBinder) row(e *sql.Row) (rex.Expr, error) {
	if len(e.Items) == 1 && !e.Explicit {
		return x.expr(e.Items[0])
	}
	return x.apply("ROW", e, e.Items...)
}

func (x *exprBinder) mapOf(e *sql.Map) (rex.Expr, error) {
	var args []sql.Expr
	for i := range e.Keys {
		args = append(args, e.Keys[i], e.Values[i])
	}
	return x.apply("MAP", e, args...)
}

func (x *exprBinder) unary(e *sql.Unary) (rex.Expr, error) {
	switch e.Op {
	case sql.Not:
		bound, err := x.expr(e.X)
		if err != nil {
			return bound, err
		}
		if bound, err = boolean(bound, "NOT", e.X.Pos()); err != nil {
			return bound, err
		}
		return x.b.callOf("NOT", e.Pos(), bound)
	case sql.Negate:
		if n, ok := e.X.(*sql.NumberLiteral); ok {
			return number(n, true)
		}
		return x.apply("NEG", e, e.X)
	}
	bound, err := x.expr(e.X)
	if err == nil && !bound.Type.IsNumeric() && !bound.Type.IsInterval() && bound.Type.Kind != types.Null {
		return bound, errs.Userf("+ needs a number, not %s", bound.Type.WithNullable(true)).At(e.Pos())
	}
	return bound, err
}

// caseExpr binds both forms of CASE.
func (x *exprBinder) caseExpr(e *sql.Case) (rex.Expr, error) {
	var operand *rex.Expr
	if e.Operand != nil {
		bound, err := x.expr(e.Operand)
		if err != nil {
			return bound, err
		}
		operand = &bound
	}
	var conditions, results []rex.Expr
	for _, w := range e.Whens {
		condition, err := x.when(operand, w)
		if err != nil {
			return rex.Expr{}, err
		}
		result, err := x.expr(w.Result)
		if err != nil {
			return rex.Expr{}, err
		}
		conditions, results = append(conditions, condition), append(results, result)
	}
	other := rex.NullOf(types.Type{Kind: types.Null})
	if e.Else != nil {
		bound, err := x.expr(e.Else)
		if err != nil {
			return rex.Expr{}, err
		}
		other = bound
	}
	values, t, err := x.b.common("branches of CASE", e.Pos(), append(results, other))
	if err != nil {
		return rex.Expr{}, err
	}
	args := make([]rex.Expr, 0, 2*len(conditions)+1)
	for i, c := range conditions {
		args = append(args, c, values[i])
	}
	return rex.Expr{Kind: rex.Case, Type: t, Args: append(args, values[len(values)-1])}, nil
}

// when binds the condition of a branch; operand is that of a simple CASE, or nil.
func (x *exprBinder) when(operand *rex.Expr, w sql.When) (rex.Expr, error) {
	values, err := x.exprs(w.Values)
	if err != nil {
		return rex.Expr{}, err
	}
	if operand == nil {
		return boolean(values[0], "WHEN", w.Values[0].Pos())
	}
	if len(values) == 1 {
		return x.b.callOf("=", w.Values[0].Pos(), *operand, values[0])
	}
	return x.b.equalsAny(w.Pos(), *operand, values, w.Values)
}

func (x *exprBinder) cast(e *sql.Cast) (rex.Expr, error) {
	bound, err := x.expr(e.X)
	if err != nil {
		return bound, err
	}
	if bound.Type.Kind == types.Null {
		return rex.NullOf(e.Type), nil
	}
	if !castable(bound.Type, e.Type) {
		return bound, errs.Userf("%s can't be cast to %s", bound.Type.WithNullable(true), e.Type.WithNullable(true)).At(e.Pos())
	}
	if e.Try {
		return rex.Expr{Kind: rex.TryCast, Type: e.Type.WithNullable(true), Args: []rex.Expr{bound}}, nil
	}
	if bound.Type.Same(e.Type) && !bound.Type.IsNested() {
		return bound, nil
	}
	return rex.Expr{Kind: rex.Cast, Type: e.Type.WithNullable(bound.Type.Nullable), Args: []rex.Expr{bound}}, nil
}
