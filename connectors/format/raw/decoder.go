package raw

import (
	"bytes"

	"golang.org/x/text/encoding"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// decoder is the format's codec.Decoder.
type decoder struct {
	set    *column.Set
	col    *column.Column // nil when the column is not wanted
	name   string
	typ    types.Type
	width  int
	little bool
	// wide is the charset's; text is nil for bytes, numbers and UTF-8.
	wide      bool
	text      *encoding.Decoder
	rows      int
	batchRows int
}

var _ codec.Decoder = (*decoder)(nil)

// NewDecoder makes a decoder of the column.
func (Format) NewDecoder(c codec.Config) (codec.Decoder, error) {
	if err := (Format{}).Check(c.Schema, c.Options); err != nil {
		return nil, err
	}
	charset, err := charsetOf(c.Options)
	if err != nil {
		return nil, err
	}
	f := c.Schema[0]
	d := &decoder{set: column.NewSet(c.Wanted(), c.Alloc, c.BatchRows), name: f.Name, typ: f.Type, width: widthOf(f.Type),
		little: c.Options.String(optionEndianness) == littleEndian, wide: charset.wide, batchRows: max(1, c.BatchRows)}
	if len(d.set.Cols) > 0 {
		d.col = d.set.Cols[0]
	}
	if charset.encoding != nil && f.Type.IsString() {
		d.text = charset.encoding.NewDecoder()
	}
	return d, nil
}

// Lines takes each line as a record.
func (d *decoder) Lines(data []byte, final bool, bad func(codec.Bad) error) (consumed, lines int, err error) {
	if err := noLines(d.name, d.typ, d.wide); err != nil {
		return 0, 0, err
	}
	for consumed < len(data) && !d.Full() {
		rest := data[consumed:]
		i := bytes.IndexByte(rest, '\n')
		if i < 0 && !final {
			break
		}
		line, next := rest, len(rest)
		if i >= 0 {
			line, next = bytes.TrimSuffix(rest[:i], []byte{'\r'}), i+1
		}
		if err := d.Record(line); err != nil {
			if err := bad(codec.Bad{Offset: consumed, Line: lines, Reason: err.Error(), Raw: line}); err != nil {
				return consumed, lines, err
			}
		}
		consumed += next
		if i >= 0 {
			lines++
		}
	}
	return consumed, lines, nil
}

// Record takes a message as it is.
func (d *decoder) Record(message []byte) error {
	if d.col != nil {
		if err := d.value(message); err != nil {
			return err
		}
	}
	d.rows++
	return nil
}

// value appends a record to the column.
func (d *decoder) value(record []byte) error {
	switch {
	case d.width > 0:
		return d.number(record)
	case d.text != nil:
		text, err := d.text.Bytes(record)
		if err != nil {
			return errs.Userf("column '%s': %q is no text in the charset: %s", d.name, record[:min(len(record), 50)], err)
		}
		record = text
	case d.typ.IsString():
		record = bytes.ToValidUTF8(record, []byte("\uFFFD"))
	}
	d.col.Bytes(record)
	return nil
}

// number appends the value of a type of fixed width.
func (d *decoder) number(record []byte) error {
	if len(record) == 0 && d.typ.Nullable {
		d.col.Null()
		return nil
	}
	if len(record) != d.width {
		return errs.Userf("column '%s': %s has %d bytes, and the record %d", d.name, d.typ.WithNullable(true), d.width, len(record))
	}
	v := uint64(0)
	for i, b := range record {
		if d.little {
			v |= uint64(b) << (8 * i)
		} else {
			v = v<<8 | uint64(b)
		}
	}
	if d.typ.Kind == types.Boolean {
		d.col.Bool(v != 0)
	} else {
		d.col.Int(int64(v)) // the column takes the low bytes, also of FLOAT and DOUBLE
	}
	return nil
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
