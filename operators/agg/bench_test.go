package agg_test

import (
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
)

// BenchmarkAccumulate adds batches of 4,096 rows to 64 groups.
func BenchmarkAccumulate(b *testing.B) {
	const rows, groups = 4096, 64
	ints := array.NewInt64Builder(memory.DefaultAllocator)
	rng := rand.New(rand.NewPCG(1, 1))
	for range rows {
		ints.Append(int64(rng.IntN(1 << 20)))
	}
	values := ints.NewArray()
	bigint := types.Of(types.BigInt)
	for _, call := range []rex.AggCall{
		{Name: "SUM", Type: bigint}, {Name: "MAX", Type: bigint}, {Name: "VAR_POP", Type: bigint},
		{Name: "APPROX_COUNT_DISTINCT", Type: bigint}, {Name: "ARRAY_AGG", Type: types.ArrayOf(bigint)},
	} {
		b.Run(call.Name, func(b *testing.B) {
			call.Args, call.ArgTypes, call.Filter = []int{0}, []types.Type{bigint}, -1
			made, err := agg.NewRegistry().Bind(call, false)
			if err != nil {
				b.Fatal(err)
			}
			target := &bound{agg: made}
			accs := target.accs(groups)
			all := accs
			all.Rows = nil
			for i := range rows {
				all.Rows = append(all.Rows, accs.Rows[i%groups])
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%64 == 0 { // values that are kept must not grow for ever
					clear(target.memory)
					target.heap.strings = target.heap.strings[:0]
				}
				made.Accumulate(all, []arrow.Array{values}, nil)
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
