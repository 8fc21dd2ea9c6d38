package engine

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// staticRows gives one batch.
type staticRows struct{ batch stream.Batch }

var _ rowSource = (*staticRows)(nil)

// next gives the batch once.
func (r *staticRows) next(context.Context) (stream.Batch, error) {
	b := r.batch
	r.batch = stream.Batch{}
	if b.Rows() == 0 {
		b.Release()
		return stream.Batch{}, io.EOF
	}
	return b, nil
}

// close drops the batch if it was not taken.
func (r *staticRows) close() error {
	r.batch.Release()
	r.batch = stream.Batch{}
	return nil
}

// textRows makes the Rows of SHOW and DESCRIBE: all columns are STRING.
func textRows(columns []string, rows [][]string) *Rows {
	var schema types.Schema
	for _, name := range columns {
		schema = append(schema, types.Field{Name: name, Type: types.StringType().NotNull()})
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema.Arrow())
	defer builder.Release()
	for _, row := range rows {
		for i, cell := range row {
			builder.Field(i).(*array.StringBuilder).Append(cell)
		}
	}
	batch := stream.Batch{Record: builder.NewRecord()}
	return &Rows{schema: schema, full: schema, arrow: schema.Arrow(), bounded: true, source: &staticRows{batch: batch}}
}
