package types

import (
	"github.com/apache/arrow/go/v17/arrow"
)

// UTC is the zone name carried by Arrow timestamps of TIMESTAMP_LTZ columns.
const UTC = "UTC"

// TimestampUnit is the Arrow unit of a TIMESTAMP or TIMESTAMP_LTZ of the given
// precision: milliseconds to 3, microseconds to 6, nanoseconds to 9.
func TimestampUnit(precision int) arrow.TimeUnit {
	switch {
	case precision <= 3:
		return arrow.Millisecond
	case precision <= 6:
		return arrow.Microsecond
	}
	return arrow.Nanosecond
}

// primitiveArrow are the kinds whose Arrow type has no parameters.
var primitiveArrow = map[Kind]arrow.DataType{
	Null:              arrow.Null,
	Boolean:           arrow.FixedWidthTypes.Boolean,
	TinyInt:           arrow.PrimitiveTypes.Int8,
	SmallInt:          arrow.PrimitiveTypes.Int16,
	Int:               arrow.PrimitiveTypes.Int32,
	BigInt:            arrow.PrimitiveTypes.Int64,
	Float:             arrow.PrimitiveTypes.Float32,
	Double:            arrow.PrimitiveTypes.Float64,
	Char:              arrow.BinaryTypes.String,
	Varchar:           arrow.BinaryTypes.String,
	Binary:            arrow.BinaryTypes.Binary,
	Varbinary:         arrow.BinaryTypes.Binary,
	Date:              arrow.FixedWidthTypes.Date32,
	IntervalYearMonth: arrow.FixedWidthTypes.MonthInterval,
	IntervalDayTime:   arrow.FixedWidthTypes.Duration_ms,
}

// Arrow is the Arrow type that holds t's values. MULTISET is a map from element
// to INT count.
func (t Type) Arrow() arrow.DataType {
	if dt, ok := primitiveArrow[t.Kind]; ok {
		return dt
	}
	switch t.Kind {
	case Decimal:
		return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}
	case Time:
		switch unit := TimestampUnit(t.Precision); unit {
		case arrow.Millisecond:
			return arrow.FixedWidthTypes.Time32ms
		case arrow.Microsecond:
			return arrow.FixedWidthTypes.Time64us
		}
		return arrow.FixedWidthTypes.Time64ns
	case Timestamp:
		return &arrow.TimestampType{Unit: TimestampUnit(t.Precision)}
	case TimestampLTZ:
		return &arrow.TimestampType{Unit: TimestampUnit(t.Precision), TimeZone: UTC}
	case Array:
		return arrow.ListOfField(arrow.Field{Name: "item", Type: t.Elem.Arrow(), Nullable: true})
	case Map:
		return arrow.MapOf(t.Key.Arrow(), t.Elem.Arrow())
	case Multiset:
		return arrow.MapOf(t.Elem.Arrow(), arrow.PrimitiveTypes.Int32)
	case Row:
		return arrow.StructOf(arrowFields(t.Fields)...)
	}
	panic("types: no Arrow type for " + t.Kind.String())
}

func arrowFields(fields []Field) []arrow.Field {
	out := make([]arrow.Field, len(fields))
	for i, f := range fields {
		out[i] = arrow.Field{Name: f.Name, Type: f.Type.Arrow(), Nullable: true}
	}
	return out
}

// Arrow is the Arrow schema of s. Every Arrow field is nullable: NOT NULL is the
// planner's knowledge and is checked where rows enter.
func (s Schema) Arrow() *arrow.Schema { return arrow.NewSchema(arrowFields(s), nil) }
