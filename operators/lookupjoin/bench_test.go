package lookupjoin_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/lookupjoin"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// echo has one row for each key: the key.
type echo struct{ schema *arrow.Schema }

func (e echo) Rows(_ context.Context, keys []arrow.Array, n int) (stream.Batch, []int32, error) {
	of := make([]int32, n)
	for i := range of {
		of[i] = int32(i)
	}
	keys[0].Retain()
	return stream.NewBatch(e.schema, []arrow.Array{keys[0]}, n, nil), of, nil
}

func (echo) Close() error { return nil }

// BenchmarkLookupJoin joins rows of 1,000 keys with one row each: what the operator
// itself costs.
func BenchmarkLookupJoin(b *testing.B) {
	const rows = 4096
	left, right := parse(b, "k BIGINT, v BIGINT"), parse(b, "b BIGINT")
	for name, asking := range map[string]lookupjoin.Asking{
		"plain": {}, "distinct": {Distinct: true}, "cached": {Cache: &lookupjoin.CacheConfig{MaxRows: 10_000}}, "async": {Async: true, Capacity: 8},
	} {
		b.Run(name, func(b *testing.B) {
			j, err := lookupjoin.New(lookupjoin.Config{LeftKeys: []int{0}, RightKeys: []int{0}, Asked: right, Asking: asking,
				Open: func(context.Context, *op.Context) (lookupjoin.Asker, error) { return echo{right.Arrow()}, nil }})
			if err != nil {
				b.Fatal(err)
			}
			bench, err := optest.NewBench(j, []types.Schema{left}, append(append(types.Schema{}, left...), right...))
			if err != nil {
				b.Fatal(err)
			}
			defer bench.Close()
			r := rand.New(rand.NewPCG(1, 2))
			k, v := array.NewInt64Builder(memory.DefaultAllocator), array.NewInt64Builder(memory.DefaultAllocator)
			for i := range int64(rows) {
				k.Append(r.Int64N(1000))
				v.Append(i)
			}
			batch := stream.NewBatch(left.Arrow(), []arrow.Array{k.NewArray(), v.NewArray()}, rows, nil)
			b.ReportAllocs()
			b.ResetTimer()
			cpu := optest.CPUSeconds()
			for range b.N {
				if err := bench.Process(0, batch); err != nil {
					b.Fatal(err)
				}
			}
			if err := bench.Advance(stream.EndOfTime); err != nil {
				b.Fatal(err)
			}
			optest.ReportRows(b, float64(b.N)*rows, cpu)
		})
	}
}
