package avro

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// writer encodes the values of one column, or of a part of a nested one, as the
// schema of schemaText has them. Between bind and unbind it borrows the array.
type writer struct {
	name string
	typ  types.Type
	kids []*writer

	arr      arrow.Array
	nulls    bool
	i8       []int8
	i16      []int16
	i32      []int32
	i64      []int64
	decimals []decimal128.Num
}

func newWriters(fields []types.Field) []*writer {
	var ws []*writer
	for _, f := range fields {
		ws = append(ws, newWriter(f.Name, f.Type))
	}
	return ws
}

func newWriter(name string, t types.Type) *writer {
	w := &writer{name: name, typ: t}
	switch t.Kind {
	case types.Row:
		w.kids = newWriters(t.Fields)
	case types.Array:
		w.kids = []*writer{newWriter(name, *t.Elem)}
	case types.Map:
		w.kids = []*writer{newWriter(name, t.Key.NotNull()), newWriter(name, *t.Elem)}
	case types.Multiset:
		w.kids = []*writer{newWriter(name, t.Elem.NotNull()), newWriter(name, types.Of(types.Int).NotNull())}
	}
	return w
}

// bindAll takes a batch's columns, borrowed until unbindAll.
func bindAll(ws []*writer, batch stream.Batch) error {
	for i, w := range ws {
		if err := w.bind(batch.Column(i)); err != nil {
			return err
		}
	}
	return nil
}

func unbindAll(ws []*writer) {
	for _, w := range ws {
		w.arr, w.i8, w.i16, w.i32, w.i64, w.decimals = nil, nil, nil, nil, nil, nil
		unbindAll(w.kids)
	}
}

func (w *writer) bind(arr arrow.Array) error {
	if want := w.typ.Arrow(); arr.DataType().ID() != want.ID() {
		return errs.Bugf("column '%s' came as %s", w.name, arr.DataType())
	}
	w.arr, w.nulls = arr, arr.NullN() > 0
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
	case *array.Int64:
		w.i64 = a.Int64Values()
	case *array.Time64:
		w.i64 = arrow.Int64Traits.CastFromBytes(arrow.Time64Traits.CastToBytes(a.Time64Values()))
	case *array.Timestamp:
		w.i64 = arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(a.TimestampValues()))
	case *array.Decimal128:
		w.decimals = a.Values()
	case *array.Struct:
		for i, k := range w.kids {
			if err := k.bind(a.Field(i)); err != nil {
				return err
			}
		}
	case *array.Map:
		if err := w.kids[0].bind(a.Keys()); err != nil {
			return err
		}
		return w.kids[1].bind(a.Items())
	case *array.List:
		return w.kids[0].bind(a.ListValues())
	}
	return nil
}

func appendLong(dst []byte, v int64) []byte {
	return binary.AppendUvarint(dst, uint64(v)<<1^uint64(v>>63))
}

// append appends the value of row, after its branch of the union with null if its
// type has one.
func (w *writer) append(dst []byte, row int) ([]byte, error) {
	if w.typ.Kind == types.Null {
		return dst, nil
	}
	if null := w.nulls && w.arr.IsNull(row); w.typ.Nullable {
		if null {
			return append(dst, 0), nil
		}
		dst = append(dst, 2)
	} else if null {
		return dst, errs.Userf("column '%s': is NOT NULL, and a row has NULL", w.name)
	}
	switch w.typ.Kind {
	case types.TinyInt, types.SmallInt, types.Int, types.BigInt, types.Date, types.Time, types.Timestamp, types.TimestampLTZ:
		return appendLong(dst, w.int(row)), nil
	case types.Char, types.Varchar:
		v := w.arr.(*array.String).Value(row)
		return append(appendLong(dst, int64(len(v))), v...), nil
	case types.Binary, types.Varbinary:
		v := w.arr.(*array.Binary).Value(row)
		return append(appendLong(dst, int64(len(v))), v...), nil
	case types.Boolean:
		if w.arr.(*array.Boolean).Value(row) {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case types.Float:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(w.arr.(*array.Float32).Value(row))), nil
	case types.Double:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(w.arr.(*array.Float64).Value(row))), nil
	case types.Decimal:
		return appendDecimal(dst, w.decimals[row]), nil
	}
	return w.appendNested(dst, row)
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

// appendDecimal appends a number in as few bytes as hold it.
func appendDecimal(dst []byte, v decimal128.Num) []byte {
	var full [16]byte
	binary.BigEndian.PutUint64(full[:8], uint64(v.HighBits()))
	binary.BigEndian.PutUint64(full[8:], v.LowBits())
	b := full[:]
	for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		b = b[1:]
	}
	return append(appendLong(dst, int64(len(b))), b...)
}

func (w *writer) appendNested(dst []byte, row int) ([]byte, error) {
	var err error
	if w.typ.Kind == types.Row {
		for _, k := range w.kids {
			if dst, err = k.append(dst, row); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	from, to := w.arr.(array.ListLike).ValueOffsets(row)
	if to > from {
		dst = appendLong(dst, to-from)
	}
	for i := from; i < to; i++ {
		for _, k := range w.kids { // an element, or a key and its value
			if dst, err = k.append(dst, int(i)); err != nil {
				return dst, err
			}
		}
	}
	return append(dst, 0), nil
}
