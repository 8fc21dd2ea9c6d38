package session_test

import (
	"testing"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/session"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// BenchmarkSession counts bids per bidder and session the way Nexmark's q11 does:
// 10,000 keys at a time that slowly drift, ten rows a millisecond.
func BenchmarkSession(b *testing.B) {
	schema, err := stream.ParseSchema("k BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		b.Fatal(err)
	}
	spec := windows.Spec{Kind: windows.Session, SizeMillis: 10_000, Time: 1}
	for name, text := range map[string]string{"count": "COUNT(*) AS n", "distinct": "COUNT(DISTINCT ts) AS n"} {
		b.Run(name, func(b *testing.B) {
			cfg := session.AggregateConfig{Windows: spec, Keys: []int{0}, InputSchema: schema, Registry: agg.NewRegistry(), Properties: bounds}
			call, field, err := optest.ParseAgg(text, schema, cfg.Registry)
			if err != nil {
				b.Fatal(err)
			}
			cfg.Aggs = append(cfg.Aggs, call)
			operator, err := session.NewAggregate(cfg)
			if err != nil {
				b.Fatal(err)
			}
			benchmark(b, operator, schema, withBounds(append(schema[:1:1], field)))
		})
	}
	b.Run("rows", func(b *testing.B) {
		operator, err := session.NewRows(session.RowsConfig{Windows: spec, Keys: []int{0}})
		if err != nil {
			b.Fatal(err)
		}
		benchmark(b, operator, schema, withBounds(schema[:2:2]))
	})
	b.Run("late", func(b *testing.B) {
		operator, err := session.NewLate(session.LateConfig{Windows: spec, Keys: []int{0}})
		if err != nil {
			b.Fatal(err)
		}
		benchmark(b, operator, schema, append(schema[:2:2], lateField))
	})
}

func benchmark(b *testing.B, operator op.Operator, schema, output types.Schema) {
	const rows = 4096
	bench, err := optest.NewBench(operator, []types.Schema{schema}, output)
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	batches := optest.Drifting(schema, b.N, rows)
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
