package expr

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
)

// divisionKernel is / or % on integers of type T, as R. Division by zero is an error of
// the data, unless the row is NULL anyway.
func divisionKernel[T, R integer](c *Call, remainder bool) Kernel {
	dt, label := c.Type.Arrow(), c.Label
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, dt, n), nil
		}
		buf, dst := newValues[R](ctx.Alloc, n)
		a, b := values[T](args[0]), values[T](args[1])
		if args[1].Const && !args[0].Const && n > 0 && b[0] != 0 {
			divideByConst(dst, a, b[0], remainder)
			return fixed(dt, n, valid, buf), nil
		}
		i, j, mask := args[0].stride(), args[1].stride(), valid.bits()
		for k := range dst {
			x, y := a[k&i], b[k&j]
			if y == 0 {
				if mask != nil && !bitset(mask, k) {
					dst[k] = 0
					continue
				}
				buf.Release()
				valid.release()
				return nil, divisionByZero(label)
			}
			if remainder {
				dst[k] = R(x % y)
			} else {
				dst[k] = R(x / y)
			}
		}
		return fixed(dt, n, valid, buf), nil
	}
}

func divisionByZero(label string) error {
	return errs.Userf("division by zero in %s", label).WithHint("guard it with NULLIF or CASE")
}

func divideByConst[T, R integer](dst []R, a []T, c T, remainder bool) {
	a = a[:len(dst)]
	if remainder {
		for i := range dst {
			dst[i] = R(a[i] % c)
		}
		return
	}
	for i := range dst {
		dst[i] = R(a[i] / c)
	}
}

// floatArithmetic follows IEEE 754: division by zero gives an infinity or NaN.
func floatArithmetic[T float32 | float64](c *Call) (Kernel, error) {
	switch c.Name {
	case "/":
		return binaryKernel(c, binaryLoops[T]{divColumns[T], divConst[T], constDiv[T]}), nil
	case "%":
		return binaryKernel(c, binaryLoops[T]{modColumns[T],
			func(dst, a []T, c T) {
				for i := range dst {
					dst[i] = T(math.Mod(float64(a[i]), float64(c)))
				}
			},
			func(dst []T, c T, b []T) {
				for i := range dst {
					dst[i] = T(math.Mod(float64(c), float64(b[i])))
				}
			}}), nil
	}
	return arithmeticLoops[T](c)
}

func modColumns[T float32 | float64](dst, a, b []T) {
	for i := range dst {
		dst[i] = T(math.Mod(float64(a[i]), float64(b[i])))
	}
}

func divColumns[T float32 | float64](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

func divConst[T float32 | float64](dst, a []T, c T) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / c
	}
}

func constDiv[T float32 | float64](dst []T, c T, b []T) {
	b = b[:len(dst)]
	for i := range dst {
		dst[i] = c / b[i]
	}
}
