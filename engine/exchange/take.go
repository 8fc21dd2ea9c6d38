package exchange

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// TakeRows copies the rows sel of batch, in sel's order; the caller owns the
// result and keeps its reference on batch.
func TakeRows(alloc memory.Allocator, batch stream.Batch, sel []int32) stream.Batch {
	cols := make([]arrow.Array, batch.Record.NumCols())
	for i := range cols {
		cols[i] = columns.Take(alloc, batch.Column(i), sel)
	}
	var kinds []stream.RowKind
	if batch.Kinds != nil {
		kinds = make([]stream.RowKind, len(sel))
		for i, row := range sel {
			kinds[i] = batch.Kinds[row]
		}
	}
	return stream.NewBatch(batch.Record.Schema(), cols, len(sel), kinds)
}
