package bind

import (
	"github.com/thalweg/thalweg/internal/types"
)

// assignable reports whether a value of type from may be written to a column of
// type to without an explicit CAST, by Flink's implicit cast rules.
func assignable(from, to types.Type) bool {
	switch {
	case from.Kind == types.Null:
		return true
	case from.IsNested() || to.IsNested():
		return nestedBy(from, to, assignable)
	case from.IsNumeric():
		return to.IsNumeric() && implicitNumber(from, to)
	case from.IsString():
		return to.IsString()
	case from.IsBinary():
		return to.IsBinary()
	case from.Kind == types.Timestamp:
		return to.IsTemporal()
	case from.Kind == types.TimestampLTZ:
		return to.IsTimestamp()
	}
	return from.Kind == to.Kind
}

// implicitNumber reports whether a number may be stored in another type: integers
// widen, exact numbers go to FLOAT, and every number to DOUBLE and DECIMAL.
func implicitNumber(from, to types.Type) bool {
	switch to.Kind {
	case types.Decimal, types.Double:
		return true
	case types.Float:
		return from.Kind != types.Double
	}
	return from.IsInteger() && from.Kind <= to.Kind
}

// castable reports whether CAST can convert from to to at all.
func castable(from, to types.Type) bool {
	switch {
	case from.Kind == types.Null || to.IsString():
		return true
	case from.IsNested() || to.IsNested():
		return nestedBy(from, to, castable)
	case from.IsString():
		return !to.IsInterval()
	case from.IsBinary() || to.IsBinary():
		return from.IsBinary() && to.IsBinary()
	case from.IsNumeric():
		return to.IsNumeric() || to.Kind == types.Boolean || from.IsInteger() && to.IsInterval()
	case from.Kind == types.Boolean:
		return to.IsNumeric() || to.Kind == types.Boolean
	case from.IsTemporal():
		return castableTime(from, to)
	case from.IsInterval():
		return from.Kind == to.Kind || to.IsInteger()
	}
	return from.Kind == to.Kind
}

// castableTime is castable from dates and times.
func castableTime(from, to types.Type) bool {
	switch from.Kind {
	case types.Date:
		return to.Kind == types.Date || to.IsTimestamp()
	case types.Time:
		return to.Kind == types.Time || to.IsTimestamp()
	}
	return to.IsTemporal()
}

// nestedBy compares collections and rows part by part.
func nestedBy(from, to types.Type, ok func(from, to types.Type) bool) bool {
	if from.Kind != to.Kind || len(from.Fields) != len(to.Fields) {
		return false
	}
	for i := range from.Fields {
		if !ok(from.Fields[i].Type, to.Fields[i].Type) {
			return false
		}
	}
	return (from.Key == nil || ok(*from.Key, *to.Key)) && (from.Elem == nil || ok(*from.Elem, *to.Elem))
}
