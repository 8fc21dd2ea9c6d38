package task

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
)

// LettersPart is the part of a source's NodeAck that its dead letters are.
const LettersPart = "letters"

// Letters writes a source's bad records into a table, as exactly once as the rows
// around them: a record counts as written when the reader's position has passed it.
type Letters struct {
	Open   OpenWriter
	Alloc  memory.Allocator
	Schema *arrow.Schema

	writer connector.Writer
}

// open opens the writer.
func (l *Letters) open(ctx context.Context) (err error) {
	l.writer, err = l.Open(ctx)
	return err
}

// write writes records as rows of place, reason and raw bytes.
func (l *Letters) write(ctx context.Context, records []connector.BadRecord) error {
	builder := array.NewRecordBuilder(l.Alloc, l.Schema)
	defer builder.Release()
	for _, r := range records {
		builder.Field(0).(*array.StringBuilder).Append(r.Where)
		builder.Field(1).(*array.StringBuilder).Append(r.Reason)
		builder.Field(2).(*array.BinaryBuilder).Append(r.Raw)
	}
	batch := stream.Batch{Record: builder.NewRecord()}
	defer batch.Release()
	return l.writer.Write(ctx, batch)
}

// close closes the writer if it was opened.
func (l *Letters) close() error {
	if l.writer == nil {
		return nil
	}
	return l.writer.Close()
}
