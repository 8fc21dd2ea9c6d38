package expr

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func concatFunctions() []Function {
	s := stringParam()
	return []Function{
		def("string", "||", "string || string", "Both strings joined.", textRule(s, s).repeat(), bindConcat,
			Example{"'a' || 'b'", "ab"}),
		def("string", "CONCAT", "CONCAT(string, …)", "All strings joined; NULL if one is NULL.", textRule(s).repeat(), bindConcat,
			Example{"CONCAT('a', 'b', 'c')", "abc"}, Example{"CONCAT('a', NULL)", "NULL"}),
		def("string", "CONCAT_WS", "CONCAT_WS(string, string, …)",
			"All strings after the first joined, with the first in between; NULLs are left out.",
			textRule(s, s).repeat(), bindConcatWS, Example{"CONCAT_WS('~', 'AA', NULL, 'BB')", "AA~BB"}),
	}
}

// bindConcat joins columns with the lengths known before copying.
func bindConcat(c *Call) (Kernel, error) {
	dt := c.Type.Arrow()
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		valid, all := combine(ctx.Alloc, n, args...)
		if all {
			return nulls(ctx.Alloc, dt, n), nil
		}
		cols := byteColumns(args)
		offsetBuf, offsets := newValues[int32](ctx.Alloc, n+1)
		clear(offsets)
		for _, c := range cols {
			for i := range n {
				at := i & c.stride
				offsets[i+1] += c.offsets[at+1] - c.offsets[at]
			}
		}
		for i := range n {
			offsets[i+1] += offsets[i]
		}
		data := columns.NewBuffer(ctx.Alloc, int(offsets[n]))
		dst := data.Bytes()
		for i := range n {
			at := offsets[i]
			for _, c := range cols {
				at += int32(copy(dst[at:], c.at(i)))
			}
		}
		return textColumn(dt, n, valid, offsetBuf, data), nil
	}, nil
}

// bindConcatWS is NULL only where the separator is.
func bindConcatWS(c *Call) (Kernel, error) {
	return firstTextRows(c.Type, func(args []Vector) textFn {
		cols := byteColumns(args)
		return func(dst []byte, i int) ([]byte, error) {
			start := len(dst)
			for k := 1; k < len(cols); k++ {
				if args[k].Null(i) {
					continue
				}
				if len(dst) > start || k > 1 && anyBefore(args[1:k], i) {
					dst = append(dst, cols[0].at(i)...)
				}
				dst = append(dst, cols[k].at(i)...)
			}
			return dst, nil
		}
	}), nil
}

// anyBefore reports whether one of the vectors has a value in row i.
func anyBefore(args []Vector, i int) bool {
	for _, a := range args {
		if !a.Null(i) {
			return true
		}
	}
	return false
}

// bindElt picks one of several strings; only the number and the picked one count
// for NULL.
func bindElt(c *Call) (Kernel, error) {
	return firstTextRows(c.Type, func(args []Vector) textFn {
		index, cols := fixedOf[int32](args[0]), byteColumns(args)
		return func(dst []byte, i int) ([]byte, error) {
			k := int(index.at(i))
			if k < 1 || k >= len(cols) || args[k].Null(i) {
				return dst, errNull
			}
			return append(dst, cols[k].at(i)...), nil
		}
	}), nil
}

// firstTextRows makes a kernel whose rows are NULL by the first argument; the row
// function looks after the NULLs of the others.
func firstTextRows(t types.Type, bind func(args []Vector) textFn) Kernel {
	var all []Vector
	kernel := textRows(t, func(*EvalContext, []Vector) func(dst []byte, i int) ([]byte, error) { return bind(all) })
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		all = args
		defer func() { all = nil }()
		return kernel(ctx, args[:1], n)
	}
}
