package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// fieldKernel takes a field of a ROW.
func fieldKernel(index int) Kernel {
	return func(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
		row, ok := args[0].Array.(*array.Struct)
		if !ok {
			return array.NewNull(n), nil
		}
		return Field(ctx.Alloc, row, index), nil
	}
}

// Field is a field of ROWs, which the caller owns: without copying when no row is NULL,
// else with the ROWs' NULLs put on top of the field's.
func Field(alloc memory.Allocator, row *array.Struct, index int) arrow.Array {
	child, n := row.Field(index), row.Len()
	if row.NullN() == 0 || child.NullN() == n {
		child.Retain()
		return child
	}
	valid, _ := combine(alloc, n, Vector{Array: row}, Vector{Array: child})
	return withValidity(alloc, child, valid)
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
