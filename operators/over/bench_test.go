package over_test

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
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/over"
	"github.com/thalweg/thalweg/operators/stream"
)

const batchRows = 4096

// timeline makes a batch of random keys and values, a millisecond a row, from a time.
func timeline(schema types.Schema, r *rand.Rand, keys, from int64) stream.Batch {
	k, v := array.NewInt64Builder(memory.DefaultAllocator), array.NewInt64Builder(memory.DefaultAllocator)
	ts := array.NewTimestampBuilder(memory.DefaultAllocator, &arrow.TimestampType{Unit: arrow.Millisecond})
	for i := range int64(batchRows) {
		k.Append(r.Int64N(keys))
		v.Append(r.Int64N(1000))
		ts.Append(arrow.Timestamp(from + i))
	}
	return stream.NewBatch(schema.Arrow(), []arrow.Array{k.NewArray(), v.NewArray(), ts.NewArray()}, batchRows, nil)
}

func config(b *testing.B, frame rex.Frame, texts ...string) (over.Config, types.Schema) {
	in, err := stream.ParseSchema("k BIGINT, v BIGINT, ts TIMESTAMP(3)")
	if err != nil {
		b.Fatal(err)
	}
	cfg := over.Config{PartitionBy: []int{0}, OrderBy: []rex.SortKey{{Column: 2, NullsFirst: true}}, InputSchema: in, Registry: agg.NewRegistry(), Frame: frame}
	out := in[:3:3]
	for _, text := range texts {
		call, field, err := optest.ParseAgg(text, in, cfg.Registry)
		if err != nil {
			b.Fatal(err)
		}
		cfg.Aggs, out = append(cfg.Aggs, call), append(out, field)
	}
	return cfg, out
}

func run(b *testing.B, operator op.Operator, in, out types.Schema, keys int64) {
	bench, err := optest.NewBench(operator, []types.Schema{in}, out)
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	r, at := rand.New(rand.NewPCG(1, 2)), int64(0)
	step := func() {
		batch := timeline(in, r, keys, at)
		at += batchRows
		if err := bench.Process(0, batch); err != nil {
			b.Fatal(err)
		}
		if err := bench.Advance(stream.Watermark(at - 1)); err != nil {
			b.Fatal(err)
		}
		batch.Release()
	}
	for range 20 {
		step()
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	for range b.N {
		step()
	}
	optest.ReportRows(b, float64(b.N)*batchRows, cpu)
}

func rows(n int64) rex.Frame {
	return rex.Frame{Rows: true, Start: rex.FrameBound{Kind: rex.Preceding, Offset: n}, End: rex.FrameBound{Kind: rex.CurrentRow}}
}

func BenchmarkTimed(b *testing.B) {
	running := rex.Frame{End: rex.FrameBound{Kind: rex.CurrentRow}}
	hour := rex.Frame{Start: rex.FrameBound{Kind: rex.Preceding, Offset: 60_000}, End: rex.FrameBound{Kind: rex.CurrentRow}}
	for _, keys := range []int64{1, 1000, 100_000} {
		for name, frame := range map[string]rex.Frame{"running": running, "rows=9": rows(9), "minute": hour} {
			b.Run(fmt.Sprintf("%s/keys=%d", name, keys), func(b *testing.B) {
				cfg, out := config(b, frame, "SUM(v) AS s", "COUNT(*) AS n")
				operator, err := over.NewTimed(over.TimedConfig{Config: cfg})
				if err != nil {
					b.Fatal(err)
				}
				run(b, operator, cfg.InputSchema, out, keys)
			})
		}
	}
}

func BenchmarkChanging(b *testing.B) {
	for _, keys := range []int64{1000, 100_000} {
		b.Run(fmt.Sprintf("rows=9/keys=%d", keys), func(b *testing.B) {
			cfg, out := config(b, rows(9), "AVG(v) AS m")
			operator, err := over.NewChanging(over.ChangingConfig{Config: cfg, InputRetracts: true, EmitUpdateBefore: true})
			if err != nil {
				b.Fatal(err)
			}
			run(b, operator, cfg.InputSchema, out, keys)
		})
	}
}

// BenchmarkChangingDistance sums the last second's rows of a thousand partitions that grow.
func BenchmarkChangingDistance(b *testing.B) {
	second := rex.Frame{Start: rex.FrameBound{Kind: rex.Preceding, Offset: 1000}, End: rex.FrameBound{Kind: rex.CurrentRow}}
	cfg, out := config(b, second, "SUM(v) AS s")
	operator, err := over.NewChanging(over.ChangingConfig{Config: cfg, InputRetracts: true, EmitUpdateBefore: true})
	if err != nil {
		b.Fatal(err)
	}
	run(b, operator, cfg.InputSchema, out, 1000)
}

// BenchmarkRank ranks rows that come in order, so that none of the first ones ever
// moves, and keeps all of them or three ranks.
func BenchmarkRank(b *testing.B) {
	for _, keep := range []int64{0, 3} {
		b.Run(fmt.Sprintf("keep=%d", keep), func(b *testing.B) {
			cfg, out := config(b, rex.Frame{})
			cfg.Functions = []over.Function{{Kind: over.Rank, Value: -1, Default: -1}}
			out = append(out, types.Field{Name: "r", Type: types.Of(types.BigInt)})
			operator, err := over.NewChanging(over.ChangingConfig{Config: cfg, EmitUpdateBefore: true, Keep: keep, KeepBy: over.Rank})
			if err != nil {
				b.Fatal(err)
			}
			run(b, operator, cfg.InputSchema, out, 1000)
		})
	}
}

// BenchmarkDistance sums what is near, once all rows of a thousand partitions are there.
func BenchmarkDistance(b *testing.B) {
	for _, orderType := range []string{"BIGINT", "DOUBLE", "DECIMAL(20, 2)"} {
		b.Run(orderType, func(b *testing.B) {
			in, err := stream.ParseSchema("k BIGINT, v BIGINT, o " + orderType)
			if err != nil {
				b.Fatal(err)
			}
			distance := rex.FrameBound{Kind: rex.Preceding, Offset: 100, Float: 100}
			cfg := over.Config{PartitionBy: []int{0}, OrderBy: []rex.SortKey{{Column: 2}}, InputSchema: in, Registry: agg.NewRegistry(),
				Frame: rex.Frame{Start: distance, End: rex.FrameBound{Kind: rex.CurrentRow}}}
			call, field, err := optest.ParseAgg("SUM(v) AS s", in, cfg.Registry)
			if err != nil {
				b.Fatal(err)
			}
			cfg.Aggs = append(cfg.Aggs, call)
			operator, err := over.NewChanging(over.ChangingConfig{Config: cfg, AtEnd: true})
			if err != nil {
				b.Fatal(err)
			}
			bench, err := optest.NewBench(operator, []types.Schema{in}, append(in[:3:3], field))
			if err != nil {
				b.Fatal(err)
			}
			defer bench.Close()
			batch := scattered(b, in)
			defer batch.Release()
			b.ReportAllocs()
			b.ResetTimer()
			cpu := optest.CPUSeconds()
			for range b.N {
				if err := bench.Process(0, batch.Retain()); err != nil {
					b.Fatal(err)
				}
			}
			if err := bench.Advance(stream.EndOfTime); err != nil {
				b.Fatal(err)
			}
			optest.ReportRows(b, float64(b.N)*batchRows, cpu)
		})
	}
}

// scattered is a batch of random keys and values.
func scattered(b *testing.B, schema types.Schema) stream.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	lines := make([]string, batchRows)
	for i := range lines {
		lines[i] = fmt.Sprintf("+I k=%d v=%d o=%d", r.IntN(1000), r.IntN(1000), r.IntN(100_000))
	}
	batch, err := stream.ParseRows(memory.DefaultAllocator, schema, lines)
	if err != nil {
		b.Fatal(err)
	}
	return batch
}

// BenchmarkLag looks back over rows, and over those that have a value.
func BenchmarkLag(b *testing.B) {
	for _, ignore := range []bool{false, true} {
		for _, kind := range []string{"timed", "changing"} {
			b.Run(fmt.Sprintf("%s/ignore=%v", kind, ignore), func(b *testing.B) {
				cfg, out := config(b, rex.Frame{})
				cfg.Functions = []over.Function{{Kind: over.Lag, Value: 1, Default: -1, Offset: 3, IgnoreNulls: ignore}}
				out = append(out, types.Field{Name: "l", Type: types.Of(types.BigInt)})
				operator, err := op.Operator(nil), error(nil)
				if kind == "timed" {
					operator, err = over.NewTimed(over.TimedConfig{Config: cfg})
				} else {
					operator, err = over.NewChanging(over.ChangingConfig{Config: cfg, InputRetracts: true, EmitUpdateBefore: true})
				}
				if err != nil {
					b.Fatal(err)
				}
				run(b, operator, cfg.InputSchema, out, 1000)
			})
		}
	}
}

// BenchmarkRunning sums from the start of each partition, over rows that come in order,
// or each before all others.
func BenchmarkRunning(b *testing.B) {
	for _, front := range []bool{false, true} {
		b.Run(fmt.Sprintf("front=%v", front), func(b *testing.B) {
			cfg, out := config(b, rex.Frame{End: rex.FrameBound{Kind: rex.CurrentRow}}, "SUM(v) AS s", "COUNT(*) AS n")
			cfg.OrderBy[0].Descending = front
			operator, err := over.NewChanging(over.ChangingConfig{Config: cfg, InputRetracts: true, EmitUpdateBefore: true})
			if err != nil {
				b.Fatal(err)
			}
			run(b, operator, cfg.InputSchema, out, 1000)
		})
	}
}
