// Package msgpack is the format 'msgpack': a record is a MessagePack map of the
// columns, or an array of them in order. Records say how long they are, so a file is
// one after another.
package msgpack

import (
	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// Format is the format 'msgpack'.
type Format struct{}

var _ codec.Records = Format{}

// The forms of a written record.
const (
	optionRows = "msgpack.encode.rows-as"
	rowsMap    = "map"
	rowsArray  = "array"
)

// Spec describes the format.
func (Format) Spec() connector.Spec {
	return connector.Spec{
		Name: "msgpack",
		Doc: "A record is a MessagePack map by column names, or an array of the columns in order; so are ROWs. TIMESTAMP and TIMESTAMP_LTZ are " +
			"MessagePack's timestamps, DECIMAL, DATE and TIME are texts. Reading takes numbers and times as texts, too.",
		Options: []connector.OptionSpec{
			{Name: optionRows, Type: connector.TypeEnum, Values: []string{rowsMap, rowsArray}, Default: rowsMap, Example: rowsArray,
				Doc: "Write records and ROWs as maps by name or as arrays."},
		},
	}
}

// Extension is the file name's ending.
func (Format) Extension() string { return "msgpack" }

// LineRecords is always false: a record may hold any byte.
func (Format) LineRecords(connector.Options) bool { return false }

// Check refuses intervals.
func (Format) Check(schema types.Schema, _ connector.Options) error {
	for _, f := range schema {
		if err := check(f.Name, f.Type); err != nil {
			return err
		}
	}
	return nil
}

func check(name string, t types.Type) error {
	switch t.Kind {
	case types.Array:
		return check(name+"[]", *t.Elem)
	case types.Map:
		if t.Key.IsNested() {
			return errs.Unsupportedf("column '%s': format 'msgpack' has no form for the key type %s", name, t.Key)
		}
		return check(name+"{}", *t.Elem)
	case types.Row:
		for _, f := range t.Fields {
			if err := check(name+"."+f.Name, f.Type); err != nil {
				return err
			}
		}
	}
	if t.IsInterval() || t.Kind == types.Multiset {
		return errs.Unsupportedf("column '%s': format 'msgpack' has no form for %s", name, t)
	}
	return nil
}
