package columns

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/types"
)

// TypeOf is the SQL type that an Arrow type holds, with the precision its unit
// can carry. It is for text and tests: lengths and NOT NULL are not in an Arrow
// type.
func TypeOf(dt arrow.DataType) types.Type {
	switch t := dt.(type) {
	case *arrow.Decimal128Type:
		return types.DecimalOf(int(t.Precision), int(t.Scale))
	case *arrow.Time32Type:
		return types.TimeOf(3)
	case *arrow.Time64Type:
		return types.TimeOf(unitPrecision(t.Unit))
	case *arrow.TimestampType:
		if t.TimeZone != "" {
			return types.TimestampLTZOf(unitPrecision(t.Unit))
		}
		return types.TimestampOf(unitPrecision(t.Unit))
	case *arrow.MapType:
		return types.MapOf(TypeOf(t.KeyType()), TypeOf(t.ItemType()))
	case *arrow.ListType:
		return types.ArrayOf(TypeOf(t.Elem()))
	case *arrow.DictionaryType:
		return TypeOf(t.ValueType)
	case *arrow.StructType:
		fields := make([]types.Field, t.NumFields())
		for i := range fields {
			fields[i] = types.Field{Name: t.Field(i).Name, Type: TypeOf(t.Field(i).Type)}
		}
		return types.RowOf(fields...)
	}
	return types.Of(kindOf(dt.ID()))
}

func kindOf(id arrow.Type) types.Kind {
	switch id {
	case arrow.NULL:
		return types.Null
	case arrow.BOOL:
		return types.Boolean
	case arrow.INT8:
		return types.TinyInt
	case arrow.INT16:
		return types.SmallInt
	case arrow.INT32:
		return types.Int
	case arrow.INT64:
		return types.BigInt
	case arrow.FLOAT32:
		return types.Float
	case arrow.FLOAT64:
		return types.Double
	case arrow.STRING:
		return types.Varchar
	case arrow.BINARY:
		return types.Varbinary
	case arrow.DATE32:
		return types.Date
	case arrow.INTERVAL_MONTHS:
		return types.IntervalYearMonth
	case arrow.DURATION:
		return types.IntervalDayTime
	}
	panic("columns: no SQL type for Arrow type " + id.String())
}

func unitPrecision(unit arrow.TimeUnit) int {
	switch unit {
	case arrow.Millisecond, arrow.Second:
		return 3
	case arrow.Microsecond:
		return 6
	}
	return 9
}
