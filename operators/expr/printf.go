package expr

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func printfFunctions() []Function {
	return []Function{
		def("string", "PRINTF", "PRINTF(string, value, …)", "The values in a format in the manner of C and Java; NULL if they don't fit the format.",
			textRule(stringParam(), anyParam()).opt(1).repeat().null(), bindPrintf, Example{"PRINTF('%05d|%s|%.2f', 42, 'a', 1.5e0)", "00042|a|1.50"}),
	}
}

// bindPrintf formats by package fmt, whose verbs %d %s %f %e %g %x %X %o %c %b and
// flags mean what Java's do; %n and %b are translated.
func bindPrintf(c *Call) (Kernel, error) {
	return textRows(c.Type, func(ctx *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		format := bytesOf(args[0])
		get := make([]func(i int) any, len(args)-1)
		for k, a := range args[1:] {
			get[k] = printable(ctx, a, c.Args[k+1].Type)
		}
		in := make([]any, len(get))
		return func(dst []byte, i int) ([]byte, error) {
			for k := range in {
				in[k] = get[k](i)
			}
			out := fmt.Appendf(nil, javaFormat(format.text(i)), in...)
			if strings.Contains(string(out), "%!") {
				return dst, errNull
			}
			return append(dst, out...), nil
		}
	}), nil
}

func javaFormat(format string) string {
	return strings.NewReplacer("%%", "%%", "%n", "\n", "%b", "%t").Replace(format)
}

// printable reads a vector as values for package fmt.
func printable(ctx *EvalContext, v Vector, t types.Type) func(i int) any {
	switch {
	case t.IsInteger():
		at := integers(v)
		return func(i int) any { return at(i) }
	case t.IsApproximate():
		at, _ := floats(v)
		return func(i int) any { return at(i) }
	case t.Kind == types.Decimal:
		double := conversion{from: t, to: types.Of(types.Double)}
		kernel := double.numeric()
		return func(i int) any {
			one := Vector{Array: array.NewSlice(v.Array, int64(i&v.stride()), int64(i&v.stride())+1)}
			defer one.Array.Release()
			arr, err := kernel(ctx, []Vector{one}, 1)
			if err != nil {
				return nil
			}
			defer arr.Release()
			return arr.(*array.Float64).Value(0)
		}
	case t.Kind == types.Boolean:
		return func(i int) any { return v.Array.(*array.Boolean).Value(i & v.stride()) }
	}
	cell, mask := cellOf(v, t, ctx.zone()), v.stride()
	return func(i int) any { return string(columns.AppendCell(nil, cell, i&mask)) }
}
