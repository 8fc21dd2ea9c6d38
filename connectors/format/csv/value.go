package csv

import (
	"bytes"
	"fmt"

	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/types"
)

// value appends a field to its column; false sets reason.
func (d *decoder) value(f *field, c cell) bool {
	b := c.text(&d.scratch, &d.scan)
	if d.isNull(f.col, c, b) {
		return d.appendNull(f)
	}
	var err error
	switch f.col.Layout {
	case column.List, column.Struct:
		err = d.nested(f.col, b)
	default:
		err = f.col.Parse(b, text.SQL)
	}
	if err == nil {
		return true
	}
	if d.lenient {
		return d.appendNull(f)
	}
	d.reason = fmt.Sprintf("column '%s' (%s): %s: %s", f.name, f.col.Type, err, excerpt(b))
	return false
}

// isNull reports a field that stands for NULL: the null literal, and an empty one
// in a column that is not a text.
func (d *decoder) isNull(col *column.Column, c cell, b []byte) bool {
	if d.hasNull && !c.quoted && string(b) == d.null {
		return true
	}
	return len(b) == 0 && col.Type.Kind != types.Char && col.Type.Kind != types.Varchar
}

func (d *decoder) appendNull(f *field) bool {
	if !f.col.Type.Nullable {
		d.reason = fmt.Sprintf("column '%s': is NOT NULL, and the record has no value", f.name)
		return false
	}
	f.col.Null()
	return true
}

// nested appends the elements of an array, or the fields of a row.
func (d *decoder) nested(col *column.Column, b []byte) error {
	base := col.Rows()
	parts := bytes.Split(b, []byte{d.element})
	if col.Layout == column.Struct && len(parts) != len(col.Kids) {
		return fmt.Errorf("%d fields where the ROW has %d", len(parts), len(col.Kids))
	}
	for i, part := range parts {
		kid := col.Kids[0]
		if col.Layout == column.Struct {
			kid = col.Kids[i]
		}
		if d.isNull(kid, cell{}, part) {
			kid.Null()
			continue
		}
		if err := kid.Parse(part, text.SQL); err != nil {
			col.Truncate(base)
			return err
		}
	}
	col.End()
	return nil
}

// excerptMax is the longest piece of a field in a message, in bytes.
const excerptMax = 60

func excerpt(b []byte) string {
	if len(b) > excerptMax {
		return fmt.Sprintf("%q…", b[:excerptMax])
	}
	return fmt.Sprintf("%q", b)
}
