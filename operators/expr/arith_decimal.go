package expr

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// decimalOp is the plan of one DECIMAL operation: scales of both sides and of the
// result, and whether the result may have too many digits (which gives NULL).
type decimalOp struct {
	label      string
	s1, s2     int
	precision  int
	scale      int
	mayExceed  bool
	leftPower  decimal.Num
	rightPower decimal.Num
	roundFrom  int
}

// bindDecimalArithmetic computes exactly on 128 bits. A side may be an integer.
func bindDecimalArithmetic(c *Call) (Kernel, error) {
	a, b := asDecimal(c.Args[0].Type), asDecimal(c.Args[1].Type)
	op := decimalOp{label: c.Label, s1: a.Scale, s2: b.Scale, precision: c.Type.Precision, scale: c.Type.Scale}
	switch c.Name {
	case "+", "-":
		op.roundFrom = max(a.Scale, b.Scale)
		op.leftPower, op.rightPower = decimal.Pow10(op.roundFrom-a.Scale), decimal.Pow10(op.roundFrom-b.Scale)
		op.mayExceed = max(a.Precision-a.Scale, b.Precision-b.Scale)+op.roundFrom+1 > types.MaxDecimalPrecision
		return op.kernel(c.Type, op.sum(c.Name == "-")), nil
	case "*":
		op.mayExceed = a.Precision+b.Precision+1 > types.MaxDecimalPrecision
		if k, ok := op.scaleByConst(c); ok {
			return k, nil
		}
		return op.kernel(c.Type, op.product), nil
	case "/":
		op.mayExceed = true
		return op.kernel(c.Type, op.quotient), nil
	case "%":
		op.roundFrom = max(a.Scale, b.Scale)
		op.leftPower, op.rightPower = decimal.Pow10(op.roundFrom-a.Scale), decimal.Pow10(op.roundFrom-b.Scale)
		return op.kernel(c.Type, op.remainder), nil
	}
	return nil, errs.Bugf("expr: DECIMAL %s", c.Name)
}

// decimalLoop computes dst over n rows; strides map rows to operands.
type decimalLoop func(m *nulling, dst []decimal.Num, x, y decimalSide) error

// decimalSide is an operand.
type decimalSide struct {
	values []decimal.Num
	stride int
}

func (op decimalOp) kernel(t types.Type, loop decimalLoop) Kernel {
	dt := t.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, dt, n), nil
		}
		m := &nulling{alloc: ctx.Alloc, n: n, valid: valid}
		buf, dst := newValues[decimal.Num](ctx.Alloc, n)
		x := decimalSide{decimalsOf(args[0]), args[0].stride()}
		y := decimalSide{decimalsOf(args[1]), args[1].stride()}
		if err := loop(m, dst, x, y); err != nil {
			buf.Release()
			m.valid.release()
			return nil, err
		}
		return fixed(dt, n, m.valid, buf), nil
	}
}

// decimalsOf reads a DECIMAL or integer vector as unscaled values.
func decimalsOf(v Vector) []decimal.Num {
	switch v.Array.DataType().ID() {
	case arrow.INT8:
		return widen(values[int8](v))
	case arrow.INT16:
		return widen(values[int16](v))
	case arrow.INT32:
		return widen(values[int32](v))
	case arrow.INT64:
		return widen(values[int64](v))
	}
	return values[decimal.Num](v)
}

func widen[T integer](src []T) []decimal.Num {
	out := make([]decimal.Num, len(src))
	for i, v := range src {
		out[i] = decimal.FromInt64(int64(v))
	}
	return out
}

// sum adds, or subtracts. Sides of one scale whose result needs no rounding take
// the short way.
func (op decimalOp) sum(subtract bool) decimalLoop {
	apply := decimal.Add
	if subtract {
		apply = decimal.Sub
	}
	shifts := decimal.Shifts{A: op.roundFrom - op.s1, B: op.roundFrom - op.s2, Drop: op.roundFrom - op.scale}
	plain := shifts == decimal.Shifts{}
	return func(m *nulling, dst []decimal.Num, x, y decimalSide) error {
		for i := range dst {
			a, b := x.values[i&x.stride], y.values[i&y.stride]
			var ok bool
			switch {
			case plain:
				dst[i], ok = apply(a, b)
			case !op.mayExceed:
				// Every step fits into 38 digits.
				a, _ = decimal.Mul(a, op.leftPower)
				b, _ = decimal.Mul(b, op.rightPower)
				dst[i], ok = apply(a, b)
			case subtract:
				dst[i], ok = decimal.AddShifted(a, decimal.Neg(b), shifts)
			default:
				dst[i], ok = decimal.AddShifted(a, b, shifts)
			}
			if op.mayExceed && (!ok || !decimal.Fits(dst[i], op.precision)) {
				m.null(i)
			}
		}
		return nil
	}
}

func (op decimalOp) product(m *nulling, dst []decimal.Num, x, y decimalSide) error {
	drop := op.s1 + op.s2 - op.scale
	for i := range dst {
		a, b := x.values[i&x.stride], y.values[i&y.stride]
		if !op.mayExceed {
			dst[i], _ = decimal.Mul(a, b)
			continue
		}
		v, ok := decimal.MulRound(a, b, drop)
		dst[i] = v
		if !ok || !decimal.Fits(v, op.precision) {
			m.null(i)
		}
	}
	return nil
}

func (op decimalOp) quotient(m *nulling, dst []decimal.Num, x, y decimalSide) error {
	shift := op.scale - op.s1 + op.s2
	for i := range dst {
		if m.skips(i) {
			dst[i] = decimal.Num{}
			continue
		}
		a, b := x.values[i&x.stride], y.values[i&y.stride]
		if decimal.Sign(b) == 0 {
			return divisionByZero(op.label)
		}
		v, ok := op.divide(a, b, shift)
		dst[i] = v
		if !ok || !decimal.Fits(v, op.precision) {
			m.null(i)
		}
	}
	return nil
}

// divide is a / b with shift digits more; a negative shift makes b longer.
func (op decimalOp) divide(a, b decimal.Num, shift int) (decimal.Num, bool) {
	if shift >= 0 {
		return decimal.Div(a, b, shift)
	}
	scaled, ok := decimal.Mul(b, decimal.Pow10(-shift))
	if !ok {
		return decimal.Num{}, true
	}
	return decimal.Div(a, scaled, 0)
}

func (op decimalOp) remainder(m *nulling, dst []decimal.Num, x, y decimalSide) error {
	for i := range dst {
		if m.skips(i) {
			dst[i] = decimal.Num{}
			continue
		}
		a := x.values[i&x.stride]
		b, ok := decimal.Mul(y.values[i&y.stride], op.rightPower)
		if ok && decimal.Sign(b) == 0 {
			return divisionByZero(op.label)
		}
		// A divisor beyond 128 bits is beyond the dividend too.
		v := a
		if ok {
			v = decimal.RemShifted(a, b, op.roundFrom-op.s1)
		}
		v, ok = decimal.Rescale(v, op.roundFrom, op.scale)
		dst[i] = v
		if !ok || !decimal.Fits(v, op.precision) {
			m.null(i)
		}
	}
	return nil
}

// scaleByConst is the fast path of constant · column where the constant and the
// column's values fit into 64 bits: one machine multiplication a row.
func (op decimalOp) scaleByConst(c *Call) (Kernel, bool) {
	column, constant := 1, 0
	if !c.Args[0].IsLiteral() {
		column, constant = 0, 1
	}
	if op.mayExceed || !c.Args[constant].IsLiteral() || c.Args[constant].IsNull() || c.Args[column].IsLiteral() {
		return nil, false
	}
	literal, ok := decimalLiteral(c.Args[constant])
	if !ok || !decimal.IsInt64(literal) {
		return nil, false
	}
	factor := int64(literal.LowBits())
	var kernel Kernel
	switch physOf(c.Args[column].Type) {
	case physInt32:
		kernel = unaryKernel(c.Type, func(dst []decimal.Num, a []int32) { scaleLoop(dst, a, factor) })
	case physInt64:
		kernel = unaryKernel(c.Type, func(dst []decimal.Num, a []int64) { scaleLoop(dst, a, factor) })
	default:
		return nil, false
	}
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		return kernel(ctx, args[column:column+1], n)
	}, true
}

func scaleLoop[T integer](dst []decimal.Num, a []T, factor int64) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = decimal.Mul64(int64(a[i]), factor)
	}
}

// decimalLiteral is the unscaled value of an exact number literal.
func decimalLiteral(e rex.Expr) (decimal.Num, bool) {
	if e.Type.IsInteger() {
		return decimal.FromInt64(e.Value.Int), true
	}
	n, valid, fits := decimal.Parse(e.Value.Str, decimal.MaxPrecision, 0)
	return n, valid && fits && e.Type.Kind == types.Decimal
}
