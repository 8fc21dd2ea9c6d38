package columns

import (
	"github.com/apache/arrow/go/v17/arrow"
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
