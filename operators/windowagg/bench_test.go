package windowagg_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/operators/windowagg"
)

// BenchmarkCount counts bids per auction the way Nexmark's q5 does: 10,000 keys at a
// time that slowly drift, ten rows a millisecond.
func BenchmarkCount(b *testing.B) {
	for name, s := range map[string]windows.Spec{
		"tumble": {Kind: windows.Tumble, SizeMillis: 10_000, Time: 1},
		"hop":    {Kind: windows.Hop, SizeMillis: 10_000, StepMillis: 2000, Time: 1},
		// Twenty slices a window.
		"finehop":  {Kind: windows.Hop, SizeMillis: 40_000, StepMillis: 2000, Time: 1},
		"cumulate": {Kind: windows.Cumulate, SizeMillis: 40_000, StepMillis: 2000, Time: 1},
	} {
		for _, twoPhase := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/local=%t", name, twoPhase), func(b *testing.B) { benchmark(b, s, twoPhase) })
		}
	}
}

func benchmark(b *testing.B, s windows.Spec, twoPhase bool) {
	const rows = 4096
	schema, err := stream.ParseSchema("k BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		b.Fatal(err)
	}
	cfg := windowagg.Config{
		Windows: s, Keys: []int{0}, InputSchema: schema, Registry: agg.NewRegistry(), FromLocal: twoPhase,
		Properties: []windows.Property{windows.WindowStart, windows.WindowEnd},
	}
	call, field, err := optest.ParseAgg("COUNT(*) AS n", schema, cfg.Registry)
	if err != nil {
		b.Fatal(err)
	}
	cfg.Aggs = append(cfg.Aggs, call)
	var operator op.Operator
	if operator, err = windowagg.New(cfg); err == nil && twoPhase {
		var local op.Operator
		local, err = windowagg.NewLocal(cfg)
		operator = optest.Chain(local, operator)
	}
	if err != nil {
		b.Fatal(err)
	}
	output := append(schema[:1:1], field)
	for _, p := range cfg.Properties {
		output = append(output, types.Field{Name: p.String(), Type: types.TimestampOf(3)})
	}
	bench, err := optest.NewBench(operator, []types.Schema{schema}, output)
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	r := rand.New(rand.NewPCG(1, 2))
	row := int64(0)
	batches := make([]stream.Batch, b.N)
	for i := range batches {
		k, ts := array.NewInt64Builder(memory.DefaultAllocator), array.NewTimestampBuilder(memory.DefaultAllocator, schema[1].Type.Arrow().(*arrow.TimestampType))
		for range rows {
			k.Append(row/100 + r.Int64N(10_000))
			ts.Append(arrow.Timestamp(row / 10))
			row++
		}
		batches[i] = stream.NewBatch(schema.Arrow(), []arrow.Array{k.NewArray(), ts.NewArray()}, rows, nil)
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	for i, batch := range batches {
		if err := bench.Process(0, batch); err != nil {
			b.Fatal(err)
		}
		if err := bench.Advance(stream.Watermark((i+1)*rows/10 - 1)); err != nil {
			b.Fatal(err)
		}
	}
	optest.ReportRows(b, float64(b.N)*rows, cpu)
}
