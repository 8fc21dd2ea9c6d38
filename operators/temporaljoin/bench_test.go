package temporaljoin_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/temporaljoin"
)

// BenchmarkTemporalJoin joins a row a microsecond with the versions of its key, of
// which one in sixteen rows is a change; the watermark is a second behind.
func BenchmarkTemporalJoin(b *testing.B) {
	const rows = 4096
	schema := types.Schema{{Name: "k", Type: types.Of(types.BigInt)}, {Name: "v", Type: types.Of(types.BigInt)}, {Name: "t", Type: types.TimestampOf(3)}}
	for _, keys := range []int64{100, 100_000} {
		for _, proctime := range []bool{false, true} {
			b.Run(fmt.Sprintf("keys=%d/proctime=%t", keys, proctime), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 2))
				batch := func(at int64, rows int) stream.Batch {
					k, v := array.NewInt64Builder(memory.DefaultAllocator), array.NewInt64Builder(memory.DefaultAllocator)
					t := array.NewTimestampBuilder(memory.DefaultAllocator, schema[2].Type.Arrow().(*arrow.TimestampType))
					for i := range int64(rows) {
						k.Append(r.Int64N(keys))
						v.Append(i)
						t.Append(arrow.Timestamp(at + i/1024))
					}
					return stream.NewBatch(schema.Arrow(), []arrow.Array{k.NewArray(), v.NewArray(), t.NewArray()}, rows, nil)
				}
				j, err := temporaljoin.New(temporaljoin.Config{LeftKeys: []int{0}, RightKeys: []int{0}, LeftTime: 2, RightTime: 2, KeepsLeft: true, Proctime: proctime})
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
					at := 4 * int64(i)
					left, right := batch(at, rows), batch(at, rows/16)
					b.StartTimer()
					cpu := optest.CPUSeconds()
					if err := bench.Process(1, right); err != nil {
						b.Fatal(err)
					}
					if err := bench.Process(0, left); err != nil {
						b.Fatal(err)
					}
					if err := bench.Advance(stream.Watermark(at - 1000)); err != nil {
						b.Fatal(err)
					}
					spent += optest.CPUSeconds() - cpu
				}
				optest.ReportRows(b, float64(b.N)*rows, optest.CPUSeconds()-spent)
			})
		}
	}
}
