package expr

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

func arithmeticFunctions() []Function {
	binary := func(name, doc string, fallible bool, examples ...Example) Function {
		return Function{Name: name, Family: "arithmetic", Usage: "number " + name + " number", Doc: doc, Examples: examples,
			Fallible: fallible, Resolve: resolveArithmetic(name), Bind: bindArithmetic}
	}
	return []Function{
		binary("+", "The sum; also a time moved by an interval.", false,
			Example{"1 + 2", "3"}, Example{"1.5 + 2", "3.5"}),
		binary("-", "The difference; also a time moved back, or the interval between two times.", false,
			Example{"1 - 2", "-1"}),
		binary("*", "The product.", false, Example{"1.5 * 1.5", "2.25"}),
		binary("/", "The quotient. Integers are divided as integers, towards zero.", true,
			Example{"7 / 2", "3"}, Example{"7.0 / 2", "3.500000000000"}),
		binary("%", "The remainder, with the sign of the first number.", true, Example{"-7 % 3", "-1"}),
		{Name: "MOD", Family: "arithmetic", Usage: "MOD(number, number)", Fallible: true,
			Doc: "The remainder, with the sign of the first number.", Examples: []Example{{"MOD(7, 3)", "1"}},
			Resolve: resolveArithmetic("%"),
			Bind: func(c *Call) (Kernel, error) {
				as := *c
				as.Name = "%"
				return bindArithmetic(&as)
			}},
		{Name: "NEG", Family: "arithmetic", Usage: "-number", Doc: "The negated number or interval.",
			Examples: []Example{{"-(1.5)", "-1.5"}}, Resolve: resolveNegate, Bind: bindNegate},
	}
}

// bindArithmetic picks the kernel of + - * / % by the argument types.
func bindArithmetic(c *Call) (Kernel, error) {
	a, b := c.Args[0].Type, c.Args[1].Type
	c.Safe = c.Type.IsApproximate() || c.Args[1].IsLiteral() && !isZero(c.Args[1])
	switch {
	case a.IsTemporal() || b.IsTemporal() || a.IsInterval() || b.IsInterval():
		return bindTimeArithmetic(c)
	case c.Type.Kind == types.Decimal:
		return bindDecimalArithmetic(c)
	case a.Kind == types.Decimal:
		return decimalRemainder(c)
	}
	switch physOf(a) {
	case physInt8:
		return integerArithmetic[int8](c)
	case physInt16:
		return integerArithmetic[int16](c)
	case physInt32:
		return integerArithmetic[int32](c)
	case physInt64:
		return integerArithmetic[int64](c)
	case physFloat32:
		return floatArithmetic[float32](c)
	case physFloat64:
		return floatArithmetic[float64](c)
	}
	return nil, errs.Bugf("expr: %s on %s", c.Name, c.Type)
}

// binaryLoops are the loops of one operator by which side is constant; each
// returns the first row it can't compute, or -1. They may compute on NULL slots.
type binaryLoops[T any] struct {
	columns func(dst, a, b []T)
	right   func(dst, a []T, c T)
	left    func(dst []T, c T, b []T)
}

func integerArithmetic[T integer](c *Call) (Kernel, error) {
	switch {
	case c.Name == "/":
		return divisionKernel[T, T](c, false), nil
	case c.Name != "%":
		return arithmeticLoops[T](c)
	}
	switch physOf(c.Type) {
	case physInt8:
		return divisionKernel[T, int8](c, true), nil
	case physInt16:
		return divisionKernel[T, int16](c, true), nil
	case physInt32:
		return divisionKernel[T, int32](c, true), nil
	}
	return divisionKernel[T, int64](c, true), nil
}

// decimalRemainder is a DECIMAL % an integer, which gives the integer's type.
func decimalRemainder(c *Call) (Kernel, error) {
	exact := *c
	exact.Type = decimalResult("%", c.Args[0].Type, c.Args[1].Type)
	remainder, err := bindDecimalArithmetic(&exact)
	if err != nil {
		return nil, err
	}
	narrow := (&conversion{from: exact.Type, to: c.Type}).numeric()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		out, err := remainder(ctx, args, n)
		if err != nil {
			return nil, err
		}
		defer out.Release()
		return narrow(ctx, []Vector{{Array: out}}, n)
	}, nil
}

func arithmeticLoops[T number](c *Call) (Kernel, error) {
	switch c.Name {
	case "+":
		return binaryKernel(c, binaryLoops[T]{addColumns[T], addConst[T],
			func(dst []T, c T, b []T) { addConst(dst, b, c) }}), nil
	case "-":
		return binaryKernel(c, binaryLoops[T]{subColumns[T], subConst[T], constSub[T]}), nil
	case "*":
		return binaryKernel(c, binaryLoops[T]{mulColumns[T], mulConst[T],
			func(dst []T, c T, b []T) { mulConst(dst, b, c) }}), nil
	}
	return nil, errs.Bugf("expr: arithmetic %s", c.Name)
}

// binaryKernel runs loops of T op T = T over the whole column and puts the NULLs
// on top.
func binaryKernel[T any](c *Call, loops binaryLoops[T]) Kernel {
	dt := c.Type.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, dt, n), nil
		}
		buf, dst := newValues[T](ctx.Alloc, n)
		a, b := values[T](args[0]), values[T](args[1])
		switch {
		case args[1].Const && len(b) > 0 && !args[0].Const:
			loops.right(dst, a, b[0])
		case args[0].Const && len(a) > 0 && !args[1].Const:
			loops.left(dst, a[0], b)
		default:
			loops.columns(dst, a, b)
		}
		return fixed(dt, n, valid, buf), nil
	}
}

func addColumns[T number](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func addConst[T number](dst, a []T, c T) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + c
	}
}

func subColumns[T number](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

func subConst[T number](dst, a []T, c T) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - c
	}
}

func constSub[T number](dst []T, c T, b []T) {
	b = b[:len(dst)]
	for i := range dst {
		dst[i] = c - b[i]
	}
}

func mulColumns[T number](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func mulConst[T number](dst, a []T, c T) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * c
	}
}

// isZero reports a literal that may be zero.
func isZero(e rex.Expr) bool {
	return e.Value.Int == 0 && e.Value.Float == 0 && (e.Value.Str == "" || e.Value.Str == "0")
}
