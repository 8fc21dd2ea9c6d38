package join_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/join"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

const batchRows = 4096

// pairs makes a batch of BIGINT key and value.
func pairs(schema types.Schema, key func(i int) int64) stream.Batch {
	k, v := array.NewInt64Builder(memory.DefaultAllocator), array.NewInt64Builder(memory.DefaultAllocator)
	for i := range batchRows {
		k.Append(key(i))
		v.Append(int64(i))
	}
	return stream.NewBatch(schema.Arrow(), []arrow.Array{k.NewArray(), v.NewArray()}, batchRows, nil)
}

// BenchmarkProbe joins rows of one side with one row each of 100,000 on the other,
// and takes them back, so that the state stays as it is.
func BenchmarkProbe(b *testing.B) {
	left, err := stream.ParseSchema("a BIGINT, x BIGINT")
	if err != nil {
		b.Fatal(err)
	}
	right, err := stream.ParseSchema("b BIGINT, y BIGINT")
	if err != nil {
		b.Fatal(err)
	}
	const keys = 25 * batchRows
	for _, kind := range []join.Kind{join.Inner, join.Left, join.Semi} {
		for _, hit := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/hit=%t", kind, hit), func(b *testing.B) {
				operator, err := join.New(join.Config{Kind: kind, LeftKeys: []int{0}, RightKeys: []int{0}})
				if err != nil {
					b.Fatal(err)
				}
				output := append(append(types.Schema{}, left...), right...)
				if kind == join.Semi {
					output = left
				}
				bench, err := optest.NewBench(operator, []types.Schema{left, right}, output)
				if err != nil {
					b.Fatal(err)
				}
				defer bench.Close()
				for i := range keys / batchRows {
					if err := bench.Process(1, pairs(right, func(j int) int64 { return int64(i*batchRows + j) })); err != nil {
						b.Fatal(err)
					}
				}
				run(b, bench, left, keys, hit)
			})
		}
	}
}

func run(b *testing.B, bench *optest.Bench, left types.Schema, keys int, hit bool) {
	r := rand.New(rand.NewPCG(1, 2))
	var probes []stream.Batch
	for range 16 {
		plus := pairs(left, func(int) int64 {
			if hit {
				return r.Int64N(int64(keys))
			}
			return -1 - r.Int64N(int64(keys))
		})
		minus := plus.Retain()
		minus.Kinds = make([]stream.RowKind, batchRows)
		for i := range minus.Kinds {
			minus.Kinds[i] = stream.Delete
		}
		probes = append(probes, plus, minus)
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	for i := range b.N {
		if err := bench.Process(0, probes[i%len(probes)]); err != nil {
			b.Fatal(err)
		}
	}
	optest.ReportRows(b, float64(b.N)*batchRows, cpu)
}
