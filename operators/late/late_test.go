package late_test

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/late"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes a case out of `in`, `time` or `attached`, and `tumble` or `hop` with
// `step`, `lateness`.
func build(h optest.Header) (optest.Case, error) {
	in, err := h.Schema("in")
	if err != nil {
		return optest.Case{}, err
	}
	spec := windows.Spec{SizeMillis: h.Duration("tumble").Milliseconds()}
	if h.Has("hop") {
		spec = windows.Spec{Kind: windows.Hop, SizeMillis: h.Duration("hop").Milliseconds(), StepMillis: h.Duration("step").Milliseconds()}
	}
	time, err := h.Columns("time", in)
	if err != nil {
		return optest.Case{}, err
	}
	if len(time) > 0 {
		spec.Time = time[0]
	}
	end, err := h.Columns("attached", in)
	if len(end) > 0 {
		spec.Attached, spec.End = true, end[0]
	}
	cfg := late.Config{Windows: spec, LatenessMillis: h.Duration("lateness").Milliseconds()}
	return optest.Case{
		New:    func() (op.Operator, error) { return late.New(cfg) },
		Inputs: []types.Schema{in}, Output: append(in[:len(in):len(in)], types.Field{Name: "$late", Type: types.Of(types.Boolean)}),
		Same: optest.InOrder, Rebatched: optest.InOrder,
	}, err
}

func TestLate(t *testing.T) { optest.RunText(t, "testdata/late", build) }

// TestAgreesWithATwin compares with a look at every window of a time.
func TestAgreesWithATwin(t *testing.T) {
	spec := windows.Spec{Kind: windows.Hop, SizeMillis: 6, StepMillis: 4}
	schema := types.Schema{{Name: "ts", Type: types.TimestampOf(3)}}
	for wm := int64(-10); wm < 30; wm++ {
		var script optest.Script
		script = append(script, optest.Step{Kind: optest.Watermark, Value: wm})
		step := optest.Step{Kind: optest.Rows}
		var want []string
		for at := int64(0); at < 25; at++ {
			isLate := true
			for start := int64(-8); start <= 24; start += 4 {
				if start <= at && at < start+6 && start+5 > wm {
					isLate = false
				}
			}
			line := "ts=" + arrow.Timestamp(at).ToTime(arrow.Millisecond).Sub(arrow.Timestamp(0).ToTime(arrow.Millisecond)).String()
			step.Lines = append(step.Lines, "+I "+line)
			if isLate {
				line += " $late=true"
			} else {
				line += " $late=false"
			}
			want = append(want, line)
		}
		c := optest.Case{
			New:    func() (op.Operator, error) { return late.New(late.Config{Windows: spec}) },
			Inputs: []types.Schema{schema}, Output: append(schema[:1:1], types.Field{Name: "$late", Type: types.Of(types.Boolean)}),
		}
		if err := optest.Check(c, append(script, step), want); err != nil {
			t.Fatalf("wm %d: %v", wm, err)
		}
	}
}

func BenchmarkLate(b *testing.B) {
	const rows = 4096
	schema := types.Schema{{Name: "ts", Type: types.TimestampOf(3)}}
	operator, err := late.New(late.Config{Windows: windows.Spec{Kind: windows.Hop, SizeMillis: 10_000, StepMillis: 2000}})
	if err != nil {
		b.Fatal(err)
	}
	bench, err := optest.NewBench(operator, []types.Schema{schema}, append(schema[:1:1], types.Field{Name: "$late", Type: types.Of(types.Boolean)}))
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	ts := array.NewTimestampBuilder(memory.DefaultAllocator, schema[0].Type.Arrow().(*arrow.TimestampType))
	for i := range rows {
		ts.Append(arrow.Timestamp(i * 7))
	}
	batch := stream.NewBatch(schema.Arrow(), []arrow.Array{ts.NewArray()}, rows, nil)
	if err := bench.Advance(10_000); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	for range b.N {
		if err := bench.Process(0, batch.Retain()); err != nil {
			b.Fatal(err)
		}
	}
	optest.ReportRows(b, float64(b.N)*rows, cpu)
}
