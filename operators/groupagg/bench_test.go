package groupagg_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/groupagg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

const batchRows = 4096

// randomKeys makes batches of a random BIGINT key below keys and a BIGINT value.
func randomKeys(schema types.Schema, batches int, keys int64) []stream.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]stream.Batch, batches)
	for i := range out {
		k, v := array.NewInt64Builder(memory.DefaultAllocator), array.NewInt64Builder(memory.DefaultAllocator)
		for range batchRows {
			k.Append(r.Int64N(keys))
			v.Append(r.Int64N(1000))
		}
		out[i] = stream.NewBatch(schema.Arrow(), []arrow.Array{k.NewArray(), v.NewArray()}, batchRows, nil)
	}
	return out
}

func benchmark(b *testing.B, keys int64, upsert bool, make func(groupagg.Config) (op.Operator, error)) {
	schema, err := stream.ParseSchema("k BIGINT, v BIGINT")
	if err != nil {
		b.Fatal(err)
	}
	registry := agg.NewRegistry()
	var cfg groupagg.Config
	cfg.Keys, cfg.InputSchema, cfg.Registry, cfg.EmitUpdateBefore = []int{0}, schema, registry, !upsert
	out := schema[:1:1]
	for _, text := range []string{"COUNT(*) AS n", "SUM(v) AS s"} {
		call, field, err := optest.ParseAgg(text, schema, registry)
		if err != nil {
			b.Fatal(err)
		}
		cfg.Aggs, out = append(cfg.Aggs, call), append(out, field)
	}
	batches := randomKeys(schema, int(max(256, 2*keys/batchRows)), keys)
	operator, err := make(cfg)
	if err != nil {
		b.Fatal(err)
	}
	bench, err := optest.NewBench(operator, []types.Schema{schema}, out)
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	for _, batch := range batches { // all keys are there, memory is warm
		if err := bench.Process(0, batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	for i := range b.N {
		if err := bench.Process(0, batches[i%len(batches)]); err != nil {
			b.Fatal(err)
		}
	}
	optest.ReportRows(b, float64(b.N)*batchRows, cpu)
}

func BenchmarkSumCount(b *testing.B) {
	for _, keys := range []int64{1000, 10_000, 10_000_000} {
		for _, upsert := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dk/upsert=%t", keys/1000, upsert), func(b *testing.B) {
				benchmark(b, keys, upsert, func(c groupagg.Config) (op.Operator, error) { return groupagg.New(c) })
			})
		}
	}
}

func BenchmarkLocalSumCount(b *testing.B) {
	for _, keys := range []int64{1000, 10_000} {
		b.Run(fmt.Sprintf("%dk", keys/1000), func(b *testing.B) {
			benchmark(b, keys, true, func(c groupagg.Config) (op.Operator, error) { return groupagg.NewLocal(c) })
		})
	}
}

// BenchmarkOrdered is ARRAY_AGG with and without an order of its own, of groups that
// get ten rows of each batch and have been taken from scratch every 64 batches.
func BenchmarkOrdered(b *testing.B) {
	for _, c := range []struct {
		agg      string
		retracts bool
	}{
		{"ARRAY_AGG(v)", false}, {"ARRAY_AGG(v ORDER BY w)", false}, {"FIRST_VALUE(v ORDER BY w)", false},
		{"ARRAY_AGG(v)", true}, {"ARRAY_AGG(v ORDER BY w)", true}, {"FIRST_VALUE(v ORDER BY w)", true},
	} {
		b.Run(fmt.Sprintf("%s/retracts=%t", c.agg, c.retracts), func(b *testing.B) { benchmarkOrdered(b, c.agg, c.retracts) })
	}
}

func benchmarkOrdered(b *testing.B, text string, retracts bool) {
	schema, err := stream.ParseSchema("k BIGINT, v BIGINT, w BIGINT")
	if err != nil {
		b.Fatal(err)
	}
	registry := agg.NewRegistry()
	call, field, err := optest.ParseAgg(text+" AS a", schema, registry)
	if err != nil {
		b.Fatal(err)
	}
	cfg := groupagg.Config{Keys: []int{0}, InputSchema: schema, Registry: registry, Aggs: []rex.AggCall{call}, InputRetracts: retracts}
	narrow := randomKeys(schema[:2], 64, batchRows/10)
	batches := make([]stream.Batch, len(narrow))
	for i, n := range narrow {
		cols := []arrow.Array{n.Column(0), n.Column(1), narrow[(i+1)%len(narrow)].Column(1)}
		batches[i] = stream.NewBatch(schema.Arrow(), cols, batchRows, nil)
	}
	var bench *optest.Bench
	b.ReportAllocs()
	cpu := optest.CPUSeconds()
	for i := range b.N {
		if i%len(batches) == 0 {
			operator, err := groupagg.New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			if bench != nil {
				bench.Close()
			}
			if bench, err = optest.NewBench(operator, []types.Schema{schema}, append(schema[:1:1], field)); err != nil {
				b.Fatal(err)
			}
		}
		if err := bench.Process(0, batches[i%len(batches)]); err != nil {
			b.Fatal(err)
		}
	}
	bench.Close()
	optest.ReportRows(b, float64(b.N)*batchRows, cpu)
}
