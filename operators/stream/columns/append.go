package columns

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Append appends row i of arr to b, a builder of arr's type. It is for paths
// where rows are few; [Take] moves many rows at once.
func Append(b array.Builder, arr arrow.Array, i int) {
	if arr.IsNull(i) {
		b.AppendNull()
		return
	}
	switch x := arr.(type) {
	case *array.Null:
		b.AppendNull()
	case *array.Boolean:
		b.(*array.BooleanBuilder).Append(x.Value(i))
	case *array.Int8:
		b.(*array.Int8Builder).Append(x.Value(i))
	case *array.Int16:
		b.(*array.Int16Builder).Append(x.Value(i))
	case *array.Int32:
		b.(*array.Int32Builder).Append(x.Value(i))
	case *array.Int64:
		b.(*array.Int64Builder).Append(x.Value(i))
	case *array.Float32:
		b.(*array.Float32Builder).Append(x.Value(i))
	case *array.Float64:
		b.(*array.Float64Builder).Append(x.Value(i))
	case *array.String:
		b.(*array.StringBuilder).Append(x.Value(i))
	case *array.Binary:
		b.(*array.BinaryBuilder).Append(x.Value(i))
	default:
		appendRare(b, arr, i)
	}
}

func appendRare(b array.Builder, arr arrow.Array, i int) {
	switch x := arr.(type) {
	case *array.Decimal128:
		b.(*array.Decimal128Builder).Append(x.Value(i))
	case *array.Date32:
		b.(*array.Date32Builder).Append(x.Value(i))
	case *array.Time32:
		b.(*array.Time32Builder).Append(x.Value(i))
	case *array.Time64:
		b.(*array.Time64Builder).Append(x.Value(i))
	case *array.Timestamp:
		b.(*array.TimestampBuilder).Append(x.Value(i))
	case *array.MonthInterval:
		b.(*array.MonthIntervalBuilder).Append(x.Value(i))
	case *array.Duration:
		b.(*array.DurationBuilder).Append(x.Value(i))
	case *array.Struct:
		sb := b.(*array.StructBuilder)
		sb.Append(true)
		for f := range x.NumField() {
			Append(sb.FieldBuilder(f), x.Field(f), i)
		}
	case *array.Map:
		mb := b.(*array.MapBuilder)
		mb.Append(true)
		from, to := x.ValueOffsets(i)
		for at := from; at < to; at++ {
			Append(mb.KeyBuilder(), x.Keys(), int(at))
			Append(mb.ItemBuilder(), x.Items(), int(at))
		}
	case *array.List:
		lb := b.(*array.ListBuilder)
		lb.Append(true)
		from, to := x.ValueOffsets(i)
		for at := from; at < to; at++ {
			Append(lb.ValueBuilder(), x.ListValues(), int(at))
		}
	default:
		panic("columns: Append of unsupported Arrow type " + arr.DataType().String())
	}
}
