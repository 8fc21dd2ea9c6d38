package msgpack

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// encoder is the format's codec.Encoder.
type encoder struct {
	row     types.Type
	names   [][]byte
	arrays  bool
	scratch []byte
}

var _ codec.Encoder = (*encoder)(nil)

// NewEncoder makes an encoder of the schema's columns.
func (Format) NewEncoder(c codec.Config) (codec.Encoder, error) {
	if err := (Format{}).Check(c.Schema, c.Options); err != nil {
		return nil, err
	}
	e := &encoder{row: types.RowOf(c.Schema...), arrays: c.Options.String(optionRows) == rowsArray}
	for _, f := range c.Schema {
		e.names = append(e.names, appendText(nil, f.Name))
	}
	return e, nil
}

// Begin appends nothing.
func (*encoder) Begin(dst []byte) []byte { return dst }

// Encode appends one record per row.
func (e *encoder) Encode(dst []byte, ends []int, batch stream.Batch) ([]byte, []int, error) {
	for i, f := range e.row.Fields {
		if arr := batch.Column(i); arr.DataType().ID() != f.Type.Arrow().ID() {
			return dst, ends, errs.Bugf("column '%s' came as %s", f.Name, arr.DataType())
		}
	}
	for row := range batch.Rows() {
		dst = e.appendHead(dst, len(e.row.Fields))
		for i, f := range e.row.Fields {
			if !e.arrays {
				dst = append(dst, e.names[i]...)
			}
			dst = e.append(dst, f.Type, batch.Column(i), row)
		}
		ends = append(ends, len(dst))
	}
	return dst, ends, nil
}

// appendHead begins a record or ROW of n fields.
func (e *encoder) appendHead(dst []byte, n int) []byte {
	if e.arrays {
		return appendSize(dst, n, 0x90, 0xdc)
	}
	return appendSize(dst, n, 0x80, 0xde)
}

// appendSize appends the head of an array or a map: short for less than 16, long
// for a size in two bytes, the code after it for one in four.
func appendSize(dst []byte, n int, short, long byte) []byte {
	switch {
	case n < 16:
		return append(dst, short|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, long), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, long+1), uint32(n))
}

func appendText[S string | []byte](dst []byte, s S) []byte {
	switch n := len(s); {
	case n < 32:
		dst = append(dst, 0xa0|byte(n))
	case n <= math.MaxUint8:
		dst = append(dst, 0xd9, byte(n))
	case n <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0xda), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint32(append(dst, 0xdb), uint32(n))
	}
	return append(dst, s...)
}

func appendBytes(dst, b []byte) []byte {
	switch n := len(b); {
	case n <= math.MaxUint8:
		dst = append(dst, 0xc4, byte(n))
	case n <= math.MaxUint16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0xc5), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint32(append(dst, 0xc6), uint32(n))
	}
	return append(dst, b...)
}

// appendInt appends a whole number in the fewest bytes.
func appendInt(dst []byte, v int64) []byte {
	switch {
	case v >= -32 && v < 128:
		return append(dst, byte(v))
	case v == int64(int8(v)):
		return append(dst, 0xd0, byte(v))
	case v == int64(int16(v)):
		return binary.BigEndian.AppendUint16(append(dst, 0xd1), uint16(v))
	case v == int64(int32(v)):
		return binary.BigEndian.AppendUint32(append(dst, 0xd2), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xd3), uint64(v))
}

// appendTime appends a timestamp of so many units in a second.
func appendTime(dst []byte, v, unit int64) []byte {
	seconds := v / unit
	rest := v % unit
	if rest < 0 {
		seconds, rest = seconds-1, rest+unit
	}
	nanos := rest * (1e9 / unit)
	switch {
	case seconds >= 0 && seconds < 1<<32 && nanos == 0:
		return binary.BigEndian.AppendUint32(append(dst, 0xd6, timeExt), uint32(seconds))
	case seconds >= 0 && seconds < 1<<34:
		return binary.BigEndian.AppendUint64(append(dst, 0xd7, timeExt), uint64(nanos)<<34|uint64(seconds))
	}
	dst = binary.BigEndian.AppendUint32(append(dst, 0xc7, 12, timeExt), uint32(nanos))
	return binary.BigEndian.AppendUint64(dst, uint64(seconds))
}

// append appends the value of row.
func (e *encoder) append(dst []byte, t types.Type, arr arrow.Array, row int) []byte {
	if t.Kind == types.Null || arr.IsNull(row) {
		return append(dst, 0xc0)
	}
	switch a := arr.(type) {
	case *array.Int8:
		return appendInt(dst, int64(a.Value(row)))
	case *array.Int16:
		return appendInt(dst, int64(a.Value(row)))
	case *array.Int32:
		return appendInt(dst, int64(a.Value(row)))
	case *array.Int64:
		return appendInt(dst, a.Value(row))
	case *array.String:
		return appendText(dst, a.Value(row))
	case *array.Binary:
		return appendBytes(dst, a.Value(row))
	case *array.Float32:
		return binary.BigEndian.AppendUint32(append(dst, 0xca), math.Float32bits(a.Value(row)))
	case *array.Float64:
		return binary.BigEndian.AppendUint64(append(dst, 0xcb), math.Float64bits(a.Value(row)))
	case *array.Boolean:
		if a.Value(row) {
			return append(dst, 0xc3)
		}
		return append(dst, 0xc2)
	case *array.Timestamp:
		return appendTime(dst, int64(a.Value(row)), text.Unit(t.Precision))
	case *array.Date32:
		return e.appendTemporal(dst, t, int64(a.Value(row)))
	case *array.Time32:
		return e.appendTemporal(dst, t, int64(a.Value(row)))
	case *array.Time64:
		return e.appendTemporal(dst, t, int64(a.Value(row)))
	case *array.Decimal128:
		e.scratch = text.AppendDecimal(e.scratch[:0], a.Value(row), t.Scale)
		return appendText(dst, e.scratch)
	}
	return e.appendNested(dst, t, arr, row)
}

func (e *encoder) appendTemporal(dst []byte, t types.Type, v int64) []byte {
	e.scratch = text.AppendTemporal(e.scratch[:0], v, t, text.SQL)
	return appendText(dst, e.scratch)
}

func (e *encoder) appendNested(dst []byte, t types.Type, arr arrow.Array, row int) []byte {
	switch a := arr.(type) {
	case *array.Struct:
		dst = e.appendHead(dst, len(t.Fields))
		for i, f := range t.Fields {
			if !e.arrays {
				dst = appendText(dst, f.Name)
			}
			dst = e.append(dst, f.Type, a.Field(i), row)
		}
	case *array.Map:
		from, to := a.ValueOffsets(row)
		dst = appendSize(dst, int(to-from), 0x80, 0xde)
		for i := int(from); i < int(to); i++ {
			dst = e.append(dst, *t.Key, a.Keys(), i)
			dst = e.append(dst, *t.Elem, a.Items(), i)
		}
	case *array.List:
		from, to := a.ValueOffsets(row)
		dst = appendSize(dst, int(to-from), 0x90, 0xdc)
		for i := int(from); i < int(to); i++ {
			dst = e.append(dst, *t.Elem, a.ListValues(), i)
		}
	}
	return dst
}
