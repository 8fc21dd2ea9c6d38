package optest

import (
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/memstate"
)

// Bench drives an operator for benchmarks: its output is released and counted.
type Bench struct {
	op    op.Operator
	store *state.Store
	// Rows is the number of rows emitted.
	Rows int64
}

var _ op.Output = (*Bench)(nil)

// NewBench opens an operator over an empty store; Close closes both.
func NewBench(operator op.Operator, inputs []types.Schema, output types.Schema) (*Bench, error) {
	store, err := memstate.Open(memstate.Options{})
	if err != nil {
		return nil, err
	}
	b := &Bench{op: operator, store: store}
	ctx := &op.Context{
		Alloc: memory.DefaultAllocator, State: store.Scope("op"), Output: output.Arrow(), Label: "Bench[0]",
		BatchRows: 4096, Counters: &op.Counters{},
	}
	for _, in := range inputs {
		ctx.Inputs = append(ctx.Inputs, in.Arrow())
	}
	return b, operator.Open(ctx)
}

// Process gives the operator a batch, which stays the caller's.
func (b *Bench) Process(input int, batch stream.Batch) error { return b.op.Process(input, batch, b) }

// Advance gives the operator a watermark.
func (b *Bench) Advance(wm stream.Watermark) error { return b.op.Advance(wm, b) }

// Close closes the operator and its store.
func (b *Bench) Close() error {
	err := b.op.Close()
	if storeErr := b.store.Close(); err == nil {
		err = storeErr
	}
	return err
}

// Emit implements op.Output.
func (b *Bench) Emit(batch stream.Batch) error {
	b.Rows += int64(batch.Rows())
	batch.Release()
	return nil
}

// Watermark implements op.Output.
func (*Bench) Watermark(stream.Watermark) error { return nil }
