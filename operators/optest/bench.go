package optest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"golang.org/x/sys/unix"

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
	// Rows is the number of rows emitted, Largest the most in one batch.
	Rows    int64
	Largest int
}

var _ op.Output = (*Bench)(nil)

// BenchBatchRows is op.Context.BatchRows of a Bench.
const BenchBatchRows = 4096

// NewBench opens an operator over an empty store; Close closes both.
func NewBench(operator op.Operator, inputs []types.Schema, output types.Schema) (*Bench, error) {
	store, err := memstate.Open(memstate.Options{})
	if err != nil {
		return nil, err
	}
	b := &Bench{op: operator, store: store}
	ctx := &op.Context{
		Alloc: memory.DefaultAllocator, State: store.Scope("op"), Output: output.Arrow(), Label: "Bench[0]",
		BatchRows: BenchBatchRows, Counters: &op.Counters{},
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
	b.Largest = max(b.Largest, batch.Rows())
	batch.Release()
	return nil
}

// Watermark implements op.Output.
func (*Bench) Watermark(stream.Watermark) error { return nil }

// CPUSeconds is the processor time that the process has used so far. Rows per
// second of it compare runs on a machine that is busy with other things.
func CPUSeconds() float64 {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// Reporter is the part of testing.B that ReportRows wants.
type Reporter interface {
	Elapsed() time.Duration
	ReportMetric(n float64, unit string)
}

// ReportRows reports rows per second of time and of processor time since
// CPUSeconds gave cpuStart.
func ReportRows(b Reporter, rows, cpuStart float64) {
	b.ReportMetric(rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
	b.ReportMetric(rows/(CPUSeconds()-cpuStart)/1e6, "Mrows/cpu-s")
}

// Drive is the benchmark of an operator that takes `k BIGINT, ts TIMESTAMP(3)`, as Drifting
// makes them, and gives them on with the columns more. Event time stands still.
func Drive(b *testing.B, operator op.Operator, more ...types.Field) {
	b.Helper()
	const rows = BenchBatchRows
	input, err := stream.ParseSchema("k BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		b.Fatal(err)
	}
	output := append(input[:2:2], more...)
	bench, err := NewBench(operator, []types.Schema{input}, output)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := bench.Close(); err != nil {
			b.Error(err)
		}
	}()
	batches := Drifting(input, min(b.N, 500), rows)
	b.ReportAllocs()
	b.ResetTimer()
	cpu := CPUSeconds()
	for i := range b.N {
		if err := bench.Process(0, batches[i%len(batches)]); err != nil {
			b.Fatal(err)
		}
	}
	ReportRows(b, float64(b.N)*rows, cpu)
}

// Drifting makes batches of `k BIGINT, ts TIMESTAMP(3)` as Nexmark's bids have them:
// 10,000 keys at a time that slowly drift, ten rows a millisecond.
func Drifting(schema types.Schema, batches, rows int) []stream.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	row := int64(0)
	out := make([]stream.Batch, batches)
	for i := range out {
		k, ts := array.NewInt64Builder(memory.DefaultAllocator), array.NewTimestampBuilder(memory.DefaultAllocator, schema[1].Type.Arrow().(*arrow.TimestampType))
		for range rows {
			k.Append(row/100 + r.Int64N(10_000))
			ts.Append(arrow.Timestamp(row / 10))
			row++
		}
		out[i] = stream.NewBatch(schema.Arrow(), []arrow.Array{k.NewArray(), ts.NewArray()}, rows, nil)
	}
	return out
}
