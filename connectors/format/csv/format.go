// Package csv is the format 'csv': a record a line, fields parted by a delimiter,
// quoted where they must be.
package csv

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Format is the format 'csv'.
type Format struct{}

var _ codec.Records = Format{}

// Spec describes the format.
func (Format) Spec() connector.Spec {
	return connector.Spec{
		Name: "csv",
		Doc: "One record a line, its fields in the order of the table's columns, or found by name with 'csv.header'. " +
			"An empty field is NULL in any column that is not a text. BYTES are in base64, arrays and rows within a field.",
		Options: []connector.OptionSpec{
			{Name: "csv.header", Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "The first line of a file names its columns: reading finds them by name, writing puts them there."},
			{Name: "csv.field-delimiter", Type: connector.TypeString, Default: ",", Example: ";",
				Doc: "The character between fields; `\\t` is a tab."},
			{Name: "csv.quote-character", Type: connector.TypeString, Default: `"`, Example: "'",
				Doc: "The character around fields that hold delimiters, quotes or line ends; doubled it stands for itself."},
			{Name: "csv.disable-quote-character", Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "Take quotes as any other character. Large files can then be read in pieces."},
			{Name: "csv.allow-comments", Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "Leave out lines that begin with `#`."},
			{Name: "csv.ignore-parse-errors", Type: connector.TypeBool, Default: "false", Example: "true",
				Doc: "Give NULL for a field that does not read, and for missing ones. Sets 'bad-records' to 'skip'."},
			{Name: "csv.array-element-delimiter", Type: connector.TypeString, Default: ";", Example: "|",
				Doc: "The character between the elements of an ARRAY, or the fields of a ROW."},
			{Name: "csv.escape-character", Type: connector.TypeString, Example: `\`,
				Doc: "A character that makes the next one stand for itself."},
			{Name: "csv.null-literal", Type: connector.TypeString, Example: "NULL",
				Doc: "The field that stands for NULL."},
		},
	}
}

// Extension is the file name's ending.
func (Format) Extension() string { return "csv" }

// LineRecords holds without quotes: within them a line may end.
func (Format) LineRecords(o connector.Options) bool { return o.Bool("csv.disable-quote-character") }

// Check refuses column types without a form, and delimiters that are none.
func (Format) Check(schema types.Schema, o connector.Options) error {
	for _, f := range schema {
		t := f.Type
		parts := []types.Type{t}
		switch t.Kind {
		case types.Array:
			parts = []types.Type{*t.Elem}
		case types.Row:
			parts = parts[:0]
			for _, field := range t.Fields {
				parts = append(parts, field.Type)
			}
		}
		for _, p := range parts {
			if p.IsNested() || p.Kind == types.Null {
				return errs.Unsupportedf("column '%s': format 'csv' has no form for %s", f.Name, t)
			}
		}
	}
	_, err := dialectOf(o)
	return err
}

// dialect is how fields are set apart.
type dialect struct {
	delimiter byte
	quote     byte // 0 for none
	escape    byte // 0 for none
	element   byte
	comments  bool
	header    bool
	// null stands for NULL when hasNull.
	null    string
	hasNull bool
}

// dialectOf reads the options.
func dialectOf(o connector.Options) (dialect, error) {
	d := dialect{comments: o.Bool("csv.allow-comments"), header: o.Bool("csv.header"),
		null: o.String("csv.null-literal"), hasNull: o.Has("csv.null-literal")}
	for _, c := range []struct {
		name string
		to   *byte
	}{{"csv.field-delimiter", &d.delimiter}, {"csv.quote-character", &d.quote},
		{"csv.escape-character", &d.escape}, {"csv.array-element-delimiter", &d.element}} {
		if !o.Has(c.name) {
			continue
		}
		b, ok := oneByte(o.String(c.name))
		if !ok {
			return d, errs.Userf("option '%s' = '%s': not a single character", c.name, o.String(c.name)).
				WithHint("it takes one character of ASCII, or \\t, \\u0001 and the like")
		}
		*c.to = b
	}
	if o.Bool("csv.disable-quote-character") {
		d.quote = 0
	}
	return d, nil
}

// oneByte reads a character of ASCII, plain or escaped as in Java.
func oneByte(s string) (byte, bool) {
	if len(s) > 1 && s[0] == '\\' {
		r, _, rest, err := strconv.UnquoteChar(strings.ReplaceAll(s, `\\`, `\`+`\`), 0)
		return byte(r), err == nil && rest == "" && r < utf8.RuneSelf && r != '\n'
	}
	return firstByte(s), len(s) == 1 && s[0] < utf8.RuneSelf && s[0] != '\n'
}

func firstByte(s string) byte {
	if s == "" {
		return 0
	}
	return s[0]
}
