package print

import (
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/types"
)

// appendCell appends a value the way Flink's rows print theirs.
func appendCell(dst []byte, t types.Type, arr arrow.Array, i int) []byte {
	if arr.IsNull(i) {
		return append(dst, "null"...)
	}
	switch a := arr.(type) {
	case *array.String:
		return append(dst, a.Value(i)...)
	case *array.Binary:
		return appendBytes(dst, a.Value(i))
	case *array.Boolean:
		return strconv.AppendBool(dst, a.Value(i))
	case *array.Float32:
		return appendFloat(dst, float64(a.Value(i)), 32)
	case *array.Float64:
		return appendFloat(dst, a.Value(i), 64)
	case *array.Decimal128:
		return text.AppendDecimal(dst, a.Value(i), t.Scale)
	case *array.Int8:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10)
	case *array.Int16:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10)
	case *array.Int32:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10)
	case *array.Int64:
		return strconv.AppendInt(dst, a.Value(i), 10)
	case *array.MonthInterval:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10)
	case *array.Duration:
		return strconv.AppendInt(dst, int64(a.Value(i)), 10)
	case *array.Date32:
		return text.AppendDate(dst, int64(a.Value(i)))
	case *array.Time32:
		return appendTime(dst, int64(a.Value(i)), t, false)
	case *array.Time64:
		return appendTime(dst, int64(a.Value(i)), t, false)
	case *array.Timestamp:
		return appendTime(dst, int64(a.Value(i)), t, t.Kind == types.TimestampLTZ)
	}
	return appendNested(dst, t, arr, i)
}

// appendTime appends a time or timestamp as Java does: the fraction in groups of
// three digits, and no seconds at all when they are zero, unless it is an instant.
func appendTime(dst []byte, v int64, t types.Type, instant bool) []byte {
	unit := text.Unit(t.Precision)
	full := types.Type{Kind: t.Kind, Precision: 0}
	nanos := v % unit
	if nanos < 0 {
		nanos += unit
	}
	whole := (v - nanos) / unit
	nanos *= 1e9 / unit
	dst = text.AppendTemporal(dst, whole*1000, full, text.ISO)
	if instant {
		dst = dst[:len(dst)-1]
	}
	switch {
	case nanos == 0 && !instant && whole%60 == 0:
		dst = dst[:len(dst)-len(":00")]
	case nanos == 0:
	case nanos%1e6 == 0:
		dst = appendFraction(dst, nanos/1e6, 3)
	case nanos%1e3 == 0:
		dst = appendFraction(dst, nanos/1e3, 6)
	default:
		dst = appendFraction(dst, nanos, 9)
	}
	if instant {
		dst = append(dst, 'Z')
	}
	return dst
}

// appendFraction appends a point and v in width digits.
func appendFraction(dst []byte, v int64, width int) []byte {
	dst = append(dst, '.')
	for range width {
		dst = append(dst, '0')
	}
	for k := len(dst) - 1; v > 0; k-- {
		dst[k] = byte('0' + v%10)
		v /= 10
	}
	return dst
}

func appendNested(dst []byte, t types.Type, arr arrow.Array, i int) []byte {
	switch a := arr.(type) {
	case *array.Struct:
		dst = append(dst, "+I["...)
		for k := range a.NumField() {
			dst = separate(dst, k)
			dst = appendCell(dst, t.Fields[k].Type, a.Field(k), i)
		}
		return append(dst, ']')
	case *array.Map:
		key, value := t.Key, t.Elem
		if t.Kind == types.Multiset {
			count := types.Of(types.Int)
			key, value = t.Elem, &count
		}
		from, to := a.ValueOffsets(i)
		dst = append(dst, '{')
		for k := from; k < to; k++ {
			dst = separate(dst, int(k-from))
			dst = append(appendCell(dst, *key, a.Keys(), int(k)), '=')
			dst = appendCell(dst, *value, a.Items(), int(k))
		}
		return append(dst, '}')
	case *array.List:
		from, to := a.ValueOffsets(i)
		dst = append(dst, '[')
		for k := from; k < to; k++ {
			dst = appendCell(separate(dst, int(k-from)), *t.Elem, a.ListValues(), int(k))
		}
		return append(dst, ']')
	}
	return append(dst, arr.ValueStr(i)...)
}

// separate puts a comma before every part but the first.
func separate(dst []byte, k int) []byte {
	if k > 0 {
		dst = append(dst, ", "...)
	}
	return dst
}

// appendBytes appends bytes as a list of signed numbers.
func appendBytes(dst, b []byte) []byte {
	dst = append(dst, '[')
	for k, v := range b {
		dst = strconv.AppendInt(separate(dst, k), int64(int8(v)), 10)
	}
	return append(dst, ']')
}

// appendFloat appends a number as Java does: with at least one digit after the
// point, and an exponent from 10^7 on and below 10^-3.
func appendFloat(dst []byte, v float64, bits int) []byte {
	abs := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	case abs != 0 && (abs >= 1e7 || abs < 1e-3):
		return appendScientific(dst, v, bits)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, 'f', -1, bits)
	for _, c := range dst[start:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

func appendScientific(dst []byte, v float64, bits int) []byte {
	digits := strconv.AppendFloat(nil, v, 'e', -1, bits)
	mantissa, exponent := digits, 0
	for k, c := range digits {
		if c == 'e' {
			mantissa = digits[:k]
			exponent, _ = strconv.Atoi(string(digits[k+1:]))
		}
	}
	dst = append(dst, mantissa...)
	if len(mantissa) <= 2 {
		dst = append(dst, ".0"...)
	}
	return strconv.AppendInt(append(dst, 'E'), int64(exponent), 10)
}
