package csv

import (
	"encoding/base64"
	"strconv"
	"strings"

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
	dialect
	schema  types.Schema
	lines   bool
	special string // characters that make a field need quotes
	field   []byte
}

var _ codec.Encoder = (*encoder)(nil)

// NewEncoder makes an encoder of the schema's columns.
func (Format) NewEncoder(c codec.Config) (codec.Encoder, error) {
	if err := (Format{}).Check(c.Schema, c.Options); err != nil {
		return nil, err
	}
	d, err := dialectOf(c.Options)
	if err != nil {
		return nil, err
	}
	e := &encoder{dialect: d, schema: c.Schema, lines: c.Lines, special: string([]byte{d.delimiter, '\n', '\r'})}
	for _, b := range []byte{d.quote, d.escape} {
		if b != 0 {
			e.special += string([]byte{b})
		}
	}
	return e, nil
}

// Begin appends the header line, where the option asks for one.
func (e *encoder) Begin(dst []byte) []byte {
	if !e.header {
		return dst
	}
	for i, f := range e.schema {
		if i > 0 {
			dst = append(dst, e.delimiter)
		}
		dst, _ = e.appendField(dst, f.Name, []byte(f.Name), true)
	}
	return append(dst, '\n')
}

// Encode appends one record per row.
func (e *encoder) Encode(dst []byte, ends []int, batch stream.Batch) ([]byte, []int, error) {
	for row := range batch.Rows() {
		for i, f := range e.schema {
			if i > 0 {
				dst = append(dst, e.delimiter)
			}
			col := batch.Column(i)
			if col.IsNull(row) {
				dst = append(dst, e.null...)
				continue
			}
			e.field = e.appendValue(e.field[:0], f.Type, col, row)
			var err error
			if dst, err = e.appendField(dst, f.Name, e.field, f.Type.IsString()); err != nil {
				return dst, ends, err
			}
		}
		if e.lines {
			dst = append(dst, '\n')
		}
		ends = append(ends, len(dst))
	}
	return dst, ends, nil
}

// appendField appends a field, quoted if it must be. A text that would read back
// as something else, such as the null literal, is quoted, too.
func (e *encoder) appendField(dst []byte, name string, b []byte, isText bool) ([]byte, error) {
	s := string(b)
	needs := strings.ContainsAny(s, e.special) || isText && (s == e.null && e.hasNull || s != strings.TrimSpace(s) || e.comments && strings.HasPrefix(s, "#")) ||
		len(e.schema) == 1 && s == ""
	if !needs {
		return append(dst, b...), nil
	}
	if e.quote == 0 && e.escape == 0 {
		if strings.ContainsAny(s, e.special) {
			return dst, errs.Userf("column '%s': %s holds a delimiter, and quotes are off", name, excerpt(b)).
				WithHint("set 'csv.escape-character', or leave 'csv.disable-quote-character' out")
		}
		return append(dst, b...), nil
	}
	if e.quote != 0 {
		dst = append(dst, e.quote)
	}
	for _, c := range b {
		switch {
		case e.escape != 0 && (c == e.escape || c == e.quote || e.quote == 0 && strings.IndexByte(e.special, c) >= 0):
			dst = append(dst, e.escape)
		case c == e.quote && e.quote != 0:
			dst = append(dst, c)
		}
		dst = append(dst, c)
	}
	if e.quote != 0 {
		dst = append(dst, e.quote)
	}
	return dst, nil
}

// appendValue appends the text of a value that is not NULL.
func (e *encoder) appendValue(dst []byte, t types.Type, arr arrow.Array, row int) []byte {
	switch a := arr.(type) {
	case *array.String:
		return append(dst, a.Value(row)...)
	case *array.Boolean:
		return strconv.AppendBool(dst, a.Value(row))
	case *array.Float32:
		return strconv.AppendFloat(dst, float64(a.Value(row)), 'g', -1, 32)
	case *array.Float64:
		return strconv.AppendFloat(dst, a.Value(row), 'g', -1, 64)
	case *array.Decimal128:
		return text.AppendDecimal(dst, a.Value(row), t.Scale)
	case *array.Binary:
		return base64.StdEncoding.AppendEncode(dst, a.Value(row))
	case *array.Struct:
		for i, f := range t.Fields {
			dst = e.appendPart(dst, i, f.Type, a.Field(i), row)
		}
		return dst
	case *array.List:
		from, to := a.ValueOffsets(row)
		for i := from; i < to; i++ {
			dst = e.appendPart(dst, int(i-from), *t.Elem, a.ListValues(), int(i))
		}
		return dst
	}
	if t.IsTemporal() {
		return text.AppendTemporal(dst, whole(arr, row), t, text.SQL)
	}
	return strconv.AppendInt(dst, whole(arr, row), 10)
}

// appendPart appends one element of an array, or field of a row.
func (e *encoder) appendPart(dst []byte, i int, t types.Type, arr arrow.Array, row int) []byte {
	if i > 0 {
		dst = append(dst, e.element)
	}
	if arr.IsNull(row) {
		return append(dst, e.null...)
	}
	return e.appendValue(dst, t, arr, row)
}

// whole is the number of an integer, interval or temporal value.
func whole(arr arrow.Array, row int) int64 {
	switch a := arr.(type) {
	case *array.Int8:
		return int64(a.Value(row))
	case *array.Int16:
		return int64(a.Value(row))
	case *array.Int32:
		return int64(a.Value(row))
	case *array.Int64:
		return a.Value(row)
	case *array.Date32:
		return int64(a.Value(row))
	case *array.Time32:
		return int64(a.Value(row))
	case *array.Time64:
		return int64(a.Value(row))
	case *array.Timestamp:
		return int64(a.Value(row))
	case *array.Duration:
		return int64(a.Value(row))
	case *array.MonthInterval:
		return int64(a.Value(row))
	}
	panic("csv: no whole number in " + arr.DataType().String())
}
