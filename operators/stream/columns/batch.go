package columns

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/stream"
)

// TakeRows gathers rows of a batch, with their kinds; the caller owns the result.
func TakeRows(alloc memory.Allocator, batch stream.Batch, rows []int32) stream.Batch {
	cols := make([]arrow.Array, batch.Record.NumCols())
	for i := range cols {
		cols[i] = Take(alloc, batch.Column(i), rows)
	}
	var kinds []stream.RowKind
	if batch.Kinds != nil {
		kinds = make([]stream.RowKind, len(rows))
		for i, row := range rows {
			kinds[i] = batch.Kinds[row]
		}
	}
	return stream.NewBatch(batch.Record.Schema(), cols, len(rows), kinds)
}

// WithFlags appends a BOOLEAN column to a batch; the caller owns the result, which has
// the given schema.
func WithFlags(alloc memory.Allocator, batch stream.Batch, flags []bool, schema *arrow.Schema) stream.Batch {
	builder := array.NewBooleanBuilder(alloc)
	defer builder.Release()
	builder.AppendValues(flags, nil)
	cols := make([]arrow.Array, 0, batch.Record.NumCols()+1)
	for _, c := range batch.Record.Columns() {
		c.Retain()
		cols = append(cols, c)
	}
	return stream.NewBatch(schema, append(cols, builder.NewArray()), batch.Rows(), batch.Kinds)
}
