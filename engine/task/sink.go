package task

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Sink is the operator around a connector's writer. Its writer is opened by the
// first Open, on the task's goroutine.
type Sink struct {
	open   OpenWriter
	upsert bool
	ctx    context.Context
	writer connector.Writer
	opCtx  *op.Context
	sel    []int32
}

// OpenWriter makes the writer of a task.
type OpenWriter func(ctx context.Context) (connector.Writer, error)

var _ op.Operator = (*Sink)(nil)

// NewSink makes a sink operator. Upsert sinks are not given -U rows.
func NewSink(open OpenWriter, mode connector.SinkMode) *Sink {
	return &Sink{open: open, upsert: mode == connector.Upsert, ctx: context.Background()}
}

// Open opens the writer.
func (s *Sink) Open(ctx *op.Context) error {
	s.opCtx = ctx
	writer, err := s.open(s.ctx)
	s.writer = writer
	return err
}

// Process writes a batch.
func (s *Sink) Process(_ int, batch stream.Batch, _ op.Output) error {
	if !s.upsert || batch.Kinds == nil {
		return s.writer.Write(s.ctx, batch)
	}
	s.sel = s.sel[:0]
	for i, k := range batch.Kinds {
		if k != stream.UpdateBefore {
			s.sel = append(s.sel, int32(i))
		}
	}
	switch len(s.sel) {
	case 0:
		return nil
	case len(batch.Kinds):
		return s.writer.Write(s.ctx, batch)
	}
	kept := columns.TakeRows(s.opCtx.Alloc, batch, s.sel)
	defer kept.Release()
	return s.writer.Write(s.ctx, kept)
}

// Advance does nothing: sinks know no event time.
func (s *Sink) Advance(stream.Watermark, op.Output) error { return nil }

// Flush does nothing: Prepare ends an epoch.
func (s *Sink) Flush(op.Output) error { return nil }

// prepare ends the epoch of barrier b.
func (s *Sink) prepare(b stream.Barrier) (connector.Prepared, error) {
	return s.writer.Prepare(s.ctx, b.Epoch, b.Kind.Last())
}

// Close closes the writer.
func (s *Sink) Close() error {
	if s.writer == nil {
		return nil
	}
	return s.writer.Close()
}
