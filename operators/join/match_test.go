package join

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
)

// BenchmarkMatch is the probe alone: rows find their partners among 100,000 keys
// and are joined with them, and their own side is left as it is.
func BenchmarkMatch(b *testing.B) {
	for _, inserts := range []bool{true, false} {
		b.Run(fmt.Sprintf("insert-only=%t", inserts), func(b *testing.B) { match(b, inserts) })
	}
}

func match(b *testing.B, inserts bool) {
	const rows, keys = 4096, 25 * 4096
	schema := types.Schema{{Name: "k", Type: types.Of(types.BigInt)}, {Name: "v", Type: types.Of(types.BigInt)}}
	batch := func(key func(i int) int64) stream.Batch {
		k, v := array.NewInt64Builder(memory.DefaultAllocator), array.NewInt64Builder(memory.DefaultAllocator)
		for i := range rows {
			k.Append(key(i))
			v.Append(int64(i))
		}
		return stream.NewBatch(schema.Arrow(), []arrow.Array{k.NewArray(), v.NewArray()}, rows, nil)
	}
	j, err := New(Config{LeftKeys: []int{0}, RightKeys: []int{0}, InsertOnly: [2]bool{inserts, inserts}})
	if err != nil {
		b.Fatal(err)
	}
	bench, err := optest.NewBench(j, []types.Schema{schema, schema}, append(append(types.Schema{}, schema...), schema...))
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	for i := range keys / rows {
		if err := bench.Process(1, batch(func(j int) int64 { return int64(i*rows + j) })); err != nil {
			b.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	probes := make([]stream.Batch, 16)
	for i := range probes {
		probes[i] = batch(func(int) int64 { return r.Int64N(keys) })
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	for i := range b.N {
		if err := j.match(0, probes[i%len(probes)], bench); err != nil {
			b.Fatal(err)
		}
		j.probe.finish()
	}
	optest.ReportRows(b, float64(b.N)*rows, cpu)
}
