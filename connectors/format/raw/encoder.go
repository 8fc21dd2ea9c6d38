package raw

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"golang.org/x/text/encoding"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// encoder is the format's codec.Encoder.
type encoder struct {
	column string
	lines  bool
	order  binary.AppendByteOrder
	text   *encoding.Encoder // nil for UTF-8
}

var _ codec.Encoder = encoder{}

// NewEncoder makes an encoder of the column.
func (Format) NewEncoder(c codec.Config) (codec.Encoder, error) {
	if err := (Format{}).Check(c.Schema, c.Options); err != nil {
		return nil, err
	}
	set, err := charsetOf(c.Options)
	if err != nil {
		return nil, err
	}
	e := encoder{column: c.Schema[0].Name, lines: c.Lines, order: binary.BigEndian}
	if c.Lines {
		if err := noLines(e.column, c.Schema[0].Type, set.wide); err != nil {
			return nil, err
		}
	}
	if c.Options.String(optionEndianness) == littleEndian {
		e.order = binary.LittleEndian
	}
	if set.encoding != nil {
		e.text = set.encoding.NewEncoder()
	}
	return e, nil
}

// Begin appends nothing.
func (encoder) Begin(dst []byte) []byte { return dst }

// Encode appends one record per row; NULL is an empty one.
func (e encoder) Encode(dst []byte, ends []int, batch stream.Batch) ([]byte, []int, error) {
	for row := range batch.Rows() {
		start := len(dst)
		if col := batch.Column(0); !col.IsNull(row) {
			var err error
			if dst, err = e.value(dst, col, row); err != nil {
				return dst, ends, err
			}
		}
		if e.lines {
			if bytes.IndexByte(dst[start:], '\n') >= 0 {
				return dst, ends, errs.Userf("column '%s': a value holds a line end, and the format 'raw' ends records by one", e.column)
			}
			dst = append(dst, '\n')
		}
		ends = append(ends, len(dst))
	}
	return dst, ends, nil
}

// value appends a value that is not NULL.
func (e encoder) value(dst []byte, col arrow.Array, row int) ([]byte, error) {
	switch a := col.(type) {
	case *array.String:
		if e.text == nil {
			return append(dst, a.Value(row)...), nil
		}
		text, err := e.text.String(a.Value(row))
		if err != nil {
			return dst, errs.Userf("column '%s': the charset has no form for %q", e.column, a.Value(row))
		}
		return append(dst, text...), nil
	case *array.Binary:
		return append(dst, a.Value(row)...), nil
	case *array.Boolean:
		if a.Value(row) {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case *array.Int8:
		return append(dst, byte(a.Value(row))), nil
	case *array.Int16:
		return e.order.AppendUint16(dst, uint16(a.Value(row))), nil
	case *array.Int32:
		return e.order.AppendUint32(dst, uint32(a.Value(row))), nil
	case *array.Float32:
		return e.order.AppendUint32(dst, math.Float32bits(a.Value(row))), nil
	case *array.Int64:
		return e.order.AppendUint64(dst, uint64(a.Value(row))), nil
	case *array.Float64:
		return e.order.AppendUint64(dst, math.Float64bits(a.Value(row))), nil
	}
	return dst, errs.Bugf("column '%s' came as %s", e.column, col.DataType())
}
