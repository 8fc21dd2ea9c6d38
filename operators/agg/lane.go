package agg

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/stream/columns"
)

// lane is the form in which kernels see a column's values: few forms for many
// types keep the kernels few.
type lane uint8

const (
	// laneInt holds any fixed-width value of at most 8 bytes as an int64 whose
	// order is the order of the values (floats by an order-preserving mapping).
	laneInt lane = iota
	// laneDecimal holds 16-byte decimals.
	laneDecimal
	// laneBytes holds strings and binaries.
	laneBytes
)

// String gives the lane's lower-case name.
func (l lane) String() string {
	names := [...]string{"int", "decimal", "bytes"}
	if int(l) < len(names) {
		return names[l]
	}
	return fmt.Sprintf("lane(%d)", uint8(l))
}

// laneOf gives the lane of an Arrow type; ok is false for nested types.
func laneOf(dt arrow.DataType) (l lane, ok bool) {
	switch dt.ID() {
	case arrow.STRING, arrow.BINARY:
		return laneBytes, true
	case arrow.DECIMAL128:
		return laneDecimal, true
	case arrow.BOOL:
		return laneInt, true
	}
	fixed, isFixed := dt.(arrow.FixedWidthDataType)
	return laneInt, isFixed && fixed.Bytes() <= 8 && fixed.Bytes() > 0
}

// ints reads a laneInt column as ordered int64s: a view where the column holds
// int64 already, else a conversion into scratch. Values under NULL are arbitrary.
func ints(arr arrow.Array, scratch *[]int64) []int64 {
	n := arr.Len()
	switch arr.DataType().ID() {
	case arrow.INT64, arrow.TIMESTAMP, arrow.TIME64, arrow.DURATION:
		return columns.Values[int64](arr)
	case arrow.INT32, arrow.DATE32, arrow.TIME32, arrow.INTERVAL_MONTHS:
		return widen(columns.Values[int32](arr), grow(scratch, n))
	case arrow.INT16:
		return widen(columns.Values[int16](arr), grow(scratch, n))
	case arrow.INT8:
		return widen(columns.Values[int8](arr), grow(scratch, n))
	case arrow.FLOAT64:
		out := grow(scratch, n)
		for i, v := range columns.Values[float64](arr) {
			out[i] = orderOfFloat(v)
		}
		return out
	case arrow.FLOAT32:
		out := grow(scratch, n)
		for i, v := range columns.Values[float32](arr) {
			out[i] = orderOfFloat(float64(v))
		}
		return out
	case arrow.BOOL:
		out := grow(scratch, n)
		for i, bits := 0, arr.(*array.Boolean); i < n; i++ {
			out[i] = 0
			if bits.Value(i) {
				out[i] = 1
			}
		}
		return out
	}
	panic("agg: no int lane for " + arr.DataType().String())
}

func widen[T int8 | int16 | int32](from []T, to []int64) []int64 {
	for i, v := range from {
		to[i] = int64(v)
	}
	return to
}

// floats reads a numeric column as float64s, decimals with their scale.
func floats(arr arrow.Array, scratch *[]float64) []float64 {
	n := arr.Len()
	switch arr.DataType().ID() {
	case arrow.FLOAT64:
		return columns.Values[float64](arr)
	case arrow.FLOAT32:
		out := grow(scratch, n)
		for i, v := range columns.Values[float32](arr) {
			out[i] = float64(v)
		}
		return out
	case arrow.DECIMAL128:
		out := grow(scratch, n)
		scale := arr.DataType().(*arrow.Decimal128Type).Scale
		values := arr.(*array.Decimal128)
		for i := range out {
			out[i] = values.Value(i).ToFloat64(scale)
		}
		return out
	}
	var whole []int64
	values := ints(arr, &whole)
	out := grow(scratch, n)
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// orderOfFloat maps floats to int64s of the same order, NaN above all.
func orderOfFloat(f float64) int64 {
	if f != f {
		f = math.NaN()
	}
	bits := int64(math.Float64bits(f))
	return bits ^ int64(uint64(bits>>63)>>1)
}

// floatOfOrder is the inverse of orderOfFloat.
func floatOfOrder(order int64) float64 {
	return math.Float64frombits(uint64(order ^ int64(uint64(order>>63)>>1)))
}

// column builds a result column of n rows; validity bits are set by the caller
// through nullAt, all rows being valid at first.
type column struct {
	alloc    memory.Allocator
	n        int
	validity *memory.Buffer
	nulls    int
}

// nullAt makes row i NULL.
func (c *column) nullAt(i int) {
	if c.validity == nil {
		c.validity = columns.NewBuffer(c.alloc, (c.n+7)/8)
		bits := c.validity.Bytes()
		for j := range bits {
			bits[j] = 0xff
		}
	}
	c.validity.Bytes()[i>>3] &^= 1 << (i & 7)
	c.nulls++
}

// fixed finishes a column of plain values.
func (c *column) fixed(dt arrow.DataType, values *memory.Buffer) arrow.Array {
	return columns.Make(dt, c.n, []*memory.Buffer{c.validity, values}, nil, c.nulls)
}

// fromInts finishes a laneInt column of type dt out of ordered int64s.
func (c *column) fromInts(dt arrow.DataType, values []int64) arrow.Array {
	switch dt.ID() {
	case arrow.INT64, arrow.TIMESTAMP, arrow.TIME64, arrow.DURATION:
		buf := columns.NewBuffer(c.alloc, c.n*8)
		copy(columns.ViewBuffer[int64](buf), values)
		return c.fixed(dt, buf)
	case arrow.INT32, arrow.DATE32, arrow.TIME32, arrow.INTERVAL_MONTHS:
		return c.fixed(dt, narrow[int32](c.alloc, values))
	case arrow.INT16:
		return c.fixed(dt, narrow[int16](c.alloc, values))
	case arrow.INT8:
		return c.fixed(dt, narrow[int8](c.alloc, values))
	case arrow.FLOAT64:
		buf := columns.NewBuffer(c.alloc, c.n*8)
		for i, out := 0, columns.ViewBuffer[float64](buf); i < c.n; i++ {
			out[i] = floatOfOrder(values[i])
		}
		return c.fixed(dt, buf)
	case arrow.FLOAT32:
		buf := columns.NewBuffer(c.alloc, c.n*4)
		for i, out := 0, columns.ViewBuffer[float32](buf); i < c.n; i++ {
			out[i] = float32(floatOfOrder(values[i]))
		}
		return c.fixed(dt, buf)
	case arrow.BOOL:
		buf := columns.NewBuffer(c.alloc, (c.n+7)/8)
		bits := buf.Bytes()
		clear(bits)
		for i, v := range values[:c.n] {
			bits[i>>3] |= byte(v&1) << (i & 7)
		}
		return c.fixed(dt, buf)
	}
	panic("agg: no int lane for " + dt.String())
}

func narrow[T int8 | int16 | int32](alloc memory.Allocator, values []int64) *memory.Buffer {
	var zero T
	width := 1
	switch any(zero).(type) {
	case int16:
		width = 2
	case int32:
		width = 4
	}
	buf := columns.NewBuffer(alloc, len(values)*width)
	out := columns.ViewBuffer[T](buf)
	for i, v := range values {
		out[i] = T(v)
	}
	return buf
}

// fromFloats finishes a numeric column of type dt out of float64s, truncated for
// integers.
func (c *column) fromFloats(dt arrow.DataType, values []float64) arrow.Array {
	switch dt.ID() {
	case arrow.FLOAT64:
		buf := columns.NewBuffer(c.alloc, c.n*8)
		copy(columns.ViewBuffer[float64](buf), values)
		return c.fixed(dt, buf)
	case arrow.FLOAT32:
		buf := columns.NewBuffer(c.alloc, c.n*4)
		for i, out := 0, columns.ViewBuffer[float32](buf); i < c.n; i++ {
			out[i] = float32(values[i])
		}
		return c.fixed(dt, buf)
	case arrow.DECIMAL128:
		return c.decimalsFromFloats(dt.(*arrow.Decimal128Type), values)
	}
	whole := make([]int64, c.n)
	for i, v := range values[:c.n] {
		whole[i] = int64(v)
	}
	return c.fromInts(dt, whole)
}
