package expr

import (
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/uuid"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

func mathFunctions() []Function {
	var out []Function
	for _, f := range []struct {
		name, doc, example, result string
		f                          func(float64) float64
	}{
		{"SQRT", "The square root.", "4", "2.0", math.Sqrt},
		{"LN", "The natural logarithm.", "1", "0.0", math.Log},
		{"LOG10", "The logarithm to base 10.", "100", "2.0", math.Log10},
		{"LOG2", "The logarithm to base 2.", "10", "3.3219280948873626", func(x float64) float64 { return math.Log(x) / math.Ln2 }},
		{"EXP", "e to the power of the number.", "0", "1.0", math.Exp},
		{"SIN", "The sine.", "0", "0.0", math.Sin},
		{"SINH", "The hyperbolic sine.", "0", "0.0", math.Sinh},
		{"COS", "The cosine.", "0", "1.0", math.Cos},
		{"COSH", "The hyperbolic cosine.", "0", "1.0", math.Cosh},
		{"TAN", "The tangent.", "0", "0.0", math.Tan},
		{"TANH", "The hyperbolic tangent.", "0", "0.0", math.Tanh},
		{"COT", "The cotangent.", "0", "Infinity", func(x float64) float64 { return 1 / math.Tan(x) }},
		{"ASIN", "The arc sine.", "0", "0.0", math.Asin},
		{"ACOS", "The arc cosine.", "1", "0.0", math.Acos},
		{"ATAN", "The arc tangent.", "0", "0.0", math.Atan},
		{"DEGREES", "The angle in degrees of one in radians.", "0", "0.0", func(x float64) float64 { return x * 180 / math.Pi }},
		{"RADIANS", "The angle in radians of one in degrees.", "0", "0.0", func(x float64) float64 { return x / 180 * math.Pi }},
	} {
		out = append(out, def("arithmetic", f.name, f.name+"(number)", f.doc, doubleRule(doubleParam()), mathUnary(f.f),
			Example{f.name + "(" + f.example + ")", f.result}))
	}
	d := doubleParam()
	return append(out,
		def("arithmetic", "POWER", "POWER(number, number)", "The first number to the power of the second.", doubleRule(d, d),
			mathBinary(math.Pow), Example{"POWER(2, 10)", "1024.0"}),
		def("arithmetic", "ATAN2", "ATAN2(number, number)", "The angle of the point (second, first).", doubleRule(d, d),
			mathBinary(math.Atan2), Example{"ATAN2(0, 1)", "0.0"}),
		def("arithmetic", "LOG", "LOG([number,] number)", "The logarithm of the last number to base e or to the first.", doubleRule(d, d).opt(1),
			bindLog, Example{"LOG(1)", "0.0"}, Example{"LOG(2, 8)", "3.0"}),
		constantFunction("PI", "The number π. `PI` needs no parentheses where no column has its name.", math.Pi, "3.141592653589793"),
		constantFunction("E", "Euler's number.", math.E, "2.718281828459045"),
		randFunction("RAND", "RAND([INT])", "A random number from 0 to 1, 1 excluded; a seed gives the numbers of Java's Random.", types.Double,
			rule{params: []param{intParam()}, optional: 1, result: always(types.Of(types.Double))}),
		randFunction("RAND_INTEGER", "RAND_INTEGER([INT,] INT)", "A random whole number from 0 to the last argument, that excluded; a seed before it gives the numbers of Java's Random.", types.Int,
			rule{params: []param{intParam(), intParam()}, optional: 1, result: always(types.Of(types.Int))}),
		Function{Name: "UUID", Family: "arithmetic", Usage: "UUID()", Doc: "A random UUID of version 4.", Volatile: true, PerRow: true,
			Resolve: rule{params: []param{}, result: always(types.StringType().NotNull()), keepNull: true}.to("UUID"), Bind: bindUUID},
		def("arithmetic", "BIN", "BIN(BIGINT)", "The number in binary.", textRule(bigintParam()), radixText(2, false), Example{"BIN(12)", "1100"}),
	)
}

func doubleRule(params ...param) rule {
	return rule{params: params, result: always(types.Of(types.Double))}
}

func mathUnary(f func(float64) float64) binder {
	return func(c *Call) (Kernel, error) {
		return unaryKernel(c.Type, func(dst, a []float64) {
			for i := range dst {
				dst[i] = f(a[i])
			}
		}), nil
	}
}

func mathBinary(f func(a, b float64) float64) binder {
	return func(c *Call) (Kernel, error) {
		return fixedRows(c.Type, func(_ *EvalContext, args []Vector) func(i int) (float64, error) {
			a, b := fixedOf[float64](args[0]), fixedOf[float64](args[1])
			return func(i int) (float64, error) { return f(a.at(i), b.at(i)), nil }
		}), nil
	}
}

func bindLog(c *Call) (Kernel, error) {
	if len(c.Args) == 1 {
		return mathUnary(math.Log)(c)
	}
	return mathBinary(func(base, x float64) float64 { return math.Log(x) / math.Log(base) })(c)
}

func constantFunction(name, doc string, value float64, text string) Function {
	return Function{Name: name, Family: "arithmetic", Usage: name + "()", Doc: doc, Examples: []Example{{name + "()", text}},
		Resolve: rule{params: []param{}, result: always(types.Of(types.Double).NotNull()), keepNull: true}.to(name),
		Bind: func(c *Call) (Kernel, error) {
			one, err := constantArray(c.Type, rex.Value{Float: value})
			return func(ctx *EvalContext, _ []Vector, n int) (arrow.Array, error) {
				return broadcast(ctx.Alloc, one, n), nil
			}, err
		}}
}

// randFunction gives each row a number of its own. A seed gives the numbers of Java's
// Random: a constant one a sequence, which starts anew with the program; another one each
// row the first number of its seed.
func randFunction(name, usage, doc string, kind types.Kind, r rule) Function {
	return Function{Name: name, Family: "arithmetic", Usage: usage, Doc: doc, Volatile: true, PerRow: true, Resolve: r.to(name),
		Fallible: kind == types.Int,
		Bind: func(c *Call) (Kernel, error) {
			if kind == types.Double {
				numbers := newRandomNumbers(c, len(c.Args) == 1)
				return fixedRows(c.Type, func(ctx *EvalContext, args []Vector) func(i int) (float64, error) {
					source := numbers.open(ctx, args)
					return func(i int) (float64, error) { return source(i).Float64(), nil }
				}), nil
			}
			numbers := newRandomNumbers(c, len(c.Args) == 2)
			return fixedRows(c.Type, func(ctx *EvalContext, args []Vector) func(i int) (int32, error) {
				source, bound := numbers.open(ctx, args), fixedOf[int32](args[len(args)-1])
				return func(i int) (int32, error) {
					if bound.at(i) <= 0 {
						return 0, errs.Userf("the bound of %s must be positive, not %d", c.Label, bound.at(i))
					}
					return source(i).Int32N(bound.at(i)), nil
				}
			}), nil
		}}
}

// randomSource is the context's source, or the process' own.
func randomSource(ctx *EvalContext) *rand.Rand {
	if ctx.Random != nil {
		return rand.New(ctx.Random)
	}
	return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
}

func bindUUID(c *Call) (Kernel, error) {
	return textRows(c.Type, func(ctx *EvalContext, _ []Vector) func(dst []byte, i int) ([]byte, error) {
		source := randomSource(ctx)
		return func(dst []byte, _ int) ([]byte, error) {
			var id uuid.UUID
			for i := 0; i < 16; i += 8 {
				word := source.Uint64()
				for j := range 8 {
					id[i+j] = byte(word >> (8 * j))
				}
			}
			id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
			return append(dst, id.String()...), nil
		}
	}), nil
}

// radixText writes a BIGINT in another base, as two's complement when negative.
func radixText(base int, upper bool) binder {
	return func(c *Call) (Kernel, error) {
		return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
			at := integers(args[0])
			return func(dst []byte, i int) ([]byte, error) {
				from := len(dst)
				dst = strconv.AppendUint(dst, uint64(at(i)), base)
				if upper {
					upperASCII(dst[from:])
				}
				return dst, nil
			}
		}), nil
	}
}

func upperASCII(text []byte) {
	for i, b := range text {
		if b >= 'a' && b <= 'z' {
			text[i] = b ^ 0x20
		}
	}
}
