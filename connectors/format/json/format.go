// Package json is the format 'json': objects one a line (or one a message), to
// and from columns, without an intermediate tree.
//
// Reading goes once over a record's bytes. Keys are guessed from the order in
// which the record before had them, values go straight into column builders, and
// what no column wants is skipped without being decoded.
package json

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Format is the format 'json'.
type Format struct{}

var _ codec.Records = Format{}

// Spec describes the format.
func (Format) Spec() connector.Spec {
	return connector.Spec{
		Name: "json",
		Doc: "One JSON object a line, or a message. Numbers are read from strings, too, and texts from any value; " +
			"a message may be an array of objects. TIMESTAMP is written `yyyy-MM-dd HH:mm:ss.SSS`, TIMESTAMP_LTZ with the suffix Z, " +
			"BYTES in base64, and the floating point values that JSON lacks as \"NaN\", \"Infinity\" and \"-Infinity\".",
		Options: append(OptionSpecs(formatName), connector.OptionSpec{
			Name: "json.fail-on-missing-field", Type: connector.TypeBool, Default: "false", Example: "true",
			Doc: "Treat a record without one of the columns as bad, instead of giving NULL.",
		}),
	}
}

// formatName is the format's name, and the prefix of its options.
const formatName = "json"

// OptionSpecs are the options of a format of JSON rows called name.
func OptionSpecs(name string) []connector.OptionSpec {
	return []connector.OptionSpec{
		{Name: name + ".ignore-parse-errors", Type: connector.TypeBool, Default: "false", Example: "true",
			Doc: "Give NULL for a field that does not read, and leave out a record that is no JSON. Sets 'bad-records' to 'skip'."},
		{Name: name + ".timestamp-format.standard", Type: connector.TypeEnum, Values: []string{"SQL", "ISO-8601"}, Default: "SQL", Example: "ISO-8601",
			Doc: "The form of timestamps: `2024-01-31 12:00:00.123` or `2024-01-31T12:00:00.123`, with the suffix Z for TIMESTAMP_LTZ."},
		{Name: name + ".map-null-key.mode", Type: connector.TypeEnum, Values: []string{"FAIL", "DROP", "LITERAL"}, Default: "FAIL", Example: "DROP",
			Doc: "What writing does with a NULL key of a MAP."},
		{Name: name + ".map-null-key.literal", Type: connector.TypeString, Default: "null", Example: "none",
			Doc: "The key written for NULL under the mode LITERAL."},
		{Name: name + ".encode.decimal-as-plain-number", Type: connector.TypeBool, Default: "true", Example: "true",
			Doc: "Accepted for Flink's scripts: DECIMAL is always written as a plain, exact number."},
		{Name: name + ".encode.ignore-null-fields", Type: connector.TypeBool, Default: "false", Example: "true",
			Doc: "Leave fields that are NULL out of the object."},
	}
}

// Extension is the file name's ending.
func (Format) Extension() string { return "json" }

// LineRecords is always true: a JSON record of a file is a line.
func (Format) LineRecords(connector.Options) bool { return true }

// Check refuses column types without a JSON form.
func (Format) Check(schema types.Schema, _ connector.Options) error {
	return CheckTypes(schema, formatName)
}

// CheckTypes refuses columns that a format of JSON rows has no form for.
func CheckTypes(schema types.Schema, format string) error {
	for _, f := range schema {
		if err := checkType(f.Name, f.Type, format); err != nil {
			return err
		}
	}
	return nil
}

func checkType(name string, t types.Type, format string) error {
	switch t.Kind {
	case types.Array:
		return checkType(name, *t.Elem, format)
	case types.Map:
		if t.Key.IsNested() {
			return errs.Unsupportedf("column '%s': format '%s' has no form for the key type %s", name, format, t.Key)
		}
		return checkType(name, *t.Elem, format)
	case types.Multiset:
		if t.Elem.IsNested() {
			return errs.Unsupportedf("column '%s': format '%s' has no form for %s", name, format, t)
		}
	case types.Row:
		for _, f := range t.Fields {
			if err := checkType(name+"."+f.Name, f.Type, format); err != nil {
				return err
			}
		}
	}
	return nil
}

// standard reads the option for timestamps; the zero Options mean SQL.
func standard(o connector.Options, name string) text.Standard {
	if o.String(name+".timestamp-format.standard") == text.ISO.String() {
		return text.ISO
	}
	return text.SQL
}
