package logical

import (
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// And joins conditions; there must be one at least. Repeated ones are dropped.
func And(terms []rex.Expr) rex.Expr { return joinTerms("AND", terms) }

// Or joins alternatives likewise.
func Or(terms []rex.Expr) rex.Expr { return joinTerms("OR", terms) }

func joinTerms(op string, terms []rex.Expr) rex.Expr {
	var seen rex.Set
	var kept []rex.Expr
	for _, t := range terms {
		if t.HasVolatile() || seen.Add(t) {
			kept = append(kept, t)
		}
	}
	out := kept[0]
	for _, t := range kept[1:] {
		result := types.Of(types.Boolean).WithNullable(out.Type.Nullable || t.Type.Nullable)
		out = rex.CallOf(op, result, out, t)
	}
	return out
}

// FilterBy puts conditions on a node; without any it is the node itself.
func FilterBy(n Node, terms []rex.Expr) Node {
	if len(terms) == 0 {
		return n
	}
	return NewFilter(n, And(terms))
}

// Substitute replaces columns by expressions.
func Substitute(e rex.Expr, exprs []rex.Expr) rex.Expr {
	return e.Map(func(x rex.Expr) rex.Expr {
		if x.Kind == rex.Input {
			return exprs[x.Index]
		}
		return x
	})
}

// OnSchema renames columns through mapping and gives them the types they have in
// schema.
func OnSchema(e rex.Expr, mapping func(int) int, schema types.Schema) rex.Expr {
	return e.Map(func(x rex.Expr) rex.Expr {
		switch x.Kind {
		case rex.Input:
			x.Index = mapping(x.Index)
			x.Type = schema[x.Index].Type
		case rex.Field:
			row := x.Args[0].Type
			if i := row.FieldIndex(x.Name); i >= 0 {
				f := row.Fields[i].Type
				x.Type = f.WithNullable(f.Nullable || row.Nullable)
			}
		}
		return x
	})
}

// RemapCalls renames the columns that aggregates read.
func RemapCalls(calls []rex.AggCall, mapping func(int) int) []rex.AggCall {
	out := make([]rex.AggCall, len(calls))
	for i, c := range calls {
		out[i] = c.Map(mapping)
	}
	return out
}
