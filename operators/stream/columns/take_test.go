package columns

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
)

// sampleTypes has one type for each way that Take moves values.
func sampleTypes() []types.Type {
	return []types.Type{
		types.Of(types.Boolean), types.Of(types.TinyInt), types.Of(types.SmallInt), types.Of(types.Int),
		types.Of(types.BigInt), types.Of(types.Float), types.Of(types.Double), types.DecimalOf(20, 2),
		types.StringType(), types.BytesType(), types.Of(types.Date), types.TimeOf(3), types.TimeOf(9),
		types.TimestampOf(3), types.TimestampLTZOf(6), types.Of(types.IntervalYearMonth),
		types.Of(types.IntervalDayTime), types.ArrayOf(types.Of(types.Int)),
		types.MapOf(types.StringType(), types.Of(types.Int)), types.Of(types.Null),
		types.RowOf(types.Field{Name: "a", Type: types.Of(types.Int)},
			types.Field{Name: "b", Type: types.ArrayOf(types.StringType())}),
	}
}

// randomArray makes rows random values with NULLs at every depth.
func randomArray(alloc memory.Allocator, t types.Type, rows int, r *rand.Rand) arrow.Array {
	b := array.NewBuilder(alloc, t.Arrow())
	defer b.Release()
	for range rows {
		appendRandom(b, t, r, true)
	}
	return b.NewArray()
}

func appendRandom(b array.Builder, t types.Type, r *rand.Rand, nullable bool) {
	if nullable && r.IntN(5) == 0 || t.Kind == types.Null {
		b.AppendNull()
		return
	}
	switch x := b.(type) {
	case *array.MapBuilder:
		x.Append(true)
		for range r.IntN(3) {
			appendRandom(x.KeyBuilder(), *t.Key, r, false)
			appendRandom(x.ItemBuilder(), *t.Elem, r, true)
		}
	case *array.ListBuilder:
		x.Append(true)
		for range r.IntN(4) {
			appendRandom(x.ValueBuilder(), *t.Elem, r, true)
		}
	case *array.StructBuilder:
		x.Append(true)
		for i, f := range t.Fields {
			appendRandom(x.FieldBuilder(i), f.Type, r, true)
		}
	case *array.BooleanBuilder:
		x.Append(r.IntN(2) == 0)
	case *array.StringBuilder:
		x.Append(fmt.Sprint("s", r.IntN(1000)))
	case *array.BinaryBuilder:
		x.Append([]byte{byte(r.IntN(256)), 1})
	default:
		if err := b.AppendValueFromString(sampleText(t, r)); err != nil {
			panic(err)
		}
	}
}

func sampleText(t types.Type, r *rand.Rand) string {
	switch t.Kind {
	case types.Date:
		return fmt.Sprintf("2024-01-%02d", 1+r.IntN(28))
	case types.Time:
		return fmt.Sprintf("10:11:%02d.123", r.IntN(60))
	case types.Timestamp, types.TimestampLTZ:
		return fmt.Sprintf("2024-01-02 10:11:%02d.123", r.IntN(60))
	case types.IntervalDayTime:
		return fmt.Sprintf("%dms", r.IntN(9000))
	}
	return fmt.Sprint(r.IntN(100))
}

func TestTakeMatchesAppend(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, typ := range sampleTypes() {
		t.Run(typ.String(), func(t *testing.T) {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			defer alloc.AssertSize(t, 0)
			whole := randomArray(alloc, typ, 100, r)
			defer whole.Release()
			for _, span := range [][2]int64{{0, 100}, {3, 97}, {8, 64}, {5, 5}, {99, 100}} {
				arr := array.NewSlice(whole, span[0], span[1])
				for _, n := range []int{0, 1, 7, 8, 9, 200} {
					checkTake(t, alloc, arr, n, r)
				}
				arr.Release()
			}
		})
	}
}

func checkTake(t *testing.T, alloc memory.Allocator, arr arrow.Array, n int, r *rand.Rand) {
	t.Helper()
	if arr.Len() == 0 {
		n = 0
	}
	sel, padded := make([]int32, n), make([]int32, n)
	for i := range sel {
		sel[i] = int32(r.IntN(arr.Len()))
		padded[i] = sel[i] - int32(r.IntN(2))*1000
	}
	got, gotPadded := Take(alloc, arr, sel), TakeOrNull(alloc, arr, padded)
	defer got.Release()
	defer gotPadded.Release()
	b := array.NewBuilder(alloc, arr.DataType())
	defer b.Release()
	for i := range sel {
		Append(b, arr, int(sel[i]))
		if !Equal(got, i, arr, int(sel[i])) {
			t.Fatalf("row %d: got %s, want %s", i, got.ValueStr(i), arr.ValueStr(int(sel[i])))
		}
		if padded[i] < 0 && gotPadded.IsValid(i) && arr.DataType().ID() != arrow.NULL || padded[i] >= 0 && !Equal(gotPadded, i, got, i) {
			t.Fatalf("padded row %d: got %s", i, gotPadded.ValueStr(i))
		}
	}
	want := b.NewArray()
	defer want.Release()
	if !array.Equal(got, want) {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestFilterKeepsOnlyTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	for _, rows := range []int{1, 63, 64, 65, 500} {
		mask := randomArray(alloc, types.Of(types.Boolean), rows, r)
		arr := randomArray(alloc, types.Of(types.Int), rows, r)
		for from := range min(rows, 9) {
			m := array.NewSlice(mask, int64(from), int64(rows))
			a := array.NewSlice(arr, int64(from), int64(rows))
			got := Filter(alloc, a, m.(*array.Boolean))
			at := 0
			for i := range m.Len() {
				if m.IsValid(i) && m.(*array.Boolean).Value(i) {
					if !Equal(got, at, a, i) {
						t.Fatalf("row %d of slice %d differs", i, from)
					}
					at++
				}
			}
			if at != got.Len() {
				t.Fatalf("got %d rows, want %d", got.Len(), at)
			}
			m.Release()
			a.Release()
			got.Release()
		}
		mask.Release()
		arr.Release()
	}
}

func BenchmarkTake(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	sel := make([]int32, 4096)
	for i := range sel {
		sel[i] = int32(r.IntN(4096))
	}
	for _, typ := range []types.Type{types.Of(types.BigInt), types.StringType()} {
		arr := randomArray(memory.DefaultAllocator, typ, 4096, r)
		b.Run(typ.String(), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				Take(memory.DefaultAllocator, arr, sel).Release()
			}
			b.ReportMetric(float64(b.N)*4096/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
