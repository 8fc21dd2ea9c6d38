package bind

import "github.com/thalweg/thalweg/sql"

// children lists the expressions directly inside e, without those of sub-queries
// and of OVER clauses.
func children(e sql.Expr) []sql.Expr {
	switch e := e.(type) {
	case *sql.Call:
		out := append([]sql.Expr(nil), e.Args...)
		for _, o := range append(e.OrderBy[:len(e.OrderBy):len(e.OrderBy)], e.WithinGroup...) {
			out = append(out, o.Expr)
		}
		if e.Filter != nil {
			out = append(out, e.Filter)
		}
		return append(out, jsonDefaults(e.JSON)...)
	case *sql.NamedArg:
		return []sql.Expr{e.Value}
	case *sql.Cast:
		return []sql.Expr{e.X}
	case *sql.Unary:
		return []sql.Expr{e.X}
	case *sql.Binary:
		return []sql.Expr{e.Left, e.Right}
	case *sql.Case:
		return caseChildren(e)
	case *sql.Row:
		return e.Items
	case *sql.Array:
		return e.Items
	case *sql.Map:
		return append(append([]sql.Expr(nil), e.Keys...), e.Values...)
	case *sql.Index:
		return []sql.Expr{e.X, e.Index}
	case *sql.Field:
		return []sql.Expr{e.X}
	}
	return predicateChildren(e)
}

func caseChildren(e *sql.Case) []sql.Expr {
	var out []sql.Expr
	if e.Operand != nil {
		out = append(out, e.Operand)
	}
	for _, w := range e.Whens {
		out = append(append(out, w.Values...), w.Result)
	}
	if e.Else != nil {
		out = append(out, e.Else)
	}
	return out
}

func predicateChildren(e sql.Expr) []sql.Expr {
	switch e := e.(type) {
	case *sql.Is:
		return []sql.Expr{e.X}
	case *sql.Between:
		return []sql.Expr{e.X, e.Low, e.High}
	case *sql.InList:
		return append([]sql.Expr{e.X}, e.Items...)
	case *sql.InQuery:
		return []sql.Expr{e.X}
	case *sql.Quantified:
		return []sql.Expr{e.X}
	case *sql.Like:
		if e.Escape == nil {
			return []sql.Expr{e.X, e.Pattern}
		}
		return []sql.Expr{e.X, e.Pattern, e.Escape}
	}
	return nil
}

// jsonDefaults are the values of DEFAULT … ON EMPTY and ON ERROR.
func jsonDefaults(j *sql.JSONClauses) []sql.Expr {
	if j == nil {
		return nil
	}
	var out []sql.Expr
	for _, b := range []*sql.JSONBehavior{j.OnEmpty, j.OnError} {
		if b != nil && b.Default != nil {
			out = append(out, b.Default)
		}
	}
	return out
}

// walkCalls visits the calls in e, outer before inner, until visit returns false
// for one, whose inside is then left out.
func walkCalls(e sql.Expr, visit func(*sql.Call) bool) {
	if call, ok := e.(*sql.Call); ok && !visit(call) {
		return
	}
	for _, c := range children(e) {
		walkCalls(c, visit)
	}
}

// overExprs are the expressions of a call's OVER clause that are bound over the
// same columns as the call.
func overExprs(w *sql.WindowSpec) []sql.Expr {
	out := append([]sql.Expr(nil), w.PartitionBy...)
	for _, o := range w.OrderBy {
		out = append(out, o.Expr)
	}
	return out
}
