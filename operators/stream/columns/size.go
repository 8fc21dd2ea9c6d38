package columns

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/operators/stream"
)

// BytesOf is about the memory that a batch's rows take by themselves: what a copy of
// them would, whatever they share with others.
func BytesOf(batch stream.Batch) int64 {
	if batch.Record == nil {
		return 0
	}
	total := int64(len(batch.Kinds))
	for _, c := range batch.Record.Columns() {
		total += bytesOf(c)
	}
	return total
}

func bytesOf(arr arrow.Array) int64 {
	n := int64(arr.Len())
	total := n / 8 // which rows are NULL
	switch x := arr.(type) {
	case *array.Null:
		return 0
	case *array.Struct:
		for f := range x.NumField() {
			total += bytesOf(x.Field(f))
		}
		return total
	case *array.Dictionary:
		return total + bytesOf(x.Indices()) + bytesOf(x.Dictionary())
	case array.ListLike:
		if n == 0 {
			return 0
		}
		from, _ := x.ValueOffsets(0)
		_, to := x.ValueOffsets(int(n) - 1)
		values := array.NewSlice(x.ListValues(), from, to)
		defer values.Release()
		return total + 4*n + bytesOf(values)
	}
	if fixed, ok := arr.DataType().(arrow.FixedWidthDataType); ok {
		return total + n*int64(fixed.BitWidth())/8
	}
	if offsets := Offsets(arr); len(offsets) > 0 {
		total += 4*n + int64(offsets[n]-offsets[0])
	}
	return total
}
