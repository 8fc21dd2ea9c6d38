// Package op is the contract between an operator and whatever drives it: a task
// of the engine or the test harness.
package op

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
)

// Operator turns input rows into output rows. One goroutine drives it: calls
// never overlap. Everything it does is a function of its inputs, its state and
// the times it is told, so that a replay from a snapshot gives the same output.
//
// Life: Open, then any mix of Process, Advance and Flush, then Close. After an
// error from any of them only Close is called.
type Operator interface {
	// Open prepares the operator: it opens its state tables, which may hold
	// restored rows, and keeps ctx for its whole life.
	Open(ctx *Context) error
	// Process takes a batch of input number input (0 for operators with one).
	// The batch is borrowed until the call returns; Retain it to keep it.
	Process(input int, batch stream.Batch, out Output) error
	// Advance tells that event time reached wm, the minimum over all inputs. It
	// only ever grows. The operator emits what is now due and then passes a
	// watermark on with out.Watermark (usually the same one, which also tells
	// that its later rows are later than it). EndOfTime is the last one; a restored
	// operator is told of it again, gives nothing again for it, and passes it on.
	Advance(wm stream.Watermark, out Output) error
	// Flush is called before a barrier passes, and when the latency bound of a
	// mini-batch has run out: the operator emits everything it holds back and
	// leaves nothing outside its state tables that a restore would need.
	Flush(out Output) error
	// Close frees memory. It is called exactly once, also after a failed Open.
	Close() error
}

// Drainer is an Operator with work under way in the background, which Flush leaves
// there: a mini-batch's end doesn't wait for it.
type Drainer interface {
	Operator
	// Drain waits for the work and emits what comes of it. It is called after Flush
	// before a barrier passes.
	Drain(out Output) error
}

// Ticker is an Operator that depends on processing time.
type Ticker interface {
	Operator
	// Tick tells the wall clock's time in epoch milliseconds; it never goes back
	// within one run. It is called before each Process, and at least every
	// latency bound while the inputs are silent.
	Tick(nowMillis int64, out Output) error
}

// Output takes what an operator emits, in order. It may be called only inside
// the call that was given it.
type Output interface {
	// Emit passes a batch on and takes over the caller's reference on it, also
	// when it fails. Empty batches are dropped.
	Emit(batch stream.Batch) error
	// Watermark passes event time on.
	Watermark(wm stream.Watermark) error
}

// Context is what an operator may use of the world.
type Context struct {
	// Context ends when the operator is to stop; a call that waits for something
	// outside gives up then. Nil never ends.
	Context context.Context
	// Alloc is the allocator for every Arrow buffer the operator makes.
	Alloc memory.Allocator
	// State opens the operator's state tables; nil for operators that are planned
	// as stateless.
	State *state.Store
	// Inputs are the input schemas, Output the output schema.
	Inputs []*arrow.Schema
	Output *arrow.Schema
	// Label names the operator in errors, such as `GroupAggregate[3]`.
	Label string
	// BatchRows is the target number of rows of an emitted batch, at least 1.
	BatchRows int
	// MemoryBytes is the most that the operator may keep outside of its state tables; 0 is
	// no bound. The tables have a bound of their own.
	MemoryBytes int64
	// Counters are incremented for events that only the operator can see.
	Counters *Counters
}

// Counters are what an operator reports besides rows; the driver reads them
// between calls.
type Counters struct {
	// LateRows counts rows dropped because their window had been closed.
	LateRows int64
	// StateRows is the number of entries held, where the operator knows it.
	StateRows int64
}
