package intervaljoin_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/intervaljoin"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// BenchmarkIntervalJoin joins two equal streams of a row a millisecond and side: each
// row meets about one partner within ten seconds.
func BenchmarkIntervalJoin(b *testing.B) {
	const rows, spanMillis = 4096, 10_000
	schema := types.Schema{{Name: "k", Type: types.Of(types.BigInt)}, {Name: "v", Type: types.Of(types.BigInt)}, {Name: "t", Type: types.TimestampOf(3)}}
	r := rand.New(rand.NewPCG(1, 2))
	batch := func(from int64) stream.Batch {
		k, v := array.NewInt64Builder(memory.DefaultAllocator), array.NewInt64Builder(memory.DefaultAllocator)
		t := array.NewTimestampBuilder(memory.DefaultAllocator, schema[2].Type.Arrow().(*arrow.TimestampType))
		for i := range int64(rows) {
			k.Append(r.Int64N(2 * spanMillis))
			v.Append(i)
			t.Append(arrow.Timestamp(from + i))
		}
		return stream.NewBatch(schema.Arrow(), []arrow.Array{k.NewArray(), v.NewArray(), t.NewArray()}, rows, nil)
	}
	for _, kind := range []intervaljoin.Kind{intervaljoin.Inner, intervaljoin.Full} {
		b.Run(fmt.Sprint(kind), func(b *testing.B) {
			j, err := intervaljoin.New(intervaljoin.Config{
				Kind: kind, LeftKeys: []int{0}, RightKeys: []int{0}, LeftTime: 2, RightTime: 2, LowerMillis: -spanMillis, UpperMillis: spanMillis,
				LeftLifeMillis: spanMillis, RightLifeMillis: spanMillis, DelayMillis: spanMillis,
			})
			if err != nil {
				b.Fatal(err)
			}
			bench, err := optest.NewBench(j, []types.Schema{schema, schema}, append(append(types.Schema{}, schema...), schema...))
			if err != nil {
				b.Fatal(err)
			}
			defer bench.Close()
			b.ReportAllocs()
			b.ResetTimer()
			spent := 0.0
			for i := range b.N {
				b.StopTimer()
				from := int64(i/2) * rows
				in := batch(from)
				b.StartTimer()
				cpu := optest.CPUSeconds()
				if err := bench.Process(i%2, in); err != nil {
					b.Fatal(err)
				}
				if err := bench.Advance(stream.Watermark(from)); err != nil {
					b.Fatal(err)
				}
				spent += optest.CPUSeconds() - cpu
			}
			optest.ReportRows(b, float64(b.N)*rows, optest.CPUSeconds()-spent)
		})
	}
}
