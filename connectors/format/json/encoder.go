package json

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// nullKey says what becomes of a NULL key of a MAP.
type nullKey uint8

const (
	nullKeyFail nullKey = iota
	nullKeyDrop
	nullKeyLiteral
)

// encoder is the format's codec.Encoder.
type encoder struct {
	fields []*writer
	lines  bool
	style  style
	// added and removed stand around a row that is added or taken away.
	added   Frame
	removed Frame
}

// Frame is what stands around a row in a record.
type Frame struct{ Before, After string }

// style is how an encoder writes values.
type style struct {
	standard    text.Standard
	nullKey     nullKey
	keyLiteral  string
	ignoreNulls bool
}

var _ codec.Encoder = (*encoder)(nil)

// NewEncoder makes an encoder of the schema's columns.
func (Format) NewEncoder(c codec.Config) (codec.Encoder, error) {
	return newEncoder(c, formatName)
}

// newEncoder makes an encoder by the options of the format called name.
func newEncoder(c codec.Config, name string) (*encoder, error) {
	if err := CheckTypes(c.Schema, name); err != nil {
		return nil, err
	}
	s := style{standard: standard(c.Options, name), keyLiteral: c.Options.String(name + ".map-null-key.literal"),
		ignoreNulls: c.Options.Bool(name + ".encode.ignore-null-fields")}
	switch c.Options.String(name + ".map-null-key.mode") {
	case "DROP":
		s.nullKey = nullKeyDrop
	case "LITERAL":
		s.nullKey = nullKeyLiteral
	}
	e := &encoder{lines: c.Lines, style: s}
	for i, f := range c.Schema {
		e.fields = append(e.fields, newWriter(f.Name, f.Type, i == 0 || s.ignoreNulls, &e.style))
	}
	return e, nil
}

// Begin appends nothing: JSON lines have no header.
func (e *encoder) Begin(dst []byte) []byte { return dst }

// Encode appends one object per row.
func (e *encoder) Encode(dst []byte, ends []int, batch stream.Batch) ([]byte, []int, error) {
	rows := batch.Rows()
	if rows == 0 {
		return dst, ends, nil
	}
	for i, w := range e.fields {
		if err := w.bind(batch.Column(i)); err != nil {
			return dst, ends, err
		}
	}
	defer e.unbind()
	for row := range rows {
		frame := &e.added
		if batch.Kinds != nil && !batch.Kinds[row].Adds() {
			frame = &e.removed
		}
		dst = append(dst, frame.Before...)
		var err error
		if dst, err = appendObject(dst, e.fields, row, e.style.ignoreNulls); err != nil {
			return dst, ends, err
		}
		dst = append(dst, frame.After...)
		if e.lines {
			dst = append(dst, '\n')
		}
		ends = append(ends, len(dst))
	}
	return dst, ends, nil
}

// unbind lets go of the batch's arrays.
func (e *encoder) unbind() {
	for _, w := range e.fields {
		w.unbind()
	}
}

// appendObject appends row of fields as an object.
func appendObject(dst []byte, fields []*writer, row int, ignoreNulls bool) ([]byte, error) {
	dst = append(dst, '{')
	start := len(dst)
	var err error
	for _, w := range fields {
		if ignoreNulls {
			if w.null(row) {
				continue
			}
			if len(dst) > start {
				dst = append(dst, ',')
			}
		}
		dst = append(dst, w.name...)
		if dst, err = w.append(dst, row); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// mismatch is the error of an array that is not of its column's type.
func mismatch(name string, arr arrow.Array) error {
	return errs.Bugf("column '%s' came as %s", name, arr.DataType())
}
