package columns

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Values views buffer number index of arr's data as values of T, from arr's
// offset to its end. T's size must be the buffer's element width. The slice is
// borrowed from arr.
func Values[T any](arr arrow.Array) []T {
	data := arr.Data()
	return view[T](data.Buffers()[1], data.Offset(), data.Len())
}

func view[T any](buf *memory.Buffer, offset, n int) []T {
	if n == 0 || buf == nil || buf.Len() == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(buf.Bytes()))), offset+n)[offset:]
}

// Offsets are the n+1 offsets of a string, binary, list or map column of n rows;
// nil for an empty column.
func Offsets(arr arrow.Array) []int32 {
	data := arr.Data()
	if data.Len() == 0 {
		return nil
	}
	return view[int32](data.Buffers()[1], data.Offset(), data.Len()+1)
}

// Bytes is the data buffer of a string or binary column, which its [Offsets]
// point into.
func Bytes(arr arrow.Array) []byte {
	buf := arr.Data().Buffers()[2]
	if buf == nil {
		return nil
	}
	return buf.Bytes()
}

// NewBuffer allocates a buffer of size bytes, zeroed only where the allocator
// does so.
func NewBuffer(alloc memory.Allocator, size int) *memory.Buffer {
	buf := memory.NewResizableBuffer(alloc)
	buf.Resize(size)
	return buf
}

// ViewBuffer views a whole buffer as values of T.
func ViewBuffer[T any](buf *memory.Buffer) []T {
	var zero T
	return view[T](buf, 0, buf.Len()/int(unsafe.Sizeof(zero)))
}

// Release gives back the caller's reference on each of cols, some of which may be nil.
func Release(cols []arrow.Array) {
	for _, c := range cols {
		if c != nil {
			c.Release()
		}
	}
}

// Make builds an array of rows values from buffers, taking over the caller's
// references on them. nulls may be array.UnknownNullCount.
func Make(dt arrow.DataType, rows int, buffers []*memory.Buffer, children []arrow.ArrayData, nulls int) arrow.Array {
	data := array.NewData(dt, rows, buffers, children, nulls, 0)
	arr := array.MakeFromData(data)
	data.Release()
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	return arr
}
