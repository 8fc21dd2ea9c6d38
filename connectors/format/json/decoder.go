package json

import (
	"bytes"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// decoder is the format's codec.Decoder. Invariant between calls: every column has
// rows rows.
type decoder struct {
	parser
	set       *column.Set
	root      *object
	rows      int
	batchRows int
	standard  text.Standard
	// lenient gives NULL for values that don't read; complete refuses records
	// with missing fields.
	lenient  bool
	complete bool
	message  []byte
	// envelope tells how rows stand in records, nil when a record is a row. kinds
	// are then the kinds of the pending rows.
	envelope *Envelope
	kinds    []stream.RowKind
	// keys are the keys of the maps that are being read.
	keys [][]byte
}

var _ codec.Decoder = (*decoder)(nil)

// NewDecoder makes a decoder of the wanted columns.
func (Format) NewDecoder(c codec.Config) (codec.Decoder, error) {
	d, err := newDecoder(c, formatName)
	if err != nil {
		return nil, err
	}
	d.complete = c.Options.Bool("json.fail-on-missing-field")
	return d, nil
}

// newDecoder makes a decoder by the options of the format called name.
func newDecoder(c codec.Config, name string) (*decoder, error) {
	wanted := c.Wanted()
	if err := CheckTypes(wanted, name); err != nil {
		return nil, err
	}
	set := column.NewSet(wanted, c.Alloc, c.BatchRows)
	var fields []types.Field
	var cols []*column.Column
	for i, f := range wanted {
		if _, around := c.Metadata[f.Name]; !around {
			fields, cols = append(fields, f), append(cols, set.Cols[i])
		}
	}
	return &decoder{
		set: set, root: newObject("", fields, cols), batchRows: max(c.BatchRows, 1),
		standard: standard(c.Options, name), lenient: c.Options.Bool(name + ".ignore-parse-errors"),
	}, nil
}

// Rows is the number of pending rows.
func (d *decoder) Rows() int { return d.rows }

// sizeCheckRows is how often the size of a batch is looked at.
const sizeCheckRows = 64

// Full reports whether the batch has reached its rows or bytes.
func (d *decoder) Full() bool {
	return d.rows >= d.batchRows || d.rows%sizeCheckRows == 0 && d.set.Size() >= column.BatchBytesMax
}

// Flush gives the pending rows.
func (d *decoder) Flush() stream.Batch {
	rows := d.rows
	d.rows = 0
	batch := d.set.Flush(rows)
	if d.envelope != nil {
		batch.Kinds, d.kinds = column.Kinds(d.kinds), make([]stream.RowKind, 0, cap(d.kinds))
	}
	return batch
}

// takeBack drops all rows from n on.
func (d *decoder) takeBack(n int) {
	d.rows = n
	d.set.Truncate(n)
	if d.envelope != nil {
		d.kinds = d.kinds[:n]
	}
}

// Close frees the columns.
func (d *decoder) Close() { d.set.Free() }

// Lines decodes lines; see codec.Decoder.
func (d *decoder) Lines(data []byte, final bool, bad func(codec.Bad) error) (consumed, lines int, err error) {
	for consumed < len(data) && !d.Full() {
		rest := data[consumed:]
		length := bytes.IndexByte(rest, '\n')
		terminated := length >= 0
		if !terminated {
			if !final {
				break
			}
			length = len(rest)
			d.message = append(append(d.message[:0], rest...), 0)
			rest = d.message
		}
		d.data, d.end = rest, length
		if before := d.rows; !d.record() {
			d.takeBack(before)
			err := bad(codec.Bad{Offset: consumed, Line: lines, Reason: d.reason, Raw: rest[:length]})
			if err != nil {
				return consumed, lines, err
			}
		}
		consumed += length
		if terminated {
			consumed++
			lines++
		}
	}
	return consumed, lines, nil
}

// Record decodes a message: one object, or an array of them.
func (d *decoder) Record(message []byte) error {
	d.message = append(append(d.message[:0], message...), 0)
	d.data, d.end = d.message, len(message)
	before := d.rows
	ok := false
	if i := d.space(0); d.data[i] == '[' {
		ok = d.records(i)
	} else {
		ok = d.record()
	}
	if !ok {
		d.takeBack(before)
		return errs.Userf("%s", d.reason)
	}
	return nil
}

// record decodes the one object that d.data holds; nothing but white space is no
// row. On failure rows of columns may be half there.
func (d *decoder) record() bool {
	d.depth = 0
	i := d.space(0)
	if i >= d.end {
		return true
	}
	if i = d.row(i); i < 0 {
		return false
	}
	if i = d.space(i); i < d.end {
		return d.unexpected(i, "the end of the record") > 0
	}
	return true
}

// records decodes an array of objects.
func (d *decoder) records(i int) bool {
	d.depth = 0
	i = d.space(i + 1)
	for first := true; !first || d.data[i] != ']'; first = false {
		if i = d.row(i); i < 0 {
			return false
		}
		if i = d.space(i); d.data[i] == ']' {
			break
		}
		if d.data[i] != ',' {
			return d.unexpected(i, "',' or ']'") > 0
		}
		i = d.space(i + 1)
	}
	if i = d.space(i + 1); i < d.end {
		return d.unexpected(i, "the end of the record") > 0
	}
	return true
}

// row decodes one object as a row, or as the changes that it holds.
func (d *decoder) row(i int) int {
	if d.envelope != nil {
		return d.envelope.changes(i)
	}
	if d.data[i] != '{' {
		return d.unexpected(i, "an object")
	}
	if i = d.fields(d.root, d.rows, i); i > 0 {
		d.rows++
	}
	return i
}
