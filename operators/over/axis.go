package over

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// axis is where the rows stand along an order, for frames with distances: numbers that
// ascend with it. They are 128 bits wide, so that no distance from one that is stored in
// 64 bits leaves them.
type axis struct {
	values []decimal128.Num
	// floats are the numbers themselves where they are FLOAT or DOUBLE; values then
	// hold what orders them.
	floats []float64
	// aside is -1 for rows that come before all numbers and 1 for those behind: NULL,
	// and NaN, which is greater than all numbers. They are at no distance from any but
	// their peers. Nil is 0 for all.
	aside []int8
}

// newAxis reads the column that orders.
func newAxis(arr arrow.Array, key rex.SortKey) axis {
	var x axis
	switch arr.DataType().ID() {
	case arrow.DECIMAL128:
		x.values = append(x.values, columns.Values[decimal128.Num](arr)...)
	case arrow.FLOAT32:
		x.measure(widen[float64](columns.Values[float32](arr)), key.Descending)
	case arrow.FLOAT64:
		x.measure(widen[float64](columns.Values[float64](arr)), key.Descending)
	default:
		ints := rawInts(arr)
		x.values = make([]decimal128.Num, len(ints))
		for i, v := range ints {
			x.values[i] = decimal128.FromI64(v)
		}
	}
	if x.floats == nil && key.Descending {
		for i, v := range x.values {
			x.values[i] = v.Negate()
		}
	}
	if arr.NullN() > 0 {
		behind := int8(1)
		if key.NullsFirst {
			behind = -1
		}
		for i := range x.values {
			if arr.IsNull(i) {
				x.putAside(i, behind)
			}
		}
	}
	return x
}

// measure takes floating-point numbers as they are.
func (x *axis) measure(floats []float64, descending bool) {
	x.floats, x.values = floats, make([]decimal128.Num, len(floats))
	for i, v := range floats {
		if v != v {
			x.putAside(i, sign(!descending))
			continue
		}
		if descending {
			x.floats[i] = -v
		}
		x.values[i] = orderOf(x.floats[i])
	}
}

func sign(positive bool) int8 {
	if positive {
		return 1
	}
	return -1
}

func (x *axis) putAside(i int, where int8) {
	if x.aside == nil {
		x.aside = make([]int8, len(x.values))
	}
	x.aside[i] = where
}

func (x *axis) apart(i int32) int8 {
	if x.aside == nil {
		return 0
	}
	return x.aside[i]
}

// limit is the place at a bound's distance from row i.
func (x *axis) limit(i int32, b rex.FrameBound) decimal128.Num {
	if x.floats != nil {
		if b.Kind == rex.Preceding {
			return orderOf(x.floats[i] - b.Float)
		}
		return orderOf(x.floats[i] + b.Float)
	}
	distance := decimal128.New(b.High, uint64(b.Offset))
	if b.Kind == rex.Preceding {
		distance = distance.Negate()
	}
	return saturatedSum(x.values[i], distance)
}

// orderOf orders numbers that are not NaN; 0 and -0 are one.
func orderOf(f float64) decimal128.Num {
	if f == 0 {
		f = 0
	}
	bits := int64(math.Float64bits(f))
	return decimal128.FromI64(bits ^ int64(uint64(bits>>63)>>1))
}

// saturatedSum adds without wrapping.
func saturatedSum(a, b decimal128.Num) decimal128.Num {
	sum := a.Add(b)
	switch {
	case b.Sign() > 0 && sum.Less(a):
		return decimal128.MaxDecimal128
	case b.Sign() < 0 && a.Less(sum):
		return decimal128.MaxDecimal128.Negate()
	}
	return sum
}

// rawInts copies a column of whole numbers or times.
func rawInts(arr arrow.Array) []int64 {
	switch arr.DataType().(arrow.FixedWidthDataType).BitWidth() {
	case 8:
		return widen[int64](columns.Values[int8](arr))
	case 16:
		return widen[int64](columns.Values[int16](arr))
	case 32:
		return widen[int64](columns.Values[int32](arr))
	}
	return widen[int64](columns.Values[int64](arr))
}

type number interface {
	int8 | int16 | int32 | int64 | float32 | float64
}

func widen[To int64 | float64, From number](values []From) []To {
	out := make([]To, len(values))
	for i, v := range values {
		out[i] = To(v)
	}
	return out
}
