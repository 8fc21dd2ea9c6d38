package csv

import (
	"bytes"
	"fmt"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// decoder is the format's codec.Decoder. Invariant between calls: every column has
// rows rows.
type decoder struct {
	dialect
	schema types.Schema
	wanted types.Schema
	set    *column.Set
	// fields has one entry per field of a record: the wanted column or nil. count
	// is how many fields a record must have, -1 for any number.
	fields    []*field
	count     int
	rows      int
	batchRows int
	lenient   bool
	scan      scanner
	scratch   []byte
	reason    string
}

// field is a wanted column.
type field struct {
	name string
	col  *column.Column
}

var _ codec.Headed = (*decoder)(nil)

// NewDecoder makes a decoder of the wanted columns.
func (Format) NewDecoder(c codec.Config) (codec.Decoder, error) {
	if err := (Format{}).Check(c.Schema, c.Options); err != nil {
		return nil, err
	}
	dialect, err := dialectOf(c.Options)
	if err != nil {
		return nil, err
	}
	d := &decoder{dialect: dialect, schema: c.Schema, wanted: c.Wanted(), batchRows: max(c.BatchRows, 1),
		lenient: c.Options.Bool("csv.ignore-parse-errors"), count: len(c.Schema)}
	d.scan.dialect = dialect
	d.set = column.NewSet(d.wanted, c.Alloc, c.BatchRows)
	d.fields = make([]*field, len(c.Schema))
	for i, f := range d.wanted {
		d.fields[c.Schema.Index(f.Name)] = &field{name: f.Name, col: d.set.Cols[i]}
	}
	return d, nil
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
	return d.set.Flush(rows)
}

// Close frees the columns.
func (d *decoder) Close() { d.set.Free() }

// bom is the byte order mark that some programs put before UTF-8.
var bom = []byte("\xef\xbb\xbf")

// Header reads the line that names the columns, where the option says there is
// one, and passes over a byte order mark.
func (d *decoder) Header(data []byte, final bool) (consumed, lines int, ok bool, err error) {
	if len(data) < len(bom) && !final {
		return 0, 0, false, nil
	}
	rest := bytes.TrimPrefix(data, bom)
	skipped := len(data) - len(rest)
	if !d.header {
		return skipped, 0, true, nil
	}
	d.scan.start(rest, final)
	var names []string
	for more := true; more; {
		f, status := d.scan.next()
		switch {
		case status == incomplete:
			return 0, 0, false, nil
		case status == broken:
			return 0, 0, false, errs.Userf("the header line: %s", d.scan.reason)
		}
		names = append(names, string(bytes.TrimSpace(f.text(&d.scratch, &d.scan))))
		more = status == fieldEnd
	}
	if len(rest) == 0 {
		return len(data), 0, true, nil
	}
	consumed = skipped + d.scan.at
	return consumed, bytes.Count(data[:consumed], []byte{'\n'}), true, d.mapHeader(names)
}

// mapHeader finds the wanted columns among a file's.
func (d *decoder) mapHeader(names []string) error {
	fields := make([]*field, len(names))
	for _, f := range d.fields {
		if f == nil {
			continue
		}
		at := -1
		for i, name := range names {
			if name == f.name {
				at = i
				break
			}
		}
		if at < 0 {
			e := errs.Userf("the header line names no column '%s'", f.name)
			if nearest := errs.Nearest(f.name, names); nearest != "" {
				return e.WithHint("did you mean '%s'?", nearest)
			}
			return e.WithHint("it names %q", names)
		}
		fields[at] = f
	}
	d.fields, d.count = fields, len(names)
	return nil
}

// Lines decodes records; see codec.Decoder.
func (d *decoder) Lines(data []byte, final bool, bad func(codec.Bad) error) (consumed, lines int, err error) {
	for consumed < len(data) && !d.Full() {
		rest := data[consumed:]
		used, status := d.record(rest, final)
		if status == incomplete || status == broken && !final && bytes.IndexByte(rest, '\n') < 0 {
			d.set.Truncate(d.rows)
			break
		}
		if status == broken {
			d.set.Truncate(d.rows)
			used = len(rest)
			if i := bytes.IndexByte(rest, '\n'); i >= 0 {
				used = i + 1
			}
			raw := bytes.TrimRight(rest[:used], "\r\n")
			if err := bad(codec.Bad{Offset: consumed, Line: lines, Reason: d.reason, Raw: raw}); err != nil {
				return consumed, lines, err
			}
		}
		if d.quote == 0 || status == broken {
			lines += min(1, bytes.Count(rest[used-1:used], []byte{'\n'}))
		} else {
			lines += bytes.Count(rest[:used], []byte{'\n'})
		}
		consumed += used
	}
	return consumed, lines, nil
}

// Record decodes a message, which is one record.
func (d *decoder) Record(message []byte) error {
	used, status := d.record(message, true)
	if status != broken && used < len(bytes.TrimRight(message, "\r\n")) {
		d.rows--
		d.reason, status = "the message holds more than one line", broken
	}
	if status == broken {
		d.set.Truncate(d.rows)
		return errs.Userf("%s", d.reason)
	}
	return nil
}

// record decodes the record at the front of data and gives its length with its
// line end. When it is broken or incomplete, columns may be half there.
func (d *decoder) record(data []byte, final bool) (int, status) {
	if n, skip := d.blank(data, final); skip {
		return n, recordEnd
	}
	d.scan.start(data, final)
	for i := 0; ; i++ {
		f, status := d.scan.next()
		if status == incomplete {
			return 0, incomplete
		}
		if status == broken {
			d.reason = "not CSV: " + d.scan.reason
			return 0, broken
		}
		if i < len(d.fields) && d.fields[i] != nil {
			if !d.value(d.fields[i], f) {
				return 0, broken
			}
		}
		if status == recordEnd {
			if !d.complete(i + 1) {
				return 0, broken
			}
			d.rows++
			return d.scan.at, recordEnd
		}
	}
}

// blank passes over an empty line or a comment.
func (d *decoder) blank(data []byte, final bool) (length int, skip bool) {
	switch {
	case len(data) == 0:
		return 0, false
	case data[0] == '\n':
		return 1, true
	case data[0] == '\r' && len(data) > 1 && data[1] == '\n':
		return 2, true
	case d.comments && data[0] == '#':
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i + 1, true
		}
		if final {
			return len(data), true
		}
	}
	return 0, false
}

// complete checks the number of fields, and gives NULL to missing ones if the
// options allow that.
func (d *decoder) complete(n int) bool {
	if n == d.count {
		return true
	}
	if !d.lenient {
		d.reason = fmt.Sprintf("the record has %d fields, not %d", n, d.count)
		return false
	}
	for _, c := range d.set.Cols {
		if c.Rows() == d.rows {
			c.Null()
		}
	}
	return true
}
