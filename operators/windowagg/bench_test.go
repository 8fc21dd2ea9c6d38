package windowagg_test

import (
	"fmt"
	"testing"
	"time"

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

// BenchmarkUpdating counts as BenchmarkCount does, in windows that are emitted every
// two seconds: the clock goes with the rows' times.
func BenchmarkUpdating(b *testing.B) {
	benchmarkOf(b, windows.Spec{Kind: windows.Tumble, SizeMillis: 10_000, Time: 1}, "COUNT(*) AS n", false, func(cfg windowagg.Config) (op.Operator, error) {
		return windowagg.NewUpdating(cfg, windows.Emission{Early: true, EarlyDelay: 2 * time.Second}, true)
	})
}

// BenchmarkMax takes the greatest of an hour, each second: no slice can be taken away.
func BenchmarkMax(b *testing.B) {
	benchmarkOf(b, windows.Spec{Kind: windows.Hop, SizeMillis: 3_600_000, StepMillis: 1000, Time: 1}, "MAX(k) AS n", false,
		func(cfg windowagg.Config) (op.Operator, error) { return windowagg.New(cfg) })
}

func benchmark(b *testing.B, s windows.Spec, twoPhase bool) {
	benchmarkOf(b, s, "COUNT(*) AS n", twoPhase, func(cfg windowagg.Config) (op.Operator, error) { return windowagg.New(cfg) })
}

func benchmarkOf(b *testing.B, s windows.Spec, text string, twoPhase bool, create func(windowagg.Config) (op.Operator, error)) {
	const rows = 4096
	schema, err := stream.ParseSchema("k BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		b.Fatal(err)
	}
	cfg := windowagg.Config{
		Windows: s, Keys: []int{0}, InputSchema: schema, Registry: agg.NewRegistry(), FromLocal: twoPhase,
		Properties: []windows.Property{windows.WindowStart, windows.WindowEnd},
	}
	call, field, err := optest.ParseAgg(text, schema, cfg.Registry)
	if err != nil {
		b.Fatal(err)
	}
	cfg.Aggs = append(cfg.Aggs, call)
	var operator op.Operator
	if operator, err = create(cfg); err == nil && twoPhase {
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
	batches := optest.Drifting(schema, b.N, rows)
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	ticker, _ := operator.(op.Ticker)
	for i, batch := range batches {
		if ticker != nil {
			if err := ticker.Tick(int64(i*rows/10), bench); err != nil {
				b.Fatal(err)
			}
		}
		if err := bench.Process(0, batch); err != nil {
			b.Fatal(err)
		}
		if err := bench.Advance(stream.Watermark((i+1)*rows/10 - 1)); err != nil {
			b.Fatal(err)
		}
	}
	optest.ReportRows(b, float64(b.N)*rows, cpu)
}
