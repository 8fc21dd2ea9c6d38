package topn_test

import (
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/topn"
)

// BenchmarkTop keeps the ten greatest of 20,000 rows a window, by one of 100 keys
// or none, per window and for ever.
func BenchmarkTop(b *testing.B) {
	schema, err := stream.ParseSchema("k BIGINT, v BIGINT, we TIMESTAMP(3)")
	if err != nil {
		b.Fatal(err)
	}
	order := []rex.SortKey{{Column: 1, Descending: true}}
	for name, partition := range map[string][]int{"window": {2}, "key": {0, 2}} {
		b.Run("windowed/"+name, func(b *testing.B) {
			o, err := topn.NewWindowed(topn.WindowedConfig{PartitionBy: partition, End: 2, OrderBy: order, Count: 10})
			benchmark(b, o, err, schema)
		})
		b.Run("updating/"+name, func(b *testing.B) {
			o, err := topn.New(topn.Config{PartitionBy: partition, OrderBy: order, Count: 10, EmitUpdateBefore: true})
			benchmark(b, o, err, schema)
		})
	}
}

func benchmark(b *testing.B, operator op.Operator, err error, schema types.Schema) {
	if err != nil {
		b.Fatal(err)
	}
	const rows = 4000
	bench, err := optest.NewBench(operator, []types.Schema{schema}, schema)
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	r := rand.New(rand.NewPCG(1, 2))
	batches := make([]stream.Batch, b.N)
	for i := range batches {
		k, v := array.NewInt64Builder(memory.DefaultAllocator), array.NewInt64Builder(memory.DefaultAllocator)
		we := array.NewTimestampBuilder(memory.DefaultAllocator, schema[2].Type.Arrow().(*arrow.TimestampType))
		for range rows {
			k.Append(r.Int64N(100))
			v.Append(r.Int64N(1_000_000))
			we.Append(arrow.Timestamp(1000 * (1 + i/5)))
		}
		batches[i] = stream.NewBatch(schema.Arrow(), []arrow.Array{k.NewArray(), v.NewArray(), we.NewArray()}, rows, nil)
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	for i, batch := range batches {
		if err := bench.Process(0, batch); err != nil {
			b.Fatal(err)
		}
		if err := bench.Advance(stream.Watermark(1000*(i/5) - 1)); err != nil {
			b.Fatal(err)
		}
	}
	optest.ReportRows(b, float64(b.N)*rows, cpu)
}
