package expr

import (
	"math"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

func roundFunctions() []Function {
	number := numericParam()
	same := rule{params: []param{number}, result: sameAs(0)}
	return []Function{
		def("arithmetic", "ABS", "ABS(number)", "The absolute value.", same, bindPerNumber(perNumber{
			integer: func(v int64) int64 { return max(v, -v) }, float: math.Abs, decimal: absDecimal}), Example{"ABS(-1.5)", "1.5"}),
		def("arithmetic", "SIGN", "SIGN(number)", "-1, 0 or 1 by the sign.", same, bindPerNumber(perNumber{
			integer: func(v int64) int64 { return int64(sign(v)) }, float: signFloat, decimal: signDecimal}), Example{"SIGN(-5)", "-1"}, Example{"SIGN(2.5)", "1.0"}),
		{Name: "FLOOR", Family: "arithmetic", Usage: "FLOOR(number) or FLOOR(time TO unit)",
			Doc:      "The greatest whole number that is not greater; or the time rounded down to a unit.",
			Examples: []Example{{"FLOOR(-1.5)", "-2"}, {"FLOOR(TIMESTAMP '2024-03-05 07:08:09' TO MONTH)", "2024-03-01 00:00:00"}},
			Resolve:  resolveFloor("FLOOR"), Bind: bindFloor(false)},
		{Name: "CEIL", Aliases: []string{"CEILING"}, Family: "arithmetic", Usage: "CEIL(number) or CEIL(time TO unit)",
			Doc:      "The least whole number that is not less; or the time rounded up to a unit.",
			Examples: []Example{{"CEIL(-1.5)", "-1"}, {"CEIL(DATE '2024-03-05' TO MONTH)", "2024-04-01"}},
			Resolve:  resolveFloor("CEIL"), Bind: bindFloor(true)},
		{Name: "ROUND", Family: "arithmetic", Usage: "ROUND(number [, INT])", Doc: "The number rounded half up to some digits after the point (0); NULL for a DECIMAL that has too many digits then.",
			Examples: []Example{{"ROUND(2.345, 2)", "2.35"}, {"ROUND(-2.5)", "-3"}, {"ROUND(15, -1)", "20"}, {"ROUND(2.5e0)", "3.0"}},
			Resolve:  resolveRound("ROUND"), Bind: bindRound(true)},
		{Name: "TRUNCATE", Family: "arithmetic", Usage: "TRUNCATE(number [, INT])", Doc: "The number cut to some digits after the point (0).",
			Examples: []Example{{"TRUNCATE(42.345, 2)", "42.34"}, {"TRUNCATE(42.9e0)", "42.0"}},
			Resolve:  resolveRound("TRUNCATE"), Bind: bindRound(false)},
	}
}

// perNumber is a function of one number in its three forms. decimal maps a value
// of one scale to one of another.
type perNumber struct {
	integer func(v int64) int64
	float   func(v float64) float64
	decimal func(v decimal.Num, from, to int) decimal.Num
}

func sign(v int64) int {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return 1
	}
	return 0
}

func signFloat(v float64) float64 {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return 1
	}
	return v
}

func absDecimal(v decimal.Num, _, _ int) decimal.Num {
	if decimal.Sign(v) < 0 {
		return decimal.Neg(v)
	}
	return v
}

func signDecimal(v decimal.Num, _, to int) decimal.Num {
	n, _ := decimal.Mul(decimal.FromInt64(int64(decimal.Sign(v))), decimal.Pow10(to))
	return n
}

// bindPerNumber picks the form by the argument's type.
func bindPerNumber(f perNumber) binder {
	return func(c *Call) (Kernel, error) {
		from, to := c.Args[0].Type.Scale, c.Type.Scale
		switch physOf(c.Args[0].Type) {
		case physInt8:
			return unaryKernel(c.Type, mapInts[int8](f.integer)), nil
		case physInt16:
			return unaryKernel(c.Type, mapInts[int16](f.integer)), nil
		case physInt32:
			return unaryKernel(c.Type, mapInts[int32](f.integer)), nil
		case physInt64:
			return unaryKernel(c.Type, mapInts[int64](f.integer)), nil
		case physFloat32:
			return unaryKernel(c.Type, func(dst, a []float32) {
				for i := range dst {
					dst[i] = float32(f.float(float64(a[i])))
				}
			}), nil
		case physFloat64:
			return mathUnary(f.float)(c)
		case physDecimal:
			return unaryKernel(c.Type, func(dst, a []decimal.Num) {
				for i := range dst {
					dst[i] = f.decimal(a[i], from, to)
				}
			}), nil
		}
		return nil, errs.Bugf("expr: %s of %s", c.Name, c.Args[0].Type)
	}
}

func mapInts[T integer](f func(v int64) int64) func(dst, a []T) {
	return func(dst, a []T) {
		for i := range dst {
			dst[i] = T(f(int64(a[i])))
		}
	}
}

// resolveFloor types FLOOR and CEIL: of a number, or of a time and a unit.
func resolveFloor(name string) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		if len(args) == 2 {
			if _, err := unitLiteral(name, args[1]); err != nil {
				return rex.Resolved{}, err
			}
			return rule{params: []param{timeParam(), stringParam()}, result: sameAs(0)}.to(name)(args)
		}
		return rule{params: []param{numericParam()}, result: func(args []types.Type) types.Type {
			if t := args[0]; t.Kind == types.Decimal {
				return types.DecimalOf(t.Precision, 0)
			}
			return args[0]
		}}.to(name)(args)
	}
}

func bindFloor(up bool) binder {
	same := func(v int64) int64 { return v }
	floor := perNumber{same, math.Floor, func(v decimal.Num, from, _ int) decimal.Num { return decimal.Floor(v, from) }}
	ceil := perNumber{same, math.Ceil, func(v decimal.Num, from, _ int) decimal.Num { return decimal.Ceil(v, from) }}
	return func(c *Call) (Kernel, error) {
		switch {
		case len(c.Args) == 2:
			return bindFloorTime(c, up)
		case up:
			return bindPerNumber(ceil)(c)
		}
		return bindPerNumber(floor)(c)
	}
}

// resolveRound types ROUND and TRUNCATE. A DECIMAL rounded to a literal number of
// digits has that scale.
func resolveRound(name string) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		out, err := rule{params: []param{numericParam(), intParam()}, optional: 1, result: sameAs(0)}.to(name)(args)
		if err != nil || out.Result.Kind != types.Decimal {
			return out, err
		}
		t, digits := out.Result, 0
		if len(args) == 2 {
			if !args[1].IsLiteral() || args[1].IsNull() || !args[1].Type.IsInteger() {
				out.Result.Nullable = true
				return out, nil
			}
			digits = int(args[1].Value.Int)
		}
		if digits >= t.Scale {
			return out, nil
		}
		scale := max(digits, 0)
		precision := t.Precision - t.Scale + 1 + scale
		exceeds := precision > types.MaxDecimalPrecision
		out.Result = types.DecimalOf(min(precision, types.MaxDecimalPrecision), scale).WithNullable(t.Nullable || exceeds)
		return out, nil
	}
}

func bindRound(half bool) binder {
	return func(c *Call) (Kernel, error) {
		switch physOf(c.Type) {
		case physInt8:
			return roundRows(c, func(v int8, d int) int8 { return int8(roundInt(int64(v), d, half)) }), nil
		case physInt16:
			return roundRows(c, func(v int16, d int) int16 { return int16(roundInt(int64(v), d, half)) }), nil
		case physInt32:
			return roundRows(c, func(v int32, d int) int32 { return int32(roundInt(int64(v), d, half)) }), nil
		case physInt64:
			return roundRows(c, func(v int64, d int) int64 { return roundInt(v, d, half) }), nil
		case physFloat32:
			return roundRows(c, func(v float32, d int) float32 { return float32(roundFloat(float64(v), d, half)) }), nil
		case physFloat64:
			return roundRows(c, func(v float64, d int) float64 { return roundFloat(v, d, half) }), nil
		case physDecimal:
			return roundDecimals(c, half), nil
		}
		return nil, errs.Bugf("expr: %s of %s", c.Name, c.Type)
	}
}

func roundRows[T any](c *Call, f func(v T, digits int) T) Kernel {
	return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (T, error) {
		col := fixedOf[T](args[0])
		if len(args) < 2 {
			return func(i int) (T, error) { return f(col.at(i), 0), nil }
		}
		digits := fixedOf[int32](args[1])
		return func(i int) (T, error) { return f(col.at(i), int(digits.at(i))), nil }
	})
}

// roundDecimals rounds DECIMALs; what has too many digits then is NULL.
func roundDecimals(c *Call, half bool) Kernel {
	from, to := c.Args[0].Type.Scale, c.Type
	return fixedRows(to, func(_ *EvalContext, args []Vector) func(i int) (decimal.Num, error) {
		col, digits := fixedOf[decimal.Num](args[0]), func(int) int64 { return 0 }
		if len(args) == 2 {
			digits = integers(args[1])
		}
		return func(i int) (decimal.Num, error) {
			v := roundDecimal(col.at(i), roundScales{from: from, to: to.Scale, digits: int(digits(i))}, half)
			if !decimal.Fits(v, to.Precision) {
				return v, errNull
			}
			return v, nil
		}
	})
}

// roundInt rounds to tens, hundreds, … for negative digits.
func roundInt(v int64, digits int, half bool) int64 {
	if digits >= 0 {
		return v
	}
	if digits < -18 {
		return 0
	}
	power := int64(decimal.Pow10(-digits).LowBits())
	rest := v % power
	v -= rest
	if half && 2*max(rest, -rest) >= power {
		v += int64(sign(rest)) * power
	}
	return v
}

// roundFloat rounds the shortest decimal text of v, as Java's BigDecimal does.
func roundFloat(v float64, digits int, half bool) float64 {
	n, ok := decimal.FromFloat64(v, decimal.MaxPrecision, min(max(digits+1, 18), 30))
	scale := min(max(digits+1, 18), 30)
	if !ok || digits >= scale {
		return v
	}
	return decimal.ToFloat64(roundDecimal(n, roundScales{from: scale, to: max(digits, 0), digits: digits}, half), max(digits, 0))
}

// roundScales are the scales of a rounding: of the value, of the result, and the
// digits kept.
type roundScales struct {
	from, to, digits int
}

func roundDecimal(v decimal.Num, s roundScales, half bool) decimal.Num {
	if s.digits < s.from {
		drop := s.from - s.digits
		if drop > decimal.MaxPrecision {
			return decimal.Num{}
		}
		if half {
			v, _ = decimal.Rescale(v, drop, 0)
		} else {
			v = decimal.Trunc(v, drop)
		}
		v, _ = decimal.Mul(v, decimal.Pow10(drop))
	}
	v, _ = decimal.Rescale(v, s.from, s.to)
	return v
}
