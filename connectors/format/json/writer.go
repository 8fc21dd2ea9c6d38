package json

import (
	"encoding/base64"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// writer writes the values of one column, or of a part of a nested one. Between
// bind and unbind it borrows the array's values.
type writer struct {
	column string
	typ    types.Type
	style  *style
	// name is the key with its quotes, its colon and the comma before it.
	name []byte
	kids []*writer

	arr      arrow.Array
	i8       []int8
	i16      []int16
	i32      []int32
	i64      []int64
	f32      []float32
	f64      []float64
	decimals []decimal128.Num
}

// newWriter makes a writer of the column or field called name. first leaves out
// the comma before the key.
func newWriter(name string, t types.Type, first bool, s *style) *writer {
	w := &writer{column: name, typ: t, style: s}
	if !first {
		w.name = append(w.name, ',')
	}
	w.name = append(AppendString(w.name, name), ':')
	switch t.Kind {
	case types.Row:
		for i, f := range t.Fields {
			w.kids = append(w.kids, newWriter(f.Name, f.Type, i == 0 || s.ignoreNulls, s))
		}
	case types.Array:
		w.kids = []*writer{newWriter(name, *t.Elem, true, s)}
	case types.Map:
		w.kids = []*writer{newWriter(name, *t.Key, true, s), newWriter(name, *t.Elem, true, s)}
	case types.Multiset:
		w.kids = []*writer{newWriter(name, *t.Elem, true, s), newWriter(name, types.Of(types.Int), true, s)}
	}
	return w
}

// bind takes the array to write from, borrowed until unbind.
func (w *writer) bind(arr arrow.Array) error {
	w.arr = arr
	if want := w.typ.Arrow(); arr.DataType().ID() != want.ID() {
		return mismatch(w.column, arr)
	}
	switch a := arr.(type) {
	case *array.Int8:
		w.i8 = a.Int8Values()
	case *array.Int16:
		w.i16 = a.Int16Values()
	case *array.Int32:
		w.i32 = a.Int32Values()
	case *array.Date32:
		w.i32 = arrow.Int32Traits.CastFromBytes(arrow.Date32Traits.CastToBytes(a.Date32Values()))
	case *array.Time32:
		w.i32 = arrow.Int32Traits.CastFromBytes(arrow.Time32Traits.CastToBytes(a.Time32Values()))
	case *array.MonthInterval:
		w.i32 = arrow.Int32Traits.CastFromBytes(arrow.MonthIntervalTraits.CastToBytes(a.MonthIntervalValues()))
	case *array.Int64:
		w.i64 = a.Int64Values()
	case *array.Time64:
		w.i64 = arrow.Int64Traits.CastFromBytes(arrow.Time64Traits.CastToBytes(a.Time64Values()))
	case *array.Timestamp:
		w.i64 = arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(a.TimestampValues()))
	case *array.Duration:
		w.i64 = arrow.Int64Traits.CastFromBytes(arrow.DurationTraits.CastToBytes(a.DurationValues()))
	case *array.Float32:
		w.f32 = a.Float32Values()
	case *array.Float64:
		w.f64 = a.Float64Values()
	case *array.Decimal128:
		w.decimals = a.Values()
	default:
		return w.bindNested(arr)
	}
	return nil
}

func (w *writer) bindNested(arr arrow.Array) error {
	var kids []arrow.Array
	switch a := arr.(type) {
	case *array.Struct:
		for i := range a.NumField() {
			kids = append(kids, a.Field(i))
		}
	case *array.Map:
		kids = []arrow.Array{a.Keys(), a.Items()}
	case *array.List:
		kids = []arrow.Array{a.ListValues()}
	}
	if len(kids) != len(w.kids) {
		return mismatch(w.column, arr)
	}
	for i, k := range w.kids {
		if err := k.bind(kids[i]); err != nil {
			return err
		}
	}
	return nil
}

// unbind forgets the array.
func (w *writer) unbind() {
	w.arr = nil
	w.i8, w.i16, w.i32, w.i64, w.f32, w.f64, w.decimals = nil, nil, nil, nil, nil, nil, nil
	for _, k := range w.kids {
		k.unbind()
	}
}

// null reports whether row is NULL.
func (w *writer) null(row int) bool { return w.arr.IsNull(row) }

// append appends the value of row.
func (w *writer) append(dst []byte, row int) ([]byte, error) {
	if w.arr.NullN() > 0 && w.arr.IsNull(row) || w.typ.Kind == types.Null {
		return append(dst, "null"...), nil
	}
	switch w.typ.Kind {
	case types.TinyInt, types.SmallInt, types.Int, types.BigInt, types.IntervalYearMonth, types.IntervalDayTime:
		return strconv.AppendInt(dst, w.int(row), 10), nil
	case types.Char, types.Varchar:
		return AppendString(dst, w.arr.(*array.String).Value(row)), nil
	case types.Boolean:
		return strconv.AppendBool(dst, w.arr.(*array.Boolean).Value(row)), nil
	case types.Float:
		return appendFloat(dst, float64(w.f32[row]), 32), nil
	case types.Double:
		return appendFloat(dst, w.f64[row], 64), nil
	case types.Decimal:
		return text.AppendDecimal(dst, w.decimals[row], w.typ.Scale), nil
	case types.Date, types.Time, types.Timestamp, types.TimestampLTZ:
		dst = append(dst, '"')
		return append(text.AppendTemporal(dst, w.int(row), w.typ, w.style.standard), '"'), nil
	case types.Binary, types.Varbinary:
		dst = append(dst, '"')
		return append(base64.StdEncoding.AppendEncode(dst, w.arr.(*array.Binary).Value(row)), '"'), nil
	case types.Row:
		return appendObject(dst, w.kids, row, w.style.ignoreNulls)
	case types.Array:
		return w.appendArray(dst, row)
	}
	return w.appendMap(dst, row)
}

// int is the whole number of row.
func (w *writer) int(row int) int64 {
	switch {
	case w.i64 != nil:
		return w.i64[row]
	case w.i32 != nil:
		return int64(w.i32[row])
	case w.i16 != nil:
		return int64(w.i16[row])
	}
	return int64(w.i8[row])
}

func (w *writer) appendArray(dst []byte, row int) ([]byte, error) {
	from, to := w.arr.(*array.List).ValueOffsets(row)
	dst = append(dst, '[')
	var err error
	for i := from; i < to; i++ {
		if i > from {
			dst = append(dst, ',')
		}
		if dst, err = w.kids[0].append(dst, int(i)); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (w *writer) appendMap(dst []byte, row int) ([]byte, error) {
	from, to := w.arr.(*array.Map).ValueOffsets(row)
	dst = append(dst, '{')
	start := len(dst)
	for i := from; i < to; i++ {
		null := w.kids[0].null(int(i))
		if null && w.style.nullKey == nullKeyDrop {
			continue
		}
		if null && w.style.nullKey == nullKeyFail {
			return dst, errs.Userf("column '%s': JSON has no NULL key of a map", w.column).
				WithHint("'json.map-null-key.mode' can drop it or write a text instead")
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		var err error
		if null {
			dst = AppendString(dst, w.style.keyLiteral)
		} else if dst, err = w.kids[0].appendKey(dst, int(i)); err != nil {
			return dst, err
		}
		dst = append(dst, ':')
		if dst, err = w.kids[1].append(dst, int(i)); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendKey appends a scalar as a key, which is a string whatever its type.
func (w *writer) appendKey(dst []byte, row int) ([]byte, error) {
	start := len(dst)
	dst, err := w.append(append(dst, '"'), row)
	if err == nil && len(dst) > start+1 && dst[start+1] == '"' {
		return append(dst[:start], dst[start+1:]...), nil
	}
	return append(dst, '"'), err
}
