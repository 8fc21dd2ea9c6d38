package expr

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/types"
)

// numeric converts between numbers. As in Flink (and Java), integers that don't
// fit wrap around, floats are cut and saturate, and only a DECIMAL overflow is an
// error.
func (c *conversion) numeric() Kernel {
	switch {
	case c.from.Kind == types.Decimal && c.to.Kind == types.Decimal:
		return c.decimalToDecimal()
	case c.from.Kind == types.Decimal:
		return c.fromDecimal()
	case c.to.Kind == types.Decimal:
		return c.toDecimal()
	}
	switch physOf(c.from) {
	case physInt8:
		return convertTo[int8](c.to)
	case physInt16:
		return convertTo[int16](c.to)
	case physInt32:
		return convertTo[int32](c.to)
	case physInt64:
		return convertTo[int64](c.to)
	case physFloat32:
		return truncateTo[float32](c.to)
	}
	return truncateTo[float64](c.to)
}

// convertTo converts from integers.
func convertTo[A integer](to types.Type) Kernel {
	switch physOf(to) {
	case physInt8:
		return unaryKernel(to, convert[A, int8])
	case physInt16:
		return unaryKernel(to, convert[A, int16])
	case physInt32:
		return unaryKernel(to, convert[A, int32])
	case physInt64:
		return unaryKernel(to, convert[A, int64])
	case physFloat32:
		return unaryKernel(to, convert[A, float32])
	}
	return unaryKernel(to, convert[A, float64])
}

func convert[A, R number](dst []R, a []A) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = R(a[i])
	}
}

// truncateTo converts from floats.
func truncateTo[A float32 | float64](to types.Type) Kernel {
	switch physOf(to) {
	case physInt8:
		return unaryKernel(to, func(dst []int8, a []A) { truncate(dst, a, math.MinInt32, math.MaxInt32) })
	case physInt16:
		return unaryKernel(to, func(dst []int16, a []A) { truncate(dst, a, math.MinInt32, math.MaxInt32) })
	case physInt32:
		return unaryKernel(to, func(dst []int32, a []A) { truncate(dst, a, math.MinInt32, math.MaxInt32) })
	case physInt64:
		return unaryKernel(to, func(dst []int64, a []A) { truncate(dst, a, math.MinInt64, math.MaxInt64) })
	case physFloat32:
		return unaryKernel(to, convert[A, float32])
	}
	return unaryKernel(to, convert[A, float64])
}

// truncate cuts towards zero, saturates at the bounds and makes NaN zero.
func truncate[A float32 | float64, R integer](dst []R, a []A, low, high int64) {
	a = a[:len(dst)]
	for i := range dst {
		v := float64(a[i])
		switch {
		case v != v:
			dst[i] = 0
		case v <= float64(low):
			dst[i] = R(low)
		case v >= float64(high):
			dst[i] = R(high)
		default:
			dst[i] = R(int64(v))
		}
	}
}

// decimalToDecimal changes precision and scale. Without a change of scale and
// with room enough only the type changes.
func (c *conversion) decimalToDecimal() Kernel {
	from, to := c.from, c.to
	if from.Scale == to.Scale && to.Precision >= from.Precision {
		dt := to.Arrow()
		return func(_ *EvalContext, args []Vector, _ int) (arrow.Array, error) {
			data := args[0].Array.Data()
			retyped := array.NewData(dt, data.Len(), data.Buffers(), nil, args[0].Array.NullN(), data.Offset())
			defer retyped.Release()
			return array.MakeFromData(retyped), nil
		}
	}
	return fixedRows(to, func(_ *EvalContext, args []Vector) func(i int) (decimal.Num, error) {
		col := fixedOf[decimal.Num](args[0])
		return func(i int) (decimal.Num, error) {
			v, ok := decimal.Rescale(col.at(i), from.Scale, to.Scale)
			if !ok || !decimal.Fits(v, to.Precision) {
				return v, c.overflow(decimal.String(col.at(i), from.Scale))
			}
			return v, nil
		}
	})
}

// overflow is NULL under TRY_CAST and else an error.
func (c *conversion) overflow(text string) error {
	if c.try {
		return errNull
	}
	return c.fail(text, "the value is out of range")
}

func (c *conversion) fromDecimal() Kernel {
	scale := c.from.Scale
	whole := func(v decimal.Num) int64 { return int64(decimal.Trunc(v, scale).LowBits()) }
	switch physOf(c.to) {
	case physInt8:
		return unaryKernel(c.to, func(dst []int8, a []decimal.Num) {
			eachDecimal(dst, a, func(v decimal.Num) int8 { return int8(whole(v)) })
		})
	case physInt16:
		return unaryKernel(c.to, func(dst []int16, a []decimal.Num) {
			eachDecimal(dst, a, func(v decimal.Num) int16 { return int16(whole(v)) })
		})
	case physInt32:
		return unaryKernel(c.to, func(dst []int32, a []decimal.Num) {
			eachDecimal(dst, a, func(v decimal.Num) int32 { return int32(whole(v)) })
		})
	case physInt64:
		return unaryKernel(c.to, func(dst []int64, a []decimal.Num) { eachDecimal(dst, a, whole) })
	case physFloat32:
		return unaryKernel(c.to, func(dst []float32, a []decimal.Num) {
			eachDecimal(dst, a, func(v decimal.Num) float32 { return float32(decimal.ToFloat64(v, scale)) })
		})
	}
	return unaryKernel(c.to, func(dst []float64, a []decimal.Num) {
		eachDecimal(dst, a, func(v decimal.Num) float64 { return decimal.ToFloat64(v, scale) })
	})
}

func eachDecimal[R any](dst []R, a []decimal.Num, f func(decimal.Num) R) {
	for i := range dst {
		dst[i] = f(a[i])
	}
}

// toDecimal converts integers and floats.
func (c *conversion) toDecimal() Kernel {
	to := c.to
	if c.from.IsApproximate() {
		return fixedRows(to, func(_ *EvalContext, args []Vector) func(i int) (decimal.Num, error) {
			at, bits := floats(args[0])
			return func(i int) (decimal.Num, error) {
				v, ok := decimal.FromFloat64(at(i), to.Precision, to.Scale)
				if !ok {
					return v, c.overflow(floatText(at(i), bits))
				}
				return v, nil
			}
		})
	}
	power, check := decimal.Pow10(to.Scale), !c.safe()
	return fixedRows(to, func(_ *EvalContext, args []Vector) func(i int) (decimal.Num, error) {
		at := integers(args[0])
		return func(i int) (decimal.Num, error) {
			v, ok := decimal.Mul(decimal.FromInt64(at(i)), power)
			if check && (!ok || !decimal.Fits(v, to.Precision)) {
				return v, c.overflow(decimal.String(decimal.FromInt64(at(i)), 0))
			}
			return v, nil
		}
	})
}

// floats reads a FLOAT or DOUBLE vector.
func floats(v Vector) (at func(i int) float64, bits int) {
	if v.Array.DataType().ID() == arrow.FLOAT32 {
		c := fixedOf[float32](v)
		return func(i int) float64 { return float64(c.at(i)) }, 32
	}
	return fixedOf[float64](v).at, 64
}

// boolean converts between BOOLEAN and numbers.
func (c *conversion) boolean() Kernel {
	switch {
	case c.from.IsNumeric():
		return boolRows(func(_ *EvalContext, args []Vector) func(i int) (bool, error) {
			nonZero := nonZeros(args[0])
			return func(i int) (bool, error) { return nonZero(i), nil }
		})
	case !c.to.IsNumeric():
		return nil
	}
	number := conversion{from: types.Of(types.TinyInt), to: c.to, try: c.try, source: c.source}
	widen := number.numericOrSame()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args[0])
		if all {
			return nulls(ctx.Alloc, c.to.Arrow(), n), nil
		}
		buf, dst := newValues[int8](ctx.Alloc, n)
		for i, v := range boolBytes(args[0], n) {
			dst[i] = v
		}
		small := fixed(arrow.PrimitiveTypes.Int8, n, valid, buf)
		defer small.Release()
		return widen(ctx, []Vector{{Array: small}}, n)
	}
}

func (c *conversion) numericOrSame() Kernel {
	if c.to.Kind == c.from.Kind {
		return passThrough
	}
	return c.numeric()
}

// interval converts between intervals and whole numbers of their unit, months or
// milliseconds; nil for others.
func (c *conversion) interval() Kernel {
	from, to := c.from, c.to
	if !from.IsInterval() && !from.IsInteger() || !to.IsInterval() && !to.IsInteger() || from.IsInterval() && to.IsInterval() {
		return nil
	}
	return c.numeric()
}

func nonZeros(v Vector) func(i int) bool {
	switch v.Array.DataType().ID() {
	case arrow.FLOAT32, arrow.FLOAT64:
		at, _ := floats(v)
		return func(i int) bool { return at(i) != 0 }
	case arrow.DECIMAL128:
		c := fixedOf[decimal.Num](v)
		return func(i int) bool { return decimal.Sign(c.at(i)) != 0 }
	}
	at := integers(v)
	return func(i int) bool { return at(i) != 0 }
}
