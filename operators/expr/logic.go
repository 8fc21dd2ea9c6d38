package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
)

func logicFunctions() []Function {
	logical := func(name, doc string, conjunction bool, examples ...Example) Function {
		return Function{Name: name, Family: "logical", Usage: "boolean " + name + " boolean", Doc: doc, Examples: examples,
			Resolve: rule{params: repeatParam(boolParam(), 2), variadic: true, result: always(types.Of(types.Boolean))}.to(name),
			Bind:    func(*Call) (Kernel, error) { return logicKernel(conjunction), nil }}
	}
	is := func(name, doc string, test truthTest, examples ...Example) Function {
		return Function{Name: name, Family: "logical", Usage: "boolean " + name, Doc: doc, Examples: examples,
			Resolve: rule{params: []param{boolParam()}, result: always(types.Of(types.Boolean).NotNull()), keepNull: true}.to(name),
			Bind:    func(*Call) (Kernel, error) { return truthKernel(test), nil }}
	}
	null := func(name, doc string, want bool, example Example) Function {
		return Function{Name: name, Family: "comparison", Usage: "value " + name, Doc: doc, Examples: []Example{example},
			Resolve: rule{params: []param{anyParam()}, result: always(types.Of(types.Boolean).NotNull()), keepNull: true}.to(name),
			Bind:    func(*Call) (Kernel, error) { return nullTestKernel(want), nil }}
	}
	return []Function{
		logical("AND", "TRUE if both are TRUE, FALSE if one is FALSE, else NULL.", true,
			Example{"TRUE AND NULL", "NULL"}, Example{"FALSE AND NULL", "FALSE"}),
		logical("OR", "TRUE if one is TRUE, FALSE if both are FALSE, else NULL.", false,
			Example{"TRUE OR NULL", "TRUE"}, Example{"FALSE OR NULL", "NULL"}),
		{Name: "NOT", Family: "logical", Usage: "NOT boolean", Doc: "FALSE for TRUE, TRUE for FALSE, NULL for NULL.",
			Examples: []Example{{"NOT TRUE", "FALSE"}, {"NOT NULL", "NULL"}},
			Resolve:  rule{params: []param{boolParam()}, result: always(types.Of(types.Boolean))}.to("NOT"),
			Bind:     func(*Call) (Kernel, error) { return notKernel, nil }},
		is("IS TRUE", "TRUE only for TRUE.", truthTest{whenTrue: true}, Example{"NULL IS TRUE", "FALSE"}),
		is("IS FALSE", "TRUE only for FALSE.", truthTest{whenFalse: true}, Example{"FALSE IS FALSE", "TRUE"}),
		is("IS UNKNOWN", "TRUE only for NULL.", truthTest{whenNull: true}, Example{"NULL IS UNKNOWN", "TRUE"}),
		is("IS NOT TRUE", "FALSE only for TRUE.", truthTest{whenFalse: true, whenNull: true}, Example{"NULL IS NOT TRUE", "TRUE"}),
		is("IS NOT FALSE", "FALSE only for FALSE.", truthTest{whenTrue: true, whenNull: true}, Example{"FALSE IS NOT FALSE", "FALSE"}),
		is("IS NOT UNKNOWN", "FALSE only for NULL.", truthTest{whenTrue: true, whenFalse: true}, Example{"NULL IS NOT UNKNOWN", "FALSE"}),
		null("IS NULL", "TRUE if the value is NULL.", true, Example{"1 IS NULL", "FALSE"}),
		null("IS NOT NULL", "TRUE if the value is not NULL.", false, Example{"1 IS NOT NULL", "TRUE"}),
	}
}

// truth is a BOOLEAN vector as two masks at offset 0: rows that are TRUE and rows
// that are FALSE. A row in neither is NULL.
type truth struct {
	yes, no []byte
}

// truthOf reads v into masks of n bits.
func truthOf(v Vector, n int) truth {
	t := truth{make([]byte, bitmapBytes(n)), make([]byte, bitmapBytes(n))}
	arr, ok := v.Array.(*array.Boolean)
	switch {
	case !ok:
	case v.Const:
		if arr.IsNull(0) {
			break
		}
		side := t.no
		if arr.Value(0) {
			side = t.yes
		}
		bitutil.SetBitsTo(side, 0, int64(n), true)
	default:
		t.load(arr, n)
	}
	return t
}

func (t truth) load(arr *array.Boolean, n int) {
	if n == 0 {
		return
	}
	bits, offset := boolBits(arr)
	bitutil.CopyBitmap(bits, offset, n, t.yes, 0)
	copy(t.no, t.yes)
	invert(t.no)
	if arr.NullN() == 0 {
		return
	}
	valid := make([]byte, len(t.yes))
	bitutil.CopyBitmap(arr.NullBitmapBytes(), offset, n, valid, 0)
	for i, known := range valid {
		t.yes[i] &= known
		t.no[i] &= known
	}
}

// array makes a BOOLEAN column of n rows.
func (t truth) array(alloc memory.Allocator, n int) arrow.Array {
	buf, bits := newBits(alloc, n)
	copy(bits, t.yes)
	known := make([]byte, len(t.yes))
	for i := range known {
		known[i] = t.yes[i] | t.no[i]
	}
	valid := validity{nulls: n - bitutil.CountSetBits(known, 0, n)}
	if valid.nulls > 0 {
		var mask []byte
		valid.buf, mask = newBits(alloc, n)
		copy(mask, known)
	}
	return fixed(arrow.FixedWidthTypes.Boolean, n, valid, buf)
}

// and is three-valued conjunction, into t.
func (t truth) and(o truth) {
	for i := range t.yes {
		t.yes[i] &= o.yes[i]
		t.no[i] |= o.no[i]
	}
}

// or is three-valued disjunction, into t.
func (t truth) or(o truth) {
	for i := range t.yes {
		t.yes[i] |= o.yes[i]
		t.no[i] &= o.no[i]
	}
}

// logicKernel is AND or OR over all its arguments.
func logicKernel(conjunction bool) Kernel {
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		if out, ok := logicWithoutNulls(ctx, args, n, conjunction); ok {
			return out, nil
		}
		t := truthOf(args[0], n)
		for _, a := range args[1:] {
			if conjunction {
				t.and(truthOf(a, n))
			} else {
				t.or(truthOf(a, n))
			}
		}
		return t.array(ctx.Alloc, n), nil
	}
}

// logicWithoutNulls is the fast path for columns without NULL.
func logicWithoutNulls(ctx *EvalContext, args []Vector, n int, conjunction bool) (arrow.Array, bool) {
	for _, a := range args {
		if n == 0 || a.Const || a.Array.DataType().ID() != arrow.BOOL || a.Array.NullN() > 0 {
			return nil, false
		}
	}
	buf, out := newBits(ctx.Alloc, n)
	first, offset := boolBits(args[0].Array)
	bitutil.CopyBitmap(first, offset, n, out, 0)
	combineBits := bitutil.BitmapOr
	if conjunction {
		combineBits = bitutil.BitmapAnd
	}
	for _, a := range args[1:] {
		more, offset := boolBits(a.Array)
		combineBits(out, more, 0, int64(offset), out, 0, int64(n))
	}
	return fixed(arrow.FixedWidthTypes.Boolean, n, validity{}, buf), true
}

func notKernel(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
	valid, all := combine(ctx.Alloc, n, args...)
	if all {
		return nulls(ctx.Alloc, arrow.FixedWidthTypes.Boolean, n), nil
	}
	buf, bits := newBits(ctx.Alloc, n)
	if source, offset := boolBits(args[0].Array); n > 0 {
		bitutil.CopyBitmap(source, offset, n, bits, 0)
	}
	invert(bits)
	return fixed(arrow.FixedWidthTypes.Boolean, n, valid, buf), nil
}

// truthTest tells for which of the three values a test is TRUE.
type truthTest struct {
	whenTrue, whenFalse, whenNull bool
}

func truthKernel(test truthTest) Kernel {
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		t := truthOf(args[0], n)
		buf, bits := newBits(ctx.Alloc, n)
		for i := range bits {
			var b byte
			if test.whenTrue {
				b |= t.yes[i]
			}
			if test.whenFalse {
				b |= t.no[i]
			}
			if test.whenNull {
				b |= ^(t.yes[i] | t.no[i])
			}
			bits[i] = b
		}
		return fixed(arrow.FixedWidthTypes.Boolean, n, validity{}, buf), nil
	}
}

// nullTestKernel is IS NULL (want) or IS NOT NULL.
func nullTestKernel(want bool) Kernel {
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		buf, bits := newBits(ctx.Alloc, n)
		arr := args[0].Array
		switch {
		case arr.DataType().ID() == arrow.NULL:
			clear(bits)
			invert(bits)
		case arr.NullN() == 0:
			clear(bits)
		default:
			data := arr.Data()
			bitutil.CopyBitmap(arr.NullBitmapBytes(), data.Offset(), n, bits, 0)
			invert(bits)
		}
		if !want {
			invert(bits)
		}
		return fixed(arrow.FixedWidthTypes.Boolean, n, validity{}, buf), nil
	}
}
