package postgres

import (
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// conditionOf writes a filter as SQL that is TRUE for the same rows: comparisons of
// integers, equality of texts (the order of texts is a matter of collation), IS [NOT]
// NULL, IN, AND and OR.
func conditionOf(e rex.Expr, schema types.Schema) (string, bool) {
	if e.Kind != rex.Call {
		return "", false
	}
	switch e.Name {
	case "AND", "OR":
		a, okA := conditionOf(e.Args[0], schema)
		b, okB := conditionOf(e.Args[1], schema)
		return "(" + a + " " + e.Name + " " + b + ")", okA && okB
	case "IS NULL", "IS NOT NULL":
		column, ok := columnOf(e.Args[0], schema)
		return column + " " + e.Name, ok
	case "IN":
		return memberOf(e, schema)
	case "=", "<>", "<", "<=", ">", ">=":
		return comparisonOf(e, schema)
	}
	return "", false
}

func columnOf(e rex.Expr, schema types.Schema) (string, bool) {
	if e.Kind != rex.Input || e.Index >= len(schema) {
		return "", false
	}
	return quoted(schema[e.Index].Name), true
}

func comparisonOf(e rex.Expr, schema types.Schema) (string, bool) {
	column, ok := columnOf(e.Args[0], schema)
	if !ok {
		return "", false
	}
	constant, ok := constantOf(e.Args[1], e.Name == "=" || e.Name == "<>")
	return column + " " + e.Name + " " + constant, ok
}

func memberOf(e rex.Expr, schema types.Schema) (string, bool) {
	column, ok := columnOf(e.Args[0], schema)
	var items []string
	for _, a := range e.Args[1:] {
		constant, is := constantOf(a, true)
		ok = ok && is
		items = append(items, constant)
	}
	return column + " IN (" + strings.Join(items, ", ") + ")", ok
}

// constantOf writes a literal; texts only where they are compared for equality.
func constantOf(e rex.Expr, equality bool) (string, bool) {
	if !e.IsLiteral() || e.IsNull() {
		return "", false
	}
	switch {
	case e.Type.IsInteger():
		return strconv.FormatInt(e.Value.Int, 10), true
	case e.Type.Kind == types.Varchar && equality && !strings.ContainsAny(e.Value.Str, "\\\x00"):
		return "'" + strings.ReplaceAll(e.Value.Str, "'", "''") + "'", true
	}
	return "", false
}
