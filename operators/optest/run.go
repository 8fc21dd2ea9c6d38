package optest

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/memstate"
)

// Case is an operator under test.
type Case struct {
	// New makes the operator; it is called once per restore too.
	New func() (op.Operator, error)
	// Inputs are the input schemas, Output the output's.
	Inputs []types.Schema
	Output types.Schema
	// Same tells how outputs must agree when the batches are the same and other
	// circumstances differ; Rebatched when rows come in other batches.
	Same, Rebatched Order
	// UpsertKey are the output columns that +I and +U replace rows by, for a
	// changelog without -U; nil for others.
	UpsertKey []string
	// BatchRows is op.Context.BatchRows; 0 means 4096.
	BatchRows int
	// NoRestore says why the operator isn't restored from snapshots; empty for
	// operators that are.
	NoRestore string
}

// circumstances of one run.
type circumstances struct {
	name string
	// sliced batches are slices of larger ones.
	sliced bool
	// restoreAt restores after the step of that number; -1 never, every after all.
	restoreAt   int
	budgetBytes int64
	// fullAt makes the output fail at that batch, counted from 1; 0 never.
	fullAt int
}

// errFull is the failure of an output that takes no more.
var errFull = errs.Resourcef("the test's output takes no more")

const (
	never = -1
	every = -2
)

// run is one execution of a script.
type run struct {
	c        Case
	how      circumstances
	alloc    memory.Allocator
	store    *state.Store
	op       op.Operator
	counters op.Counters
	now      int64
	epoch    uint64
	lines    []string
	// ended: the end of time has come.
	ended bool
	// passed is the last watermark passed on.
	passed stream.Watermark
	// emitted counts the batches that came out.
	emitted int
}

var _ op.IdleOutput = (*run)(nil)

// execute drives the operator and returns its output as lines.
func execute(c Case, script Script, how circumstances) (lines []string, err error) {
	checked := memory.NewCheckedAllocator(memory.NewGoAllocator())
	r := &run{c: c, how: how, alloc: poisoning{under: checked}, passed: stream.NoWatermark}
	err = r.drive(script)
	if r.counters.LateRows > 0 {
		r.lines = append(r.lines, fmt.Sprintf("late %d", r.counters.LateRows))
	}
	if err == nil || errors.Is(err, errFull) {
		checked.AssertSize(leakCheck{message: func(format string, args ...any) {
			err = errs.Bugf(format, args...)
		}}, 0)
	}
	return r.lines, err
}

func (r *run) drive(script Script) (err error) {
	if err = r.open(nil); err != nil {
		return err
	}
	defer func() {
		if closeErr := r.close(); err == nil {
			err = closeErr
		}
	}()
	for i, step := range script {
		if err = r.step(step); err != nil {
			return err
		}
		if err = r.store.Trim(); err != nil {
			return err
		}
		if r.how.restoreAt == i || r.how.restoreAt == every {
			if err = r.restore(); err != nil {
				return err
			}
		}
	}
	return r.drain()
}

// drain flushes the operator and waits for what it does in the background, as before
// a barrier.
func (r *run) drain() error {
	if err := r.op.Flush(r); err != nil {
		return err
	}
	if d, ok := r.op.(op.Drainer); ok {
		return d.Drain(r)
	}
	return nil
}

func (r *run) open(snapshots []state.Snapshot) error {
	var err error
	if r.store, err = memstate.Open(memstate.Options{Restore: snapshots, BudgetBytes: r.how.budgetBytes}); err != nil {
		return err
	}
	r.store.SetNow(r.now)
	if r.op, err = r.c.New(); err != nil {
		return err
	}
	ctx := &op.Context{
		Alloc: r.alloc, State: r.store.Scope("op"), Output: r.c.Output.Arrow(), Label: "Test[0]",
		BatchRows: r.c.BatchRows, Counters: &r.counters,
	}
	if ctx.BatchRows == 0 {
		ctx.BatchRows = 4096
	}
	for _, in := range r.c.Inputs {
		ctx.Inputs = append(ctx.Inputs, in.Arrow())
	}
	return r.op.Open(ctx)
}

func (r *run) close() error {
	err := r.op.Close()
	if storeErr := r.store.Close(); err == nil {
		err = storeErr
	}
	return err
}

// restore flushes, takes a snapshot, and goes on with a fresh operator.
func (r *run) restore() error {
	if err := r.drain(); err != nil {
		return err
	}
	r.epoch++
	snapshot, err := r.store.Snapshot(context.Background(), r.epoch)
	if err != nil {
		return err
	}
	if err := r.close(); err != nil {
		return err
	}
	if err := r.open([]state.Snapshot{snapshot}); err != nil {
		return err
	}
	if snapshot.Image != nil {
		if err := snapshot.Image.Release(); err != nil {
			return err
		}
	}
	return r.endAgain()
}

// endAgain tells a restored operator of the end of time once more, as sources that
// had ended do. It must pass that on: what follows it was restored too.
func (r *run) endAgain() error {
	if !r.ended {
		return nil
	}
	r.passed = stream.NoWatermark
	if err := r.op.Advance(stream.EndOfTime, r); err != nil {
		return err
	}
	if r.passed != stream.EndOfTime {
		return errs.Bugf("the operator did not pass the end of time on after it was restored")
	}
	return nil
}

func (r *run) step(step Step) error {
	switch step.Kind {
	case Rows:
		return r.rows(step)
	case Watermark:
		r.ended = r.ended || step.Value == int64(stream.EndOfTime)
		return r.op.Advance(stream.Watermark(step.Value), r)
	case Barrier:
		err := r.drain()
		r.lines = append(r.lines, fmt.Sprintf("barrier %d", step.Value))
		return err
	}
	r.now = step.Value
	r.store.SetNow(r.now)
	return r.tick()
}

func (r *run) tick() error {
	if ticker, ok := r.op.(op.Ticker); ok {
		return ticker.Tick(r.now, r)
	}
	return nil
}

func (r *run) rows(step Step) error {
	if err := r.tick(); err != nil {
		return err
	}
	batch, err := r.batch(step)
	if err != nil {
		return err
	}
	err = r.op.Process(step.Input, batch, r)
	batch.Release()
	return err
}

// batch makes the step's batch, sliced out of a larger one if so desired.
func (r *run) batch(step Step) (stream.Batch, error) {
	schema, lines := r.c.Inputs[step.Input], step.Lines
	if !r.how.sliced {
		return stream.ParseRows(r.alloc, schema, lines)
	}
	padded := append([]string{lines[len(lines)-1]}, lines...)
	padded = append(padded, lines[0])
	whole, err := stream.ParseRows(r.alloc, schema, padded)
	if err != nil {
		return whole, err
	}
	defer whole.Release()
	return whole.Slice(1, 1+len(lines)), nil
}

// Emit implements op.Output.
func (r *run) Emit(batch stream.Batch) error {
	defer batch.Release()
	if batch.Rows() == 0 {
		return nil
	}
	if r.emitted++; r.how.fullAt > 0 && r.emitted >= r.how.fullAt {
		return errFull
	}
	if want := r.c.Output.Arrow(); !sameTypes(batch.Record.Schema(), want) {
		return errs.Bugf("emitted schema %s, want %s", batch.Record.Schema(), want)
	}
	if batch.Kinds != nil && len(batch.Kinds) != batch.Rows() {
		return errs.Bugf("emitted %d rows with %d kinds", batch.Rows(), len(batch.Kinds))
	}
	for i := range batch.Record.Columns() {
		if n := batch.Column(i).Len(); n != batch.Rows() {
			return errs.Bugf("column %s has %d values in %d rows", batch.Record.ColumnName(i), n, batch.Rows())
		}
	}
	r.lines = append(r.lines, stream.FormatRows(batch)...)
	return nil
}

func sameTypes(a, b *arrow.Schema) bool {
	if a.NumFields() != b.NumFields() {
		return false
	}
	for i := range a.NumFields() {
		if a.Field(i).Name != b.Field(i).Name || !arrow.TypeEqual(a.Field(i).Type, b.Field(i).Type) {
			return false
		}
	}
	return true
}

// Watermark implements op.Output.
func (r *run) Watermark(wm stream.Watermark) error {
	r.passed = wm
	r.lines = append(r.lines, "wm "+formatMillis(wm))
	return nil
}

// Paused implements op.IdleOutput.
func (r *run) Paused() bool { return false }

// Idle implements op.IdleOutput.
func (r *run) Idle() error {
	r.lines = append(r.lines, "idle")
	return nil
}
