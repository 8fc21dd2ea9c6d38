package generated

import (
	"fmt"
	"strings"
)

// Type is a type that both sides have, or that integers can stand for in SQLite.
type Type uint8

// The types.
const (
	Bool  Type = iota // SQLite: 0 and 1
	Int               // BIGINT
	Float             // DOUBLE, only multiples of 1/4 so that sums are exact in any order
	Text
	Cents // DECIMAL(12, 2); SQLite: hundredths
	Time  // TIMESTAMP(3); SQLite: epoch milliseconds
	// Mean is a quotient of doubles: it may be shown, but nothing is computed
	// from it, since that would depend on the order of evaluation.
	Mean
)

var typeNames = [...]string{"bool", "int", "float", "text", "cents", "time", "mean"}

// String gives a short name.
func (t Type) String() string { return typeNames[t] }

// DDL is the type in CREATE TABLE.
func (t Type) DDL() string {
	return [...]string{"BOOLEAN", "BIGINT", "DOUBLE", "STRING", "DECIMAL(12, 2)", "TIMESTAMP(3)", "DOUBLE"}[t]
}

// Computable are the types that expressions may have.
var Computable = []Type{Bool, Int, Float, Text, Cents, Time}

// Dialect is whose SQL is printed.
type Dialect uint8

// The dialects.
const (
	Ours Dialect = iota
	SQLite
)

// Value is a constant: bool, int64 (Int, Cents, Time), float64, string, or nil.
type Value any

// literal prints a constant of a type.
func literal(v Value, t Type, d Dialect) string {
	if d == SQLite {
		return sqliteLiteral(v)
	}
	if v == nil {
		return "CAST(NULL AS " + t.DDL() + ")"
	}
	switch t {
	case Cents:
		return fmt.Sprintf("CAST(%s AS DECIMAL(12, 2))", centsText(v.(int64)))
	case Time:
		return "TIMESTAMP '" + timeText(v.(int64)) + "'"
	case Float:
		return fmt.Sprintf("CAST(%v AS DOUBLE)", v)
	case Int:
		return fmt.Sprintf("CAST(%v AS BIGINT)", v)
	case Bool:
		return strings.ToUpper(fmt.Sprint(v))
	}
	return "'" + strings.ReplaceAll(v.(string), "'", "''") + "'"
}

func sqliteLiteral(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case bool:
		if v {
			return "1"
		}
		return "0"
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case float64:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprint(v)
}

// centsText prints hundredths: -5 is -0.05.
func centsText(v int64) string {
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	return fmt.Sprintf("%s%d.%02d", sign, v/100, v%100)
}
