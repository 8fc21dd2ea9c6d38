package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// fieldKernel takes a field of a ROW: without copying when no row is NULL, else
// with the ROW's NULLs put on top of the field's.
func fieldKernel(index int) Kernel {
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		row, ok := args[0].Array.(*array.Struct)
		if !ok {
			return array.NewNull(n), nil
		}
		child := row.Field(index)
		if row.NullN() == 0 || child.NullN() == n {
			child.Retain()
			return child, nil
		}
		valid, _ := combine(ctx.Alloc, n, Vector{Array: row}, Vector{Array: child})
		return withValidity(ctx.Alloc, child, valid), nil
	}
}

// withValidity is arr with another NULL mask, whose reference it takes over. The
// values are shared.
func withValidity(alloc memory.Allocator, arr arrow.Array, valid validity) arrow.Array {
	data := arr.Data()
	offset, n := data.Offset(), data.Len()
	mask := valid.buf
	if mask != nil && offset != 0 {
		var bits []byte
		mask, bits = newBits(alloc, offset+n)
		clear(bits)
		bitutil.CopyBitmap(valid.bits(), 0, n, bits, offset)
		valid.release()
	}
	buffers := append([]*memory.Buffer{mask}, data.Buffers()[1:]...)
	out := array.NewData(data.DataType(), n, buffers, data.Children(), valid.nulls, offset)
	defer out.Release()
	if mask != nil {
		mask.Release()
	}
	return array.MakeFromData(out)
}
