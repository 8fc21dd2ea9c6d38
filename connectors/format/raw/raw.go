// Package raw is the format 'raw': a record is the value of the one column.
package raw

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Format is the format 'raw'.
type Format struct{}

var _ codec.Records = Format{}

const (
	optionCharset    = "raw.charset"
	optionEndianness = "raw.endianness"
	bigEndian        = "big-endian"
	littleEndian     = "little-endian"
)

// Spec describes the format.
func (Format) Spec() connector.Spec {
	return connector.Spec{
		Name: "raw",
		Doc: "The bytes of a record are the value of the table's only column: a text, bytes, a BOOLEAN (a byte, FALSE if it is 0), or a number as its 1, 2, 4 or 8 bytes. " +
			"NULL is a record without bytes; a record without bytes is NULL for BOOLEAN and numbers. A file's records are its lines, so it holds texts and bytes only.",
		Options: []connector.OptionSpec{
			{Name: optionCharset, Type: connector.TypeString, Default: "UTF-8", Example: "ISO-8859-1", Doc: "The encoding of texts, by its name at IANA."},
			{Name: optionEndianness, Type: connector.TypeEnum, Values: []string{bigEndian, littleEndian}, Default: bigEndian, Example: littleEndian,
				Doc: "The order of a number's bytes."},
		},
	}
}

// Extension is the file name's ending.
func (Format) Extension() string { return "txt" }

// LineRecords is always true.
func (Format) LineRecords(connector.Options) bool { return true }

// Check wants one column of a type that has a form.
func (Format) Check(schema types.Schema, o connector.Options) error {
	if len(schema) != 1 {
		return errs.Userf("format 'raw' wants a single column, not %s", schema)
	}
	if t := schema[0].Type; !t.IsString() && !t.IsBinary() && widthOf(t) == 0 {
		return errs.Userf("column '%s': format 'raw' has no form for %s", schema[0].Name, t).
			WithHint("it takes texts, bytes, BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, FLOAT and DOUBLE")
	}
	_, err := charsetOf(o)
	return err
}

// widthOf is the number of bytes of a value, 0 for types whose values have any.
func widthOf(t types.Type) int {
	switch t.Kind {
	case types.Boolean, types.TinyInt:
		return 1
	case types.SmallInt:
		return 2
	case types.Int, types.Float:
		return 4
	case types.BigInt, types.Double:
		return 8
	}
	return 0
}

// noLines is the error of a file of what is no lines.
func noLines(name string, t types.Type, wide bool) error {
	switch {
	case widthOf(t) > 0:
		return errs.Unsupportedf("column '%s': the format 'raw' ends a file's records by line ends, which may be bytes of %s", name, t)
	case wide && t.IsString():
		return errs.Unsupportedf("column '%s': the format 'raw' ends a file's records by line ends, which may be bytes of other characters in this charset", name)
	}
	return nil
}
