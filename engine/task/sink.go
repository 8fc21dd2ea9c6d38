package task

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Sink is the operator around a connector's writer. Its writer is opened by the
// first Open, on the task's goroutine.
type Sink struct {
	open   OpenWriter
	nulls  Nulls
	upsert bool
	ctx    context.Context
	writer connector.Writer
	opCtx  *op.Context
	sel    []int32
}

// Nulls tells what becomes of rows with NULL where there must be none.
type Nulls struct {
	// Columns are those that must not be NULL.
	Columns []int
	// Drop drops such rows instead of failing.
	Drop bool
	// Table names the table in errors.
	Table string
}

// OpenWriter makes the writer of a task.
type OpenWriter func(ctx context.Context) (connector.Writer, error)

var _ op.Operator = (*Sink)(nil)

// NewSink makes a sink operator. Upsert sinks are not given -U rows.
func NewSink(open OpenWriter, mode connector.SinkMode, nulls Nulls) *Sink {
	return &Sink{open: open, nulls: nulls, upsert: mode == connector.Upsert, ctx: context.Background()}
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
	nulls, err := s.hasNulls(batch)
	if err != nil {
		return err
	}
	if !nulls && (!s.upsert || batch.Kinds == nil) {
		return s.writer.Write(s.ctx, batch)
	}
	s.sel = s.sel[:0]
	for i := range batch.Rows() {
		if (!s.upsert || batch.Kind(i) != stream.UpdateBefore) && !(nulls && s.isNull(batch, i)) {
			s.sel = append(s.sel, int32(i))
		}
	}
	switch len(s.sel) {
	case 0:
		return nil
	case batch.Rows():
		return s.writer.Write(s.ctx, batch)
	}
	kept := columns.TakeRows(s.opCtx.Alloc, batch, s.sel)
	defer kept.Release()
	return s.writer.Write(s.ctx, kept)
}

// hasNulls reports rows that are to be dropped; it fails when none may be.
func (s *Sink) hasNulls(batch stream.Batch) (bool, error) {
	for _, c := range s.nulls.Columns {
		if batch.Column(c).NullN() == 0 {
			continue
		}
		if s.nulls.Drop {
			return true, nil
		}
		return false, errs.Userf("column %s of %s is NOT NULL, and a row has NULL there", batch.Record.ColumnName(c), s.nulls.Table).
			WithHint("filter such rows out, give a value with COALESCE, or SET 'table.exec.sink.not-null-enforcer' = 'DROP'")
	}
	return false, nil
}

// isNull reports whether row i has NULL where there must be none.
func (s *Sink) isNull(batch stream.Batch, i int) bool {
	for _, c := range s.nulls.Columns {
		if batch.Column(c).IsNull(i) {
			return true
		}
	}
	return false
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
