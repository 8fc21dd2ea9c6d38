// Package raw is the format 'raw': a record is the value of the one column.
package raw

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Format is the format 'raw'.
type Format struct{}

var _ codec.Records = Format{}

// Spec describes the format.
func (Format) Spec() connector.Spec {
	return connector.Spec{
		Name: "raw",
		Doc:  "The bytes of a record are the value of the table's only column, a STRING or BYTES. A file's records are its lines.",
		Options: []connector.OptionSpec{
			{Name: "raw.charset", Type: connector.TypeEnum, Values: []string{"UTF-8"}, Default: "UTF-8", Example: "UTF-8",
				Doc: "The encoding of texts."},
		},
	}
}

// Extension is the file name's ending.
func (Format) Extension() string { return "txt" }

// LineRecords is always true.
func (Format) LineRecords(connector.Options) bool { return true }

// Check wants one column of text or bytes.
func (Format) Check(schema types.Schema, _ connector.Options) error {
	if len(schema) != 1 || !schema[0].Type.IsString() && !schema[0].Type.IsBinary() {
		return errs.Userf("format 'raw' wants a single column of STRING or BYTES, not %s", schema)
	}
	return nil
}

// decoder is the format's codec.Decoder.
type decoder struct {
	set       *column.Set
	col       *column.Column // nil when the column is not wanted
	text      bool
	rows      int
	batchRows int
}

var _ codec.Decoder = (*decoder)(nil)

// NewDecoder makes a decoder of the column.
func (Format) NewDecoder(c codec.Config) (codec.Decoder, error) {
	if err := (Format{}).Check(c.Schema, c.Options); err != nil {
		return nil, err
	}
	d := &decoder{set: column.NewSet(c.Wanted(), c.Alloc, c.BatchRows), text: c.Schema[0].Type.IsString(), batchRows: max(1, c.BatchRows)}
	if len(d.set.Cols) > 0 {
		d.col = d.set.Cols[0]
	}
	return d, nil
}

// Lines takes each line as a record.
func (d *decoder) Lines(data []byte, final bool, _ func(codec.Bad) error) (consumed, lines int, err error) {
	for consumed < len(data) && !d.Full() {
		rest := data[consumed:]
		i := bytes.IndexByte(rest, '\n')
		if i < 0 && !final {
			break
		}
		if i < 0 {
			d.append(rest)
			return len(data), lines, nil
		}
		d.append(bytes.TrimSuffix(rest[:i], []byte{'\r'}))
		consumed += i + 1
		lines++
	}
	return consumed, lines, nil
}

// Record takes a message as it is.
func (d *decoder) Record(message []byte) error {
	d.append(message)
	return nil
}

func (d *decoder) append(record []byte) {
	if d.col != nil {
		if d.text {
			record = bytes.ToValidUTF8(record, []byte("\uFFFD"))
		}
		d.col.Bytes(record)
	}
	d.rows++
}

// Rows is the number of pending rows.
func (d *decoder) Rows() int { return d.rows }

// Full reports whether the batch has reached its rows or bytes.
func (d *decoder) Full() bool { return d.rows >= d.batchRows || d.set.Size() >= column.BatchBytesMax }

// Flush gives the pending rows.
func (d *decoder) Flush() stream.Batch {
	rows := d.rows
	d.rows = 0
	return d.set.Flush(rows)
}

// Close frees the column.
func (d *decoder) Close() { d.set.Free() }

// encoder is the format's codec.Encoder.
type encoder struct {
	column string
	lines  bool
}

var _ codec.Encoder = encoder{}

// NewEncoder makes an encoder of the column.
func (Format) NewEncoder(c codec.Config) (codec.Encoder, error) {
	if err := (Format{}).Check(c.Schema, c.Options); err != nil {
		return nil, err
	}
	return encoder{column: c.Schema[0].Name, lines: c.Lines}, nil
}

// Begin appends nothing.
func (encoder) Begin(dst []byte) []byte { return dst }

// Encode appends one record per row; NULL is an empty one.
func (e encoder) Encode(dst []byte, ends []int, batch stream.Batch) ([]byte, []int, error) {
	for row := range batch.Rows() {
		start := len(dst)
		if col := batch.Column(0); !col.IsNull(row) {
			switch a := col.(type) {
			case *array.String:
				dst = append(dst, a.Value(row)...)
			case *array.Binary:
				dst = append(dst, a.Value(row)...)
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
