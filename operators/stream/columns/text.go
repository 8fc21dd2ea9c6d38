package columns

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// AppendText writes row i of arr in the text form of Flink's CAST to STRING; NULL
// is `NULL`. Times have as many digits as their Arrow unit, TIMESTAMP_LTZ is
// shown in UTC, and strings and binaries are written as they are.
func AppendText(dst []byte, arr arrow.Array, i int) []byte {
	return AppendCell(dst, Cell{Array: arr, Type: TypeOf(arr.DataType()), Zone: time.UTC}, i)
}

// Cell says how a column's values are written.
type Cell struct {
	// Array is the column, borrowed.
	Array arrow.Array
	// Type is its SQL type, which gives the number of fractional digits.
	Type types.Type
	// Zone is the zone in which TIMESTAMP_LTZ is shown.
	Zone *time.Location
}

// AppendCell is AppendText with a SQL type and a zone.
func AppendCell(dst []byte, c Cell, i int) []byte {
	if c.Array.DataType().ID() == arrow.NULL || c.Array.IsNull(i) {
		return append(dst, "NULL"...)
	}
	switch x := c.Array.(type) {
	case *array.Boolean:
		return AppendBool(dst, x.Value(i))
	case *array.Int8:
		return strconv.AppendInt(dst, int64(x.Value(i)), 10)
	case *array.Int16:
		return strconv.AppendInt(dst, int64(x.Value(i)), 10)
	case *array.Int32:
		return strconv.AppendInt(dst, int64(x.Value(i)), 10)
	case *array.Int64:
		return strconv.AppendInt(dst, x.Value(i), 10)
	case *array.Float32:
		return AppendFloat(dst, float64(x.Value(i)), 32)
	case *array.Float64:
		return AppendFloat(dst, x.Value(i), 64)
	case *array.Decimal128:
		return decimal.Append(dst, x.Value(i), c.Type.Scale)
	case *array.String:
		return append(dst, x.Value(i)...)
	case *array.Binary:
		return append(dst, x.Value(i)...)
	case *array.Dictionary:
		return AppendCell(dst, Cell{x.Dictionary(), c.Type, c.Zone}, x.GetValueIndex(i))
	}
	if c.Type.IsNested() {
		return appendNested(dst, c, i)
	}
	return appendTime(dst, c, i)
}

func appendTime(dst []byte, c Cell, i int) []byte {
	switch x := c.Array.(type) {
	case *array.Date32:
		return temporal.AppendDate(dst, int64(x.Value(i)))
	case *array.Time32:
		return temporal.AppendTime(dst, int64(x.Value(i))*temporal.NanosPerMilli, c.Type.Precision)
	case *array.Time64:
		return temporal.AppendTime(dst, int64(x.Value(i))*unitNanos(c.Type.Precision), c.Type.Precision)
	case *array.Timestamp:
		value, unit := int64(x.Value(i)), unitNanos(c.Type.Precision)
		if c.Type.Kind == types.TimestampLTZ {
			value += temporal.OffsetSeconds(c.Zone, temporal.FloorDiv(value, temporal.NanosPerSecond/unit)) * (temporal.NanosPerSecond / unit)
		}
		return temporal.AppendTimestamp(dst, value, unit, c.Type.Precision)
	case *array.MonthInterval:
		return temporal.AppendYearMonth(dst, int64(x.Value(i)))
	case *array.Duration:
		return temporal.AppendDayTime(dst, int64(x.Value(i)))
	}
	panic("columns: text of unsupported Arrow type " + c.Array.DataType().String())
}

func unitNanos(precision int) int64 {
	switch types.TimestampUnit(precision) {
	case arrow.Millisecond:
		return 1_000_000
	case arrow.Microsecond:
		return 1_000
	}
	return 1
}

// appendNested writes `[a, b]`, `{k=v, l=w}` and `(a, b)`.
func appendNested(dst []byte, c Cell, i int) []byte {
	switch x := c.Array.(type) {
	case *array.Struct:
		dst = append(dst, '(')
		for f := range x.NumField() {
			if f > 0 {
				dst = append(dst, ", "...)
			}
			dst = AppendCell(dst, Cell{x.Field(f), c.Type.Fields[f].Type, c.Zone}, i)
		}
		return append(dst, ')')
	case *array.Map:
		key, value := c.Type.Key, c.Type.Elem
		if c.Type.Kind == types.Multiset {
			count := types.Of(types.Int)
			key, value = c.Type.Elem, &count
		}
		dst = append(dst, '{')
		from, to := x.ValueOffsets(i)
		for at := int(from); at < int(to); at++ {
			if at > int(from) {
				dst = append(dst, ", "...)
			}
			dst = AppendCell(dst, Cell{x.Keys(), *key, c.Zone}, at)
			dst = append(dst, '=')
			dst = AppendCell(dst, Cell{x.Items(), *value, c.Zone}, at)
		}
		return append(dst, '}')
	case *array.List:
		dst = append(dst, '[')
		from, to := x.ValueOffsets(i)
		for at := int(from); at < int(to); at++ {
			if at > int(from) {
				dst = append(dst, ", "...)
			}
			dst = AppendCell(dst, Cell{x.ListValues(), *c.Type.Elem, c.Zone}, at)
		}
		return append(dst, ']')
	}
	panic("columns: text of unsupported Arrow type " + c.Array.DataType().String())
}

// AppendBool writes TRUE or FALSE.
func AppendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "TRUE"...)
	}
	return append(dst, "FALSE"...)
}

// AppendFloat writes f with the fewest digits that tell it apart, in Java's form:
// `1.0`, `0.001`, `1.0E10`, `NaN`, `-Infinity`.
func AppendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	if a := math.Abs(f); a == 0 || a >= 1e-3 && a < 1e7 {
		from := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
		if !strings.Contains(string(dst[from:]), ".") {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	var text [32]byte
	mantissa, exponent, _ := strings.Cut(string(strconv.AppendFloat(text[:0], f, 'e', -1, bits)), "e")
	dst = append(dst, mantissa...)
	if !strings.Contains(mantissa, ".") {
		dst = append(dst, ".0"...)
	}
	dst = append(dst, 'E')
	e, err := strconv.Atoi(exponent)
	if err != nil {
		panic("columns: bad exponent " + exponent)
	}
	return strconv.AppendInt(dst, int64(e), 10)
}
