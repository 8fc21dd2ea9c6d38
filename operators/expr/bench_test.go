package expr

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

const benchRows = 4096

// benchSchema is the table that benchmarks evaluate over.
func benchSchema() types.Schema {
	return types.Schema{{Name: "a", Type: types.Of(types.BigInt).NotNull()}, {Name: "b", Type: types.Of(types.BigInt).NotNull()},
		{Name: "c", Type: types.Of(types.BigInt).NotNull()}, {Name: "n", Type: types.Of(types.BigInt)},
		{Name: "s", Type: types.StringType().NotNull()}, {Name: "t", Type: types.TimestampOf(3).NotNull()}}
}

// benchBatches are different batches, so that no branch predictor learns them.
func benchBatches(n int) []stream.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]stream.Batch, n)
	for i := range out {
		out[i] = benchBatch(r)
	}
	return out
}

func benchBatch(r *rand.Rand) stream.Batch {
	schema := benchSchema()
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema.Arrow())
	for i := range benchRows {
		for f := range 4 {
			b.Field(f).(*array.Int64Builder).Append(r.Int64N(10))
			if f == 3 && i%5 == 0 {
				b.Field(f).(*array.Int64Builder).AppendNull()
			}
		}
		b.Field(4).(*array.StringBuilder).Append(fmt.Sprintf("https://www.nexmark.com/abc/def/ghij/item.htm?query=1&channel_id=%d", r.IntN(1e9)))
		b.Field(5).(*array.TimestampBuilder).Append(arrow.Timestamp(1_436_918_400_000 + int64(i)))
	}
	cols := make([]arrow.Array, len(schema))
	for f := range cols {
		whole := b.Field(f).NewArray()
		cols[f] = array.NewSlice(whole, 0, benchRows)
	}
	return stream.NewBatch(schema.Arrow(), cols, benchRows, nil)
}

func benchTypes() (names []string, ts []types.Type) {
	for _, f := range benchSchema() {
		names, ts = append(names, f.Name), append(ts, f.Type)
	}
	return names, ts
}

func report(b *testing.B) {
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkEval(b *testing.B) {
	registry := NewRegistry()
	names, ts := benchTypes()
	batch := benchBatches(1)[0]
	for _, sql := range []string{
		"a + b", "a + n", "a * 2 + 1", "a = 5", "n > 5", "a > 5 AND b < c", "0.908 * a", "0.908 * a > 3", "a / 3", "CAST(a AS STRING)",
		"CASE WHEN a > 5 THEN 'x' WHEN b > 5 THEN 'y' ELSE 'z' END", "HOUR(t)", "YEAR(t)", "DATE_FORMAT(t, 'yyyy-MM-dd')", "LOWER(s)",
		"SPLIT_INDEX(s, '/', 3)", "REGEXP_EXTRACT(s, '(&|^)channel_id=([^&]*)', 2)", "s LIKE '%item%'", "a IN (1, 2, 3, 4, 5)", "JSON_EXISTS(CAST(a AS STRING), '$')", "t + INTERVAL '1' SECOND",
	} {
		e, err := parseExpr(registry, sql, names, ts)
		if err != nil {
			b.Fatal(err)
		}
		p, err := Compile(e, CompileEnv{Registry: registry})
		if err != nil {
			b.Fatal(err)
		}
		ctx := &EvalContext{Alloc: memory.DefaultAllocator}
		b.Run(sql, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				arr, err := p.Eval(ctx, batch)
				if err != nil {
					b.Fatal(err)
				}
				arr.Release()
			}
			report(b)
		})
	}
}

// BenchmarkFilter compares a predicate with the loop one would write by hand.
func BenchmarkFilter(b *testing.B) {
	registry := NewRegistry()
	names, ts := benchTypes()
	batches := benchBatches(32)
	e, err := parseExpr(registry, "a > 5 AND b < c", names, ts)
	if err != nil {
		b.Fatal(err)
	}
	p, err := CompilePredicate(e, CompileEnv{Registry: registry})
	if err != nil {
		b.Fatal(err)
	}
	sel := make([]int32, 0, benchRows)
	b.Run("program", func(b *testing.B) {
		ctx := &EvalContext{Alloc: memory.DefaultAllocator}
		b.ReportAllocs()
		for i := range b.N {
			if sel, _, err = p.Select(ctx, batches[i%len(batches)], sel[:0]); err != nil {
				b.Fatal(err)
			}
		}
		report(b)
	})
	b.Run("by hand", func(b *testing.B) {
		for i := range b.N {
			batch := batches[i%len(batches)]
			x := batch.Column(0).(*array.Int64).Int64Values()
			y := batch.Column(1).(*array.Int64).Int64Values()
			z := batch.Column(2).(*array.Int64).Int64Values()
			sel = sel[:0]
			for i := range x {
				if x[i] > 5 && y[i] < z[i] {
					sel = append(sel, int32(i))
				}
			}
		}
		report(b)
	})
	b.Run("sum by hand", func(b *testing.B) {
		x := batches[0].Column(0).(*array.Int64).Int64Values()
		y := batches[0].Column(1).(*array.Int64).Int64Values()
		for range b.N {
			out := make([]int64, len(x))
			for i := range x {
				out[i] = x[i] + y[i]
			}
			benchSink = out
		}
		report(b)
	})
}

var benchSink []int64
