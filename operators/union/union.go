// Package union is UNION ALL. Merging the watermarks and barriers of several
// inputs is the driver's work, so rows simply pass.
package union

import (
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// Union passes the rows of all inputs on in the order they come.
type Union struct{}

var _ op.Operator = (*Union)(nil)

// New makes a Union.
func New() *Union { return &Union{} }

// Open implements op.Operator.
func (*Union) Open(*op.Context) error { return nil }

// Process implements op.Operator.
func (*Union) Process(_ int, batch stream.Batch, out op.Output) error {
	return out.Emit(batch.Retain())
}

// Advance implements op.Operator.
func (*Union) Advance(wm stream.Watermark, out op.Output) error { return out.Watermark(wm) }

// Flush implements op.Operator.
func (*Union) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Union) Close() error { return nil }
