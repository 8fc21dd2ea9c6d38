package groupagg

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
)

// Local is the local phase of a GroupAgg: it turns each batch into one row of
// partial results per group, so that less goes over the exchange. It has no state.
// Its output is the key columns, a BIGINT row count if the input retracts, and the
// partial columns of each aggregate.
type Local struct {
	cfg     Config
	program *aggstate.Program
	ctx     *op.Context
	schema  *arrow.Schema
	decoder *rowcodec.KeyDecoder
	buffer  *aggstate.Buffer
	keys    rowcodec.Keys
	rows    []unsafe.Pointer
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
	decoder, err := rowcodec.NewKeyDecoder(program.KeyTypes())
	if err != nil {
		return nil, err
	}
	return &Local{
		cfg: cfg, program: program, decoder: decoder, schema: schemaOf(cfg, program),
		buffer: aggstate.NewBuffer(program.Layout().Width),
	}, nil
}

// Open implements op.Operator.
func (l *Local) Open(ctx *op.Context) error {
	l.ctx = ctx
	return nil
}

// Process implements op.Operator.
func (l *Local) Process(_ int, batch stream.Batch, out op.Output) error {
	n := batch.Rows()
	if n == 0 {
		return nil
	}
	if err := l.program.EncodeKeys(batch, &l.keys); err != nil {
		return err
	}
	if cap(l.rows) < n {
		l.rows = make([]unsafe.Pointer, n)
	}
	l.buffer.Upsert(&l.keys, l.rows[:n])
	groups := aggstate.Groups{Keys: &l.keys, Rows: l.rows[:n], Heap: l.buffer.Heap()}
	if err := l.program.Apply(batch, groups, aggstate.Tables{}); err != nil {
		return err
	}
	return l.emit(out)
}

func (l *Local) emit(out op.Output) error {
	defer l.buffer.Reset()
	cols, err := l.buffer.DecodeKeys(0, l.buffer.Len(), l.program.KeyTypes(), l.decoder, l.ctx.Alloc)
	if err != nil {
		return err
	}
	cols = append(cols, l.program.Partials(l.buffer.Rows(), l.buffer.Heap(), l.ctx.Alloc)...)
	return out.Emit(stream.NewBatch(l.schema, cols, l.buffer.Len(), nil))
}

// Advance implements op.Operator.
func (l *Local) Advance(wm stream.Watermark, out op.Output) error { return out.Watermark(wm) }

// Flush implements op.Operator; nothing is held back between batches.
func (*Local) Flush(op.Output) error { return nil }

// Close implements op.Operator.
func (*Local) Close() error { return nil }
