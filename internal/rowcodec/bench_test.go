package rowcodec_test

import (
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

const benchRows = 4096

func benchColumns() map[string]arrow.Array {
	ints := array.NewInt64Builder(memory.DefaultAllocator)
	strs := array.NewStringBuilder(memory.DefaultAllocator)
	nulls := array.NewInt64Builder(memory.DefaultAllocator)
	for i := range benchRows {
		ints.Append(int64(i * 7))
		strs.Append(fmt.Sprintf("channel-%d", i%1000))
		if i%10 == 0 {
			nulls.AppendNull()
		} else {
			nulls.Append(int64(i))
		}
	}
	return map[string]arrow.Array{"int64": ints.NewArray(), "string": strs.NewArray(), "nullable": nulls.NewArray()}
}

func benchCases() map[string][]string {
	return map[string][]string{
		"int64": {"int64"}, "two": {"int64", "int64"}, "string": {"string"}, "nullable": {"nullable"},
		"mixed": {"int64", "string", "nullable"},
	}
}

func benchInput(names []string) (types []arrow.DataType, cols []arrow.Array) {
	columns := benchColumns()
	for _, n := range names {
		cols = append(cols, columns[n])
		types = append(types, columns[n].DataType())
	}
	return types, cols
}

func perRow(b *testing.B) {
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkEncodeKeys(b *testing.B) {
	for name, columns := range benchCases() {
		b.Run(name, func(b *testing.B) {
			types, cols := benchInput(columns)
			enc, err := rowcodec.NewKeyEncoder(types)
			ok(b, err)
			var keys rowcodec.Keys
			b.ReportAllocs()
			for b.Loop() {
				ok(b, enc.Encode(cols, benchRows, &keys))
			}
			perRow(b)
		})
	}
}

func BenchmarkRows(b *testing.B) {
	types, cols := benchInput([]string{"int64", "string", "nullable"})
	enc, err := rowcodec.NewRowEncoder(types)
	ok(b, err)
	dec, err := rowcodec.NewRowDecoder(types)
	ok(b, err)
	var rows rowcodec.Rows
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ok(b, enc.Encode(cols, benchRows, &rows))
		}
		perRow(b)
	})
	b.Run("decode", func(b *testing.B) {
		ok(b, enc.Encode(cols, benchRows, &rows))
		list := make([][]byte, benchRows)
		for i := range list {
			list[i] = rows.At(i)
		}
		builders := buildersFor(types)
		for b.Loop() {
			ok(b, dec.DecodeAll(list, builders))
			for _, x := range builders {
				x.NewArray().Release()
			}
		}
		perRow(b)
	})
}
