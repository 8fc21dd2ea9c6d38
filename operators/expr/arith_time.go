package expr

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// bindTimeArithmetic is + - * / where times and intervals take part.
func bindTimeArithmetic(c *Call) (Kernel, error) {
	a, b := c.Args[0].Type, c.Args[1].Type
	sign := int64(1)
	if c.Name == "-" {
		sign = -1
	}
	switch {
	case a.IsTemporal() && b.IsInterval():
		return timeMove(c, a, b, sign)
	case a.IsInterval() && b.IsTemporal():
		kernel, err := timeMove(c, b, a, sign)
		if err != nil {
			return nil, err
		}
		return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
			return kernel(ctx, []Vector{args[1], args[0]}, n)
		}, nil
	case a.IsInterval() && b.IsInterval():
		if physOf(a) == physInt32 {
			return arithmeticLoops[int32](c)
		}
		return arithmeticLoops[int64](c)
	case a.IsTemporal() && b.IsTemporal():
		return timeDifference(c, a)
	}
	return intervalScale(c)
}

// timeMove adds sign · interval to a time.
func timeMove(c *Call, t, interval types.Type, sign int64) (Kernel, error) {
	months := interval.Kind == types.IntervalYearMonth
	if t.Kind == types.Time && months {
		return nil, errs.Userf("an interval of months can't be added to a TIME in %s", c.Label)
	}
	unit := nanosPerUnit(t.Precision)
	switch {
	case t.Kind == types.Date && months:
		return moveKernel(c.Type, func(v int32, m int32) int32 { return int32(temporal.AddMonths(int64(v), sign*int64(m))) }), nil
	case t.Kind == types.Date:
		return moveKernel(c.Type, func(v int32, ms int64) int32 {
			return int32(temporal.FloorDiv(int64(v)*temporal.MillisPerDay+sign*ms, temporal.MillisPerDay))
		}), nil
	case t.Kind == types.Time && t.Precision <= 3:
		return moveKernel(c.Type, func(v int32, ms int64) int32 {
			return int32(temporal.FloorMod(int64(v)+sign*ms, temporal.MillisPerDay))
		}), nil
	case t.Kind == types.Time:
		return moveKernel(c.Type, func(v int64, ms int64) int64 {
			return temporal.FloorMod(v+sign*ms*(temporal.NanosPerMilli/unit), temporal.NanosPerDay/unit)
		}), nil
	case months:
		return moveKernel(c.Type, func(v int64, m int32) int64 {
			days, nanos := temporal.Split(v, unit)
			return temporal.Join(temporal.AddMonths(days, sign*int64(m)), nanos, unit)
		}), nil
	}
	return timestampShift(c, sign*temporal.NanosPerMilli/unit), nil
}

// moveKernel applies f to a time and an interval, row by row.
func moveKernel[T int32 | int64, I int32 | int64](result types.Type, f func(v T, by I) T) Kernel {
	dt := result.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, dt, n), nil
		}
		buf, dst := newValues[T](ctx.Alloc, n)
		a, b := values[T](args[0]), values[I](args[1])
		i, j := args[0].stride(), args[1].stride()
		for k := range dst {
			dst[k] = f(a[k&i], b[k&j])
		}
		return fixed(dt, n, valid, buf), nil
	}
}

// timestampShift adds milliseconds times factor to a timestamp.
func timestampShift(c *Call, factor int64) Kernel {
	return binaryKernel(c, binaryLoops[int64]{
		columns: func(dst, a, b []int64) {
			for i := range dst {
				dst[i] = a[i] + b[i]*factor
			}
		},
		right: func(dst, a []int64, by int64) { addConst(dst, a, by*factor) },
		left: func(dst []int64, at int64, b []int64) {
			for i := range dst {
				dst[i] = at + b[i]*factor
			}
		},
	})
}

// timeDifference is the interval in milliseconds between two times of one type.
func timeDifference(c *Call, t types.Type) (Kernel, error) {
	switch {
	case t.Kind == types.Date:
		return differenceKernel[int32](c.Type, temporal.MillisPerDay, 1), nil
	case t.Kind == types.Time && t.Precision <= 3:
		return differenceKernel[int32](c.Type, 1, 1), nil
	}
	return differenceKernel[int64](c.Type, 1, temporal.NanosPerMilli/nanosPerUnit(t.Precision)), nil
}

func differenceKernel[T integer](result types.Type, times, per int64) Kernel {
	dt := result.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, dt, n), nil
		}
		buf, dst := newValues[int64](ctx.Alloc, n)
		a, b := values[T](args[0]), values[T](args[1])
		i, j := args[0].stride(), args[1].stride()
		for k := range dst {
			dst[k] = (int64(a[k&i]) - int64(b[k&j])) * times / per
		}
		return fixed(dt, n, valid, buf), nil
	}
}

// intervalScale is interval · number and interval / number.
func intervalScale(c *Call) (Kernel, error) {
	interval, factor := 0, 1
	if !c.Args[0].Type.IsInterval() {
		interval, factor = 1, 0
	}
	isDouble := c.Args[factor].Type.Kind == types.Double
	kernel := scaleKernel[int64](c, isDouble)
	if physOf(c.Type) == physInt32 {
		kernel = scaleKernel[int32](c, isDouble)
	}
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		return kernel(ctx, []Vector{args[interval], args[factor]}, n)
	}, nil
}

func scaleKernel[T int32 | int64](c *Call, isDouble bool) Kernel {
	dt, divide, label := c.Type.Arrow(), c.Name == "/", c.Label
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, dt, n), nil
		}
		m := nulling{valid: valid}
		buf, dst := newValues[T](ctx.Alloc, n)
		a := values[T](args[0])
		i, j := args[0].stride(), args[1].stride()
		for k := range dst {
			switch {
			case m.skips(k):
				dst[k] = 0
			case isDouble && divide:
				dst[k] = T(float64(a[k&i]) / values[float64](args[1])[k&j])
			case isDouble:
				dst[k] = T(float64(a[k&i]) * values[float64](args[1])[k&j])
			case !divide:
				dst[k] = T(int64(a[k&i]) * values[int64](args[1])[k&j])
			case values[int64](args[1])[k&j] == 0:
				buf.Release()
				valid.release()
				return nil, divisionByZero(label)
			default:
				dst[k] = T(int64(a[k&i]) / values[int64](args[1])[k&j])
			}
		}
		return fixed(dt, n, valid, buf), nil
	}
}
