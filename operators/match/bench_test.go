package match_test

import (
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowpattern"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/match"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

// benchBatch makes n rows of keys partitions from row start on, a row a millisecond.
func benchBatch(schema *arrow.Schema, start, n, keys int) stream.Batch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i := start; i < start+n; i++ {
		v := int64(uint32(i*2654435761) >> 24)
		b.Field(columnK).(*array.StringBuilder).Append(fmt.Sprintf("key%d", i%keys))
		b.Field(columnT).(*array.TimestampBuilder).Append(arrow.Timestamp(i))
		b.Field(columnV).(*array.Int64Builder).Append(v)
		b.Field(columnP).(*array.BooleanBuilder).Append(v > 128)
		b.Field(columnQ).(*array.BooleanBuilder).Append(v < 64)
	}
	return stream.Batch{Record: b.NewRecord()}
}

// BenchmarkMatch matches A B+ C, with conditions on the row itself, on the row
// before, and on rows mapped before.
func BenchmarkMatch(b *testing.B) {
	self, last, prev := nav(0b010), nav(0b010), nav(0b010)
	last.Offset, prev.Physical = 1, -1
	rise := nav(0b100)
	up := rise
	up.Physical = -1
	for _, c := range []struct {
		name       string
		conditions []rowpattern.Condition
	}{
		{"own", []rowpattern.Condition{flag(0, columnP), flag(1, columnQ), flag(2, columnP)}},
		{"neighbour", []rowpattern.Condition{{}, compare("<", self, prev), compare(">", rise, up)}},
		{"mapped", []rowpattern.Condition{{}, compare("<", self, nav(0b001)), compare(">", rise, nav(0b010))}},
		{"sum", []rowpattern.Condition{{}, against("<", aggregate("SUM", 0b010, false), 300), {}}},
	} {
		for _, keys := range []int{100, 100_000} {
			b.Run(fmt.Sprintf("%s/keys=%d", c.name, keys), func(b *testing.B) { benchmark(b, c.conditions, keys) })
		}
	}
}

func benchmark(b *testing.B, conditions []rowpattern.Condition, keys int) {
	schema, err := stream.ParseSchema(inputText)
	if err != nil {
		b.Fatal(err)
	}
	first := nav(0b001)
	first.First = true
	spec := rowpattern.Spec{
		PartitionBy: []int{columnK}, Time: columnT, Variables: []string{"A", "B", "C"}, Leading: []int{columnK},
		Pattern: sequence(variable(0), repeat(variable(1), 1, -1), variable(2)), Conditions: conditions,
		Outputs: []rowpattern.Nav{first, nav(0b010), nav(0b100), aggregate("SUM", rowpattern.AllVariables, false)},
	}
	operator, err := match.New(match.Config{Spec: spec, Functions: functions, Aggregates: aggs})
	if err != nil {
		b.Fatal(err)
	}
	bench, err := optest.NewBench(operator, []types.Schema{schema}, newCase(spec, schema).Output)
	if err != nil {
		b.Fatal(err)
	}
	const rows = 4096
	var batches []stream.Batch
	for i := range 64 {
		batches = append(batches, benchBatch(schema.Arrow(), i*rows, rows, keys))
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	for i := range b.N {
		at := i % len(batches)
		if at == 0 && i > 0 {
			b.StopTimer()
			for j := range batches {
				batches[j].Release()
				batches[j] = benchBatch(schema.Arrow(), (i+j)*rows, rows, keys)
			}
			b.StartTimer()
		}
		if err := bench.Process(0, batches[at]); err != nil {
			b.Fatal(err)
		}
		if err := bench.Advance(stream.Watermark((i+1)*rows - 1)); err != nil {
			b.Fatal(err)
		}
	}
	optest.ReportRows(b, float64(b.N*rows), cpu)
	b.StopTimer()
	if err := bench.Close(); err != nil {
		b.Fatal(err)
	}
}
