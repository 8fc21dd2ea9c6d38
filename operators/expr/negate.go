package expr

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

func resolveNegate(args []rex.Expr) (rex.Resolved, error) {
	p := numericParam()
	if len(args) == 1 && args[0].Type.IsInterval() {
		p = anyParam()
	}
	return rule{params: []param{p}, result: sameAs(0)}.to("-")(args)
}

func bindNegate(c *Call) (Kernel, error) {
	switch physOf(c.Type) {
	case physInt8:
		return unaryKernel(c.Type, negate[int8]), nil
	case physInt16:
		return unaryKernel(c.Type, negate[int16]), nil
	case physInt32:
		return unaryKernel(c.Type, negate[int32]), nil
	case physInt64:
		return unaryKernel(c.Type, negate[int64]), nil
	case physFloat32:
		return unaryKernel(c.Type, negate[float32]), nil
	case physFloat64:
		return unaryKernel(c.Type, negate[float64]), nil
	case physDecimal:
		return unaryKernel(c.Type, func(dst, a []decimal.Num) {
			for i := range dst {
				dst[i] = decimal.Neg(a[i])
			}
		}), nil
	}
	return nil, errs.Bugf("expr: negation of %s", c.Type)
}

func negate[T number](dst, a []T) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = -a[i]
	}
}

// unaryKernel runs a loop from A to R over the whole column, NULL slots included,
// and keeps the NULLs.
func unaryKernel[A, R any](result types.Type, loop func(dst []R, a []A)) Kernel {
	dt := result.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args[0])
		if all {
			return nulls(ctx.Alloc, dt, n), nil
		}
		buf, dst := newValues[R](ctx.Alloc, n)
		loop(dst, values[A](args[0]))
		return fixed(dt, n, valid, buf), nil
	}
}
