package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// cmpOp is a comparison operator.
type cmpOp uint8

const (
	cmpEq cmpOp = iota
	cmpNe
	cmpLt
	cmpLe
	cmpGt
	cmpGe
)

// flipped is the operator with its sides exchanged.
func (o cmpOp) flipped() cmpOp {
	return [...]cmpOp{cmpEq: cmpEq, cmpNe: cmpNe, cmpLt: cmpGt, cmpLe: cmpGe, cmpGt: cmpLt, cmpGe: cmpLe}[o]
}

func comparisonFunctions() []Function {
	ops := []struct {
		name, doc, example, result string
		op                         cmpOp
	}{
		{"=", "TRUE if both values are equal.", "1 = 1.0", "TRUE", cmpEq},
		{"<>", "TRUE if the values differ.", "'a' <> 'b'", "TRUE", cmpNe},
		{"<", "TRUE if the first value is less.", "2 < 1", "FALSE", cmpLt},
		{"<=", "TRUE if the first value is less or equal.", "2 <= 2", "TRUE", cmpLe},
		{">", "TRUE if the first value is greater.", "'b' > 'a'", "TRUE", cmpGt},
		{">=", "TRUE if the first value is greater or equal.", "1 >= NULL", "NULL", cmpGe},
	}
	var out []Function
	for _, o := range ops {
		out = append(out, Function{Name: o.name, Family: "comparison", Usage: "value " + o.name + " value", Doc: o.doc,
			Examples: []Example{{o.example, o.result}}, Resolve: resolveComparison(o.name),
			Bind: func(c *Call) (Kernel, error) { return compareKernel(o.op, c.Args[0].Type) }})
	}
	distinct := func(name, doc string, same bool) Function {
		return Function{Name: name, Family: "comparison", Usage: "value " + name + " value", Doc: doc,
			Examples: []Example{{"1 " + name + " NULL", boolText(!same)}}, Resolve: resolveDistinct(name),
			Bind: func(c *Call) (Kernel, error) { return distinctKernel(c.Args[0].Type, same) }}
	}
	return append(out,
		distinct("IS DISTINCT FROM", "TRUE if the values differ, where NULL is a value like any other.", false),
		distinct("IS NOT DISTINCT FROM", "TRUE if the values are equal, where NULL equals NULL.", true),
		inFunction())
}

func boolText(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

func resolveComparison(name string) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		out, err := resolveDistinct(name)(args)
		if err != nil {
			return out, err
		}
		out.TryText = (name == "=" || name == "<>") && triesText(args)
		out.Result.Nullable = out.TryText || isNullable(args[0].Type) || isNullable(args[1].Type)
		return out, nil
	}
}

// triesText reports a text compared with a time: as in Flink, one that is no time equals
// none, and differs from none.
func triesText(args []rex.Expr) bool {
	text, times := false, false
	for _, a := range args {
		text = text || a.Type.IsString() && !a.IsLiteral()
		times = times || a.Type.IsTemporal()
	}
	return text && times
}

func resolveDistinct(name string) resolver {
	return func(args []rex.Expr) (rex.Resolved, error) {
		if len(args) != 2 {
			return rex.Resolved{}, errs.Userf("%s takes two values, not %d", name, len(args))
		}
		common, ok := comparable2(args[0].Type, args[1].Type)
		if !ok {
			return rex.Resolved{}, errs.Userf("cannot compare %s with %s", args[0].Type.WithNullable(true), args[1].Type.WithNullable(true)).
				WithHint("cast one side")
		}
		if common.IsNested() && name != "=" && name != "<>" && name[0] != 'I' {
			return rex.Resolved{}, errs.Userf("values of type %s have no order", common)
		}
		a, b := compareAs(args[0].Type, common), compareAs(args[1].Type, common)
		return rex.Resolved{Args: []types.Type{a, b}, Result: types.Of(types.Boolean).NotNull()}, nil
	}
}

// comparer writes the results of n comparisons as bits.
type comparer func(dst []byte, a, b Vector, n int)

// compareKernel compares two vectors of the same physical type.
func compareKernel(op cmpOp, t types.Type) (Kernel, error) {
	compare, err := comparerOf(op, t)
	if err != nil {
		return nil, err
	}
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, arrow.FixedWidthTypes.Boolean, n), nil
		}
		buf, bits := newBits(ctx.Alloc, n)
		compare(bits, args[0], args[1], n)
		return fixed(arrow.FixedWidthTypes.Boolean, n, valid, buf), nil
	}, nil
}

// comparerOf picks the loop for an operator and a type.
func comparerOf(op cmpOp, t types.Type) (comparer, error) {
	switch physOf(t) {
	case physNull:
		return func([]byte, Vector, Vector, int) {}, nil
	case physBool:
		return compareBools(op), nil
	case physInt8:
		return compareNumbers[int8](op), nil
	case physInt16:
		return compareNumbers[int16](op), nil
	case physInt32:
		return compareNumbers[int32](op), nil
	case physInt64:
		return compareNumbers[int64](op), nil
	case physFloat32:
		return compareNumbers[float32](op), nil
	case physFloat64:
		return compareNumbers[float64](op), nil
	case physDecimal:
		return compareDecimals(op), nil
	case physBytes:
		return compareBytes(op), nil
	}
	return compareNested(op), nil
}

// compareNumbers picks the loop by which sides are constant.
func compareNumbers[T number](op cmpOp) comparer {
	return func(dst []byte, a, b Vector, n int) {
		x, y := values[T](a), values[T](b)
		switch {
		case a.Const && !b.Const:
			compareConst(op.flipped(), dst, y, x[0])
		case b.Const && !a.Const:
			compareConst(op, dst, x, y[0])
		default:
			compareColumns(op, dst, x, y)
		}
	}
}

// compareBools compares bit by bit through bytes; BOOLEAN order is FALSE < TRUE.
func compareBools(op cmpOp) comparer {
	return func(dst []byte, a, b Vector, n int) {
		x, y := boolBytes(a, n), boolBytes(b, n)
		compareColumns(op, dst, x, y)
	}
}

// boolBytes spreads a BOOLEAN vector to one byte a row.
func boolBytes(v Vector, n int) []int8 {
	arr, mask := v.Array.(*array.Boolean), v.stride()
	out := make([]int8, n)
	for i := range out {
		if arr.Value(i & mask) {
			out[i] = 1
		}
	}
	return out
}

// distinctKernel is IS [NOT] DISTINCT FROM: equality in which NULL is a value.
func distinctKernel(t types.Type, same bool) (Kernel, error) {
	equal, err := comparerOf(cmpEq, t)
	if err != nil {
		return nil, err
	}
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		buf, dst := newBits(ctx.Alloc, n)
		equal(dst, args[0], args[1], n)
		a, b := args[0], args[1]
		if a.Const || b.Const || a.Array.NullN() > 0 || b.Array.NullN() > 0 || physOf(t) == physNull {
			for i := range n {
				if x, y := a.Null(i), b.Null(i); x || y {
					bitutil.SetBitTo(dst, i, x && y)
				}
			}
		}
		if !same {
			for i := range dst {
				dst[i] = ^dst[i]
			}
		}
		return fixed(arrow.FixedWidthTypes.Boolean, n, validity{}, buf), nil
	}, nil
}
