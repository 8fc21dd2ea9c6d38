package rowcodec_test

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// The types that tests draw from: all that SQL types map to.
var scalarTypes = []arrow.DataType{
	arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32,
	arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
	&arrow.Decimal128Type{Precision: 38, Scale: 3}, arrow.BinaryTypes.String, arrow.BinaryTypes.Binary,
	arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Time32ms, arrow.FixedWidthTypes.Time64us,
	&arrow.TimestampType{Unit: arrow.Millisecond}, &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"},
	arrow.FixedWidthTypes.MonthInterval, arrow.FixedWidthTypes.Duration_ms,
}

// randomType draws a type; depth bounds the nesting, maps tells whether maps may
// be in it.
func randomType(rng *rand.Rand, depth int, maps bool) arrow.DataType {
	if depth == 0 || rng.IntN(5) > 0 {
		return scalarTypes[rng.IntN(len(scalarTypes))]
	}
	switch rng.IntN(3) {
	case 0:
		return arrow.ListOfField(arrow.Field{Name: "item", Type: randomType(rng, depth-1, maps), Nullable: true})
	case 1:
		if maps {
			return arrow.MapOf(scalarTypes[rng.IntN(len(scalarTypes))], randomType(rng, depth-1, maps))
		}
	}
	var fields []arrow.Field
	for i := range 1 + rng.IntN(3) {
		fields = append(fields, arrow.Field{Name: fmt.Sprint("f", i), Type: randomType(rng, depth-1, maps), Nullable: true})
	}
	return arrow.StructOf(fields...)
}

func randomTypes(rng *rand.Rand, maps bool) []arrow.DataType {
	out := make([]arrow.DataType, rng.IntN(5))
	for i := range out {
		out[i] = randomType(rng, 2, maps)
	}
	return out
}

// randomArray makes n values, few distinct ones, sliced out of a longer array.
func randomArray(rng *rand.Rand, dt arrow.DataType, n int) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, dt)
	defer b.Release()
	skip := rng.IntN(10)
	nulls := rng.IntN(3) // none, few, many
	for range skip + n + rng.IntN(5) {
		appendRandom(rng, b, nulls)
	}
	arr := b.NewArray()
	defer arr.Release()
	return array.NewSlice(arr, int64(skip), int64(skip+n))
}

func randomArrays(rng *rand.Rand, types []arrow.DataType, n int) []arrow.Array {
	out := make([]arrow.Array, len(types))
	for i, dt := range types {
		out[i] = randomArray(rng, dt, n)
	}
	return out
}

var (
	someInts   = []int64{0, 1, -1, 7, 100, -128, 127, 255, 256, 1 << 20, math.MaxInt64, math.MinInt64}
	someFloats = []float64{0, math.Copysign(0, -1), 1, -1, 1.5, math.Inf(1), math.Inf(-1), math.NaN(),
		math.Float64frombits(0xfff8000000000001), math.MaxFloat32, -2.5}
	someStrings = []string{"", "a", "ab", "b", "\x00", "\x00\x00", "a\x00", "a\x00b", "\xff", "a\xff", "ä", strings.Repeat("x", 200)}
)

func appendRandom(rng *rand.Rand, builder array.Builder, nulls int) {
	if nulls > 0 && rng.IntN(12) < nulls*nulls {
		builder.AppendNull()
		return
	}
	i := someInts[rng.IntN(len(someInts))]
	f := someFloats[rng.IntN(len(someFloats))]
	s := someStrings[rng.IntN(len(someStrings))]
	switch b := builder.(type) {
	case *array.BooleanBuilder:
		b.Append(i&1 != 0)
	case *array.Int8Builder:
		b.Append(int8(i))
	case *array.Int16Builder:
		b.Append(int16(i))
	case *array.Int32Builder:
		b.Append(int32(i))
	case *array.Int64Builder:
		b.Append(i)
	case *array.Float32Builder:
		b.Append(float32(f))
	case *array.Float64Builder:
		b.Append(f)
	case *array.Decimal128Builder:
		b.Append(decimal128.New(i>>rng.IntN(64), uint64(someInts[rng.IntN(len(someInts))])))
	case *array.StringBuilder:
		b.Append(s)
	case *array.BinaryBuilder:
		b.Append([]byte(s))
	case *array.Date32Builder:
		b.Append(arrow.Date32(i))
	case *array.Time32Builder:
		b.Append(arrow.Time32(i))
	case *array.Time64Builder:
		b.Append(arrow.Time64(i))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(i))
	case *array.MonthIntervalBuilder:
		b.Append(arrow.MonthInterval(i))
	case *array.DurationBuilder:
		b.Append(arrow.Duration(i))
	default:
		appendNested(rng, builder, nulls)
	}
}

func appendNested(rng *rand.Rand, builder array.Builder, nulls int) {
	switch b := builder.(type) {
	case *array.MapBuilder:
		b.Append(true)
		for range rng.IntN(3) {
			appendRandom(rng, b.KeyBuilder(), 0)
			appendRandom(rng, b.ItemBuilder(), nulls)
		}
	case *array.ListBuilder:
		b.Append(true)
		for range rng.IntN(4) {
			appendRandom(rng, b.ValueBuilder(), nulls)
		}
	case *array.StructBuilder:
		b.Append(true)
		for i := range b.NumField() {
			appendRandom(rng, b.FieldBuilder(i), nulls)
		}
	default:
		panic(fmt.Sprintf("no random values for %T", builder))
	}
}

// twin is a value in plain Go: nil, bool, int64, float64, *big.Int, string, or
// []any for lists, structs and maps (of key and item in turn).
func twin(arr arrow.Array, i int) any {
	if arr.IsNull(i) {
		return nil
	}
	switch a := arr.(type) {
	case *array.Boolean:
		return a.Value(i)
	case *array.Int8:
		return int64(a.Value(i))
	case *array.Int16:
		return int64(a.Value(i))
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Float32:
		return float64(a.Value(i))
	case *array.Float64:
		return a.Value(i)
	case *array.Decimal128:
		return a.Value(i).BigInt()
	case *array.String:
		return strings.Clone(a.Value(i))
	case *array.Binary:
		return string(a.Value(i))
	case *array.Date32:
		return int64(a.Value(i))
	case *array.Time32:
		return int64(a.Value(i))
	case *array.Time64:
		return int64(a.Value(i))
	case *array.Timestamp:
		return int64(a.Value(i))
	case *array.MonthInterval:
		return int64(a.Value(i))
	case *array.Duration:
		return int64(a.Value(i))
	}
	return twinNested(arr, i)
}

// pairs is a map's entries.
type pairs []any

func twinNested(arr arrow.Array, i int) any {
	switch a := arr.(type) {
	case *array.Map:
		out := pairs{}
		start, end := a.ValueOffsets(i)
		for j := start; j < end; j++ {
			out = append(out, []any{twin(a.Keys(), int(j)), twin(a.Items(), int(j))})
		}
		return out
	case *array.List:
		out := []any{}
		start, end := a.ValueOffsets(i)
		for j := start; j < end; j++ {
			out = append(out, twin(a.ListValues(), int(j)))
		}
		return out
	case *array.Struct:
		out := []any{}
		for f := range a.NumField() {
			out = append(out, twin(a.Field(f), i))
		}
		return out
	}
	panic(fmt.Sprintf("no twin of %T", arr))
}

func twinRow(cols []arrow.Array, i int) []any {
	out := []any{}
	for _, c := range cols {
		out = append(out, twin(c, i))
	}
	return out
}

// text writes a twin; as a key, equal values have equal texts.
func text(v any, key bool) string {
	switch x := v.(type) {
	case nil:
		return "NULL"
	case float64:
		if key && x == 0 {
			x = 0
		}
		if key && x != x || x == 0 && !key {
			return fmt.Sprintf("f%v%v", x, math.Signbit(x) && !key)
		}
		return fmt.Sprintf("f%v", math.Abs(x)*sign(x))
	case string:
		return fmt.Sprintf("%q", x)
	case pairs:
		parts := []string{}
		for _, p := range x {
			parts = append(parts, text(p, key))
		}
		if key {
			slices.Sort(parts)
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		parts := []string{}
		for _, p := range x {
			parts = append(parts, text(p, key))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return fmt.Sprint(v)
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}

// compare orders twins of one type: NULL first, NaN greatest.
func compare(a, b any) int {
	if a == nil || b == nil {
		return boolInt(a != nil) - boolInt(b != nil)
	}
	switch x := a.(type) {
	case bool:
		return boolInt(x) - boolInt(b.(bool))
	case int64:
		return cmp.Compare(x, b.(int64))
	case float64:
		y := b.(float64)
		if x != x || y != y {
			return boolInt(x != x) - boolInt(y != y)
		}
		return cmp.Compare(x+0, y+0)
	case *big.Int:
		return x.Cmp(b.(*big.Int))
	case string:
		return strings.Compare(x, b.(string))
	}
	return slices.CompareFunc(a.([]any), b.([]any), compare)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
