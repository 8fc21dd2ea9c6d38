package over

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// axis is where the rows stand along an order, for frames with distances.
type axis struct {
	// floats tells that the numbers are FLOAT or DOUBLE.
	floats bool
	spots  []spot
}

// spot is a row's place along an order: a number that ascends with it. It is 128 bits
// wide, so that no distance from one that is stored in 64 bits leaves them; one of
// FLOAT and DOUBLE is what orders it.
type spot struct {
	value decimal128.Num
	// aside is -1 for rows that come before all numbers and 1 for those behind: NULL,
	// and NaN, which is greater than all numbers. They are at no distance from any but
	// their peers.
	aside int64
}

const spotBytes = 24

// before and upTo compare with a number.
func (s *spot) before(limit decimal128.Num) bool {
	return s.aside < 0 || s.aside == 0 && s.value.Less(limit)
}

func (s *spot) upTo(limit decimal128.Num) bool {
	return s.aside < 0 || s.aside == 0 && !limit.Less(s.value)
}

// newAxis reads the column that orders.
func newAxis(arr arrow.Array, key rex.SortKey) axis {
	x := axis{spots: make([]spot, arr.Len())}
	switch arr.DataType().ID() {
	case arrow.DECIMAL128:
		for i, v := range columns.Values[decimal128.Num](arr) {
			x.spots[i].value = v
		}
	case arrow.FLOAT32:
		x.measure(widen[float64](columns.Values[float32](arr)), key.Descending)
	case arrow.FLOAT64:
		x.measure(columns.Values[float64](arr), key.Descending)
	default:
		for i, v := range rawInts(arr) {
			x.spots[i].value = decimal128.FromI64(v)
		}
	}
	behind := int64(1)
	if key.NullsFirst {
		behind = -1
	}
	for i := range x.spots {
		s := &x.spots[i]
		if !x.floats && key.Descending {
			s.value = s.value.Negate()
		}
		if arr.IsNull(i) {
			*s = spot{aside: behind}
		}
	}
	return x
}

// measure takes floating-point numbers.
func (x *axis) measure(floats []float64, descending bool) {
	x.floats = true
	for i, v := range floats {
		switch {
		case v != v && descending:
			x.spots[i].aside = -1
		case v != v:
			x.spots[i].aside = 1
		case descending:
			x.spots[i].value = orderOf(-v)
		default:
			x.spots[i].value = orderOf(v)
		}
	}
}

// limit is the place at a bound's distance from another.
func (x *axis) limit(from decimal128.Num, b rex.FrameBound) decimal128.Num {
	if x.floats {
		switch b.Kind {
		case rex.Preceding:
			return orderOf(floatOf(from) - b.Float)
		case rex.Following:
			return orderOf(floatOf(from) + b.Float)
		}
		return from
	}
	distance := decimal128.New(b.High, uint64(b.Offset))
	switch b.Kind {
	case rex.Preceding:
		return saturatedSum(from, distance.Negate())
	case rex.Following:
		return saturatedSum(from, distance)
	}
	return from
}

// sees is the furthest place in a direction at which a row may stand that has another in
// its frame, by one of its bounds. Floating-point sums are rounded: it is a little further.
func (x *axis) sees(seen decimal128.Num, b rex.FrameBound, ahead bool) decimal128.Num {
	turned := b
	switch b.Kind {
	case rex.Preceding:
		turned.Kind = rex.Following
	case rex.Following:
		turned.Kind = rex.Preceding
	}
	if x.floats {
		seen = x.finite(seen, turned.Kind)
	}
	limit := x.limit(seen, turned)
	if !x.floats {
		return limit
	}
	f := floatOf(limit)
	margin := max(math.Abs(floatOf(seen)), b.Float) * 0x1p-50
	if math.IsInf(f, 0) || math.IsInf(margin, 0) {
		return limit
	}
	if ahead {
		return orderOf(f + margin)
	}
	return orderOf(f - margin)
}

// finite is the nearest finite place to an infinite one from which a bound leads away:
// sums of finite numbers reach infinity too, so that the rows they are of see it.
func (x *axis) finite(seen decimal128.Num, to rex.BoundKind) decimal128.Num {
	switch f := floatOf(seen); {
	case math.IsInf(f, 1) && to == rex.Preceding:
		return orderOf(math.MaxFloat64)
	case math.IsInf(f, -1) && to == rex.Following:
		return orderOf(-math.MaxFloat64)
	}
	return seen
}

// orderOf orders numbers that are not NaN; 0 and -0 are one.
func orderOf(f float64) decimal128.Num {
	if f == 0 {
		f = 0
	}
	bits := int64(math.Float64bits(f))
	return decimal128.FromI64(bits ^ int64(uint64(bits>>63)>>1))
}

// floatOf is the inverse of orderOf.
func floatOf(n decimal128.Num) float64 {
	order := int64(n.LowBits())
	return math.Float64frombits(uint64(order ^ int64(uint64(order>>63)>>1)))
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
