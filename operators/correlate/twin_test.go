package correlate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/correlate"
	"github.com/thalweg/thalweg/operators/expr"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/optest"
	"github.com/thalweg/thalweg/operators/stream"
)

var (
	bigint = types.Of(types.BigInt)
	pair   = types.RowOf(types.Field{Name: "a", Type: bigint}, types.Field{Name: "b", Type: bigint})
)

// randomCollections builds a column of collections of t, of BIGINT values below 10.
func randomCollections(r *rand.Rand, alloc memory.Allocator, t types.Type, rows int) arrow.Array {
	b := array.NewBuilder(alloc, t.Arrow())
	defer b.Release()
	value := func(b array.Builder) {
		if r.IntN(5) == 0 {
			b.AppendNull()
			return
		}
		b.(*array.Int64Builder).Append(r.Int64N(10))
	}
	for range rows {
		n := r.IntN(4)
		if r.IntN(4) == 0 {
			b.AppendNull()
			continue
		}
		switch b := b.(type) {
		case *array.MapBuilder:
			b.Append(true)
			for k := range n {
				b.KeyBuilder().(*array.Int64Builder).Append(int64(k))
				if items, ok := b.ItemBuilder().(*array.Int32Builder); ok {
					items.Append(r.Int32N(3))
				} else {
					value(b.ItemBuilder())
				}
			}
		case *array.ListBuilder:
			b.Append(true)
			for range n {
				if rows, ok := b.ValueBuilder().(*array.StructBuilder); ok {
					rows.Append(r.IntN(4) > 0)
					value(rows.FieldBuilder(0))
					value(rows.FieldBuilder(1))
				} else {
					value(b.ValueBuilder())
				}
			}
		}
	}
	return b.NewArray()
}

// twin is UNNEST row by row over printed values: the output's rows as text.
func twin(batch stream.Batch, t types.Type, ordinality, left bool) []string {
	var out []string
	for row := range batch.Rows() {
		head := fmt.Sprint(batch.Kind(row), " ", batch.Column(0).ValueStr(row))
		before := len(out)
		add := func(ordinal int, values ...string) {
			line := head
			for _, v := range values {
				line += " " + v
			}
			if ordinality {
				line += fmt.Sprint(" ", ordinal)
			}
			out = append(out, line)
		}
		if batch.Column(1).IsValid(row) {
			unnestRow(batch.Column(1), row, t, add)
		}
		if len(out) == before && left {
			width := map[types.Kind]int{types.Map: 2}[t.Kind]
			if width == 0 {
				width = max(1, len(t.Elem.Fields))
			}
			line := head
			for range width {
				line += " " + array.NullValueStr
			}
			if ordinality {
				line += " " + array.NullValueStr
			}
			out = append(out, line)
		}
	}
	return out
}

func unnestRow(arr arrow.Array, row int, t types.Type, add func(int, ...string)) {
	switch arr := arr.(type) {
	case *array.Map:
		from, to := arr.ValueOffsets(row)
		ordinal := 0
		for at := int(from); at < int(to); at++ {
			if t.Kind == types.Map {
				ordinal++
				add(ordinal, arr.Keys().ValueStr(at), arr.Items().ValueStr(at))
				continue
			}
			for range arr.Items().(*array.Int32).Value(at) {
				ordinal++
				add(ordinal, arr.Keys().ValueStr(at))
			}
		}
	case *array.List:
		from, to := arr.ValueOffsets(row)
		for at := int(from); at < int(to); at++ {
			if s, ok := arr.ListValues().(*array.Struct); !ok {
				add(at-int(from)+1, arr.ListValues().ValueStr(at))
			} else if s.IsValid(at) {
				add(at-int(from)+1, s.Field(0).ValueStr(at), s.Field(1).ValueStr(at))
			}
		}
	}
}

// lines collects rows as text.
type lines struct{ text []string }

func (l *lines) Emit(b stream.Batch) error {
	defer b.Release()
	for row := range b.Rows() {
		line := b.Kind(row).String()
		for _, c := range b.Record.Columns() {
			line += " " + c.ValueStr(row)
		}
		l.text = append(l.text, line)
	}
	return nil
}

func (*lines) Watermark(stream.Watermark) error { return nil }

// TestTwin compares random calls with the twin.
func TestTwin(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
		of := []types.Type{types.ArrayOf(bigint), types.ArrayOf(pair), types.MapOf(bigint, bigint), types.MultisetOf(bigint)}[r.IntN(4)]
		function, left := []string{expr.Unnest, expr.UnnestOrdinality}[r.IntN(2)], r.IntN(2) == 0
		in := types.Schema{{Name: "k", Type: bigint}, {Name: "list", Type: of}}
		cfg, out, err := configOf(in, rex.Col(1, of), function, left)
		if err != nil {
			t.Fatal(err)
		}
		rows := 1 + r.IntN(30)
		ids := array.NewInt64Builder(alloc)
		kinds := make([]stream.RowKind, rows)
		for i := range kinds {
			ids.Append(int64(i))
			kinds[i] = stream.RowKind(r.IntN(4))
		}
		whole := stream.NewBatch(in.Arrow(), []arrow.Array{ids.NewArray(), randomCollections(r, alloc, of, rows)}, rows, kinds)
		ids.Release()
		batch := whole.Slice(r.IntN(rows), rows)
		whole.Release()
		operator, err := correlate.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		got := &lines{}
		if err := operator.Open(&op.Context{Alloc: alloc, Output: out.Arrow(), BatchRows: 1 + r.IntN(8)}); err != nil {
			t.Fatal(err)
		}
		if err := operator.Process(0, batch, got); err != nil {
			t.Fatal(err)
		}
		if want := twin(batch, of, function == expr.UnnestOrdinality, left); !slices.Equal(got.text, want) {
			t.Fatalf("seed %d, %s of %s:\ngot  %q\nwant %q", seed, function, of, got.text, want)
		}
		batch.Release()
		alloc.AssertSize(t, 0)
	}
}

// BenchmarkUnnest unnests arrays of four, of which the row that holds them passes on
// a key.
func BenchmarkUnnest(b *testing.B) {
	const rows = 4096
	in := types.Schema{{Name: "k", Type: bigint}, {Name: "list", Type: types.ArrayOf(bigint)}}
	keys := array.NewInt64Builder(memory.DefaultAllocator)
	lists := array.NewListBuilder(memory.DefaultAllocator, arrow.PrimitiveTypes.Int64)
	for i := range rows {
		keys.Append(int64(i))
		lists.Append(true)
		for j := range 4 {
			lists.ValueBuilder().(*array.Int64Builder).Append(int64(j))
		}
	}
	batch := stream.NewBatch(in.Arrow(), []arrow.Array{keys.NewArray(), lists.NewArray()}, rows, nil)
	cfg, out, err := configOf(in, rex.Col(1, in[1].Type), expr.Unnest, false)
	if err != nil {
		b.Fatal(err)
	}
	operator, err := correlate.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	bench, err := optest.NewBench(operator, []types.Schema{in}, out)
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	b.ReportAllocs()
	b.ResetTimer()
	cpu := optest.CPUSeconds()
	for range b.N {
		if err := bench.Process(0, batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(bench.Rows)/(optest.CPUSeconds()-cpu), "rows/cpu-s")
}
