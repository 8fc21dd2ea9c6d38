package blackhole

import (
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/zeebo/xxh3"
)

// Odd constants with well spread bits, taken from the fractions of square roots of
// primes.
const (
	mixLow  = 0x9e3779b97f4a7c15
	mixHigh = 0xbb67ae8584caa73b
	endLow  = 0x3c6ef372fe94f82b
	endHigh = 0xa54ff53a5f1d36f1
	// nullCell stands for NULL.
	nullCell = 0x510e527fade682d1
)

// fold multiplies to 128 bits and folds the halves together.
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// mix takes one more cell into a row's two lanes.
func mix(low, high, cell uint64) (uint64, uint64) {
	return fold(low^cell^mixHigh, mixLow) + bits.RotateLeft64(low, 23), fold(high+cell^mixLow, mixHigh) + bits.RotateLeft64(high, 41)
}

// finish ends a row.
func finish(low, high uint64) (uint64, uint64) {
	return fold(low^endLow, high|1), fold(high^endHigh, mixLow) ^ low
}

// fixed is any value that is hashed by its number.
type fixed interface {
	~int8 | ~int16 | ~int32 | ~int64
}

// feedFixed takes a column of whole numbers in.
func feedFixed[T fixed](low, high []uint64, values []T) {
	low, high = low[:len(values)], high[:len(values)]
	for i, v := range values {
		low[i], high[i] = mix(low[i], high[i], uint64(int64(v)))
	}
}

// feedEach takes a column in by a function; NULLs, and rows whose parent is, count
// as nullCell. It is the way of every column with NULLs.
func feedEach(low, high []uint64, arr arrow.Array, absent []bool, cell func(i int) uint64) {
	for i := range low {
		v := uint64(nullCell)
		if !arr.IsNull(i) && (absent == nil || !absent[i]) {
			v = cell(i)
		}
		low[i], high[i] = mix(low[i], high[i], v)
	}
}

// feed takes one column into the rows' lanes. absent marks rows that a NULL parent
// hides; nil means none.
func feed(low, high []uint64, arr arrow.Array, absent []bool) {
	if arr.NullN() == 0 && absent == nil && feedDense(low, high, arr) {
		return
	}
	switch a := arr.(type) {
	case *array.Struct:
		feedStruct(low, high, a, absent)
	case *array.Map:
		feedMap(low, high, a, absent)
	case *array.List:
		feedList(low, high, a, absent)
	case *array.Decimal128:
		feedEach(low, high, arr, absent, func(i int) uint64 { return a.Value(i).LowBits() })
		feedEach(low, high, arr, absent, func(i int) uint64 { return uint64(a.Value(i).HighBits()) })
	case *array.String:
		feedEach(low, high, arr, absent, func(i int) uint64 { return xxh3.HashString(a.Value(i)) })
	case *array.Binary:
		feedEach(low, high, arr, absent, func(i int) uint64 { return xxh3.Hash(a.Value(i)) })
	case *array.Float64:
		feedEach(low, high, arr, absent, func(i int) uint64 { return floatCell(a.Value(i)) })
	case *array.Float32:
		feedEach(low, high, arr, absent, func(i int) uint64 { return floatCell(float64(a.Value(i))) })
	case *array.Boolean:
		feedEach(low, high, arr, absent, func(i int) uint64 { return boolCell(a.Value(i)) })
	default:
		feedEach(low, high, arr, absent, func(i int) uint64 { return intCell(arr, i) })
	}
}

// feedDense takes a column without NULLs in, and reports whether it knows how.
func feedDense(low, high []uint64, arr arrow.Array) bool {
	switch a := arr.(type) {
	case *array.Int64:
		feedFixed(low, high, a.Int64Values())
	case *array.Timestamp:
		feedFixed(low, high, a.TimestampValues())
	case *array.Int32:
		feedFixed(low, high, a.Int32Values())
	case *array.Date32:
		feedFixed(low, high, a.Date32Values())
	case *array.Int16:
		feedFixed(low, high, a.Int16Values())
	case *array.Int8:
		feedFixed(low, high, a.Int8Values())
	case *array.Float64:
		for i, v := range a.Float64Values() {
			low[i], high[i] = mix(low[i], high[i], floatCell(v))
		}
	case *array.String:
		for i := range low {
			low[i], high[i] = mix(low[i], high[i], xxh3.HashString(a.Value(i)))
		}
	default:
		return false
	}
	return true
}

// floatCell makes equal numbers equal cells: both zeros, and all NaNs.
func floatCell(v float64) uint64 {
	switch {
	case v == 0:
		return 0
	case v != v:
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(v)
}

func boolCell(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

// intCell is the number of a whole-number or temporal cell.
func intCell(arr arrow.Array, i int) uint64 {
	switch a := arr.(type) {
	case *array.Int8:
		return uint64(int64(a.Value(i)))
	case *array.Int16:
		return uint64(int64(a.Value(i)))
	case *array.Int32:
		return uint64(int64(a.Value(i)))
	case *array.Int64:
		return uint64(a.Value(i))
	case *array.Date32:
		return uint64(int64(a.Value(i)))
	case *array.Time32:
		return uint64(int64(a.Value(i)))
	case *array.Time64:
		return uint64(a.Value(i))
	case *array.Timestamp:
		return uint64(a.Value(i))
	case *array.Duration:
		return uint64(a.Value(i))
	case *array.MonthInterval:
		return uint64(int64(a.Value(i)))
	case *array.Null:
		return nullCell
	}
	return xxh3.HashString(arr.ValueStr(i))
}
