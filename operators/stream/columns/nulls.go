package columns

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Nulls is a column of n NULLs of type dt. Arrow's own MakeArrayOfNull expects the
// allocator to give zeroed memory, which pooled ones don't.
func Nulls(alloc memory.Allocator, dt arrow.DataType, n int) arrow.Array {
	b := array.NewBuilder(alloc, dt)
	defer b.Release()
	b.AppendNulls(n)
	return b.NewArray()
}

// MarkNulls sets the marks of the rows that are NULL in one of cols and reports
// whether there are any.
func MarkNulls(marks []bool, cols ...arrow.Array) bool {
	any := false
	for _, col := range cols {
		if col.NullN() == 0 {
			continue
		}
		any = true
		bits, offset := col.NullBitmapBytes(), col.Data().Offset()
		for i := range marks {
			marks[i] = marks[i] || len(bits) == 0 || !bitutil.BitIsSet(bits, offset+i)
		}
	}
	return any
}
