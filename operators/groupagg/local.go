package groupagg

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// Local is the local phase of a GroupAgg: it combines rows into one row of partial
// results per group, so that less goes over the exchange. It holds rows back until
// a flush and has no state. Its output is the key columns, a BIGINT row count if
// the input retracts, and the partial columns of each aggregate.
type Local struct {
	cfg      Config
	ctx      *op.Context
	schema   *arrow.Schema
	combiner *combiner
}

var _ op.Operator = (*Local)(nil)

// NewLocal makes the local phase.
func NewLocal(cfg Config) (*Local, error) {
	program, err := cfg.program()
	if err != nil {
		return nil, err
	}
	if !program.Mergeable() {
		return nil, errs.Bugf("local group aggregate has aggregates that can't be merged")
	}
	c, err := newCombiner(program, cfg.holdRows())
	if err != nil {
		return nil, err
	}
	return &Local{cfg: cfg, schema: partialSchema(cfg, program), combiner: c}, nil
}

// Open implements op.Operator.
func (l *Local) Open(ctx *op.Context) error {
	l.ctx = ctx
	l.combiner.program.Within(ctx.Context)
	return nil
}

// Process implements op.Operator.
func (l *Local) Process(_ int, batch stream.Batch, out op.Output) error {
	if batch.Rows() == 0 {
		return nil
	}
	if l.combiner.passes(batch.Rows()) {
		cols, err := l.combiner.partialsOf(batch, l.cfg.Keys, l.ctx)
		if err != nil {
			return err
		}
		return out.Emit(stream.NewBatch(l.schema, cols, batch.Rows(), nil))
	}
	if full, err := l.combiner.add(batch); err != nil || !full {
		return err
	}
	return l.Flush(out)
}

// Advance implements op.Operator. Results of an unbounded aggregation have no event
// time, so only the end of time asks for what is held.
func (l *Local) Advance(wm stream.Watermark, out op.Output) error {
	if wm == stream.EndOfTime {
		if err := l.Flush(out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// Flush implements op.Operator: it sends all partial results on.
func (l *Local) Flush(out op.Output) error {
	return l.combiner.drain(l.ctx, func(cols []arrow.Array, rows int) error {
		return out.Emit(stream.NewBatch(l.schema, cols, rows, nil))
	})
}

// Close implements op.Operator.
func (*Local) Close() error { return nil }
