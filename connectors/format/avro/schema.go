package avro

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hamba/avro/v2"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
)

// rootName is the name of the record that Flink makes of a table's row.
const rootName = "org.apache.flink.avro.generated.record"

// schemaText is the Avro schema of a table's row, as Flink makes it. legacy maps
// TIMESTAMP to timestamp-millis, and knows no TIMESTAMP_LTZ.
func schemaText(schema types.Schema, legacy bool) (string, error) {
	m := mapper{legacy: legacy}
	record, err := m.record(rootName, schema)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(record)
	return string(b), errs.Wrap(errs.Bug, err, "an Avro schema")
}

// parse reads the text of an Avro schema, with names of its own.
func parse(text string) (avro.Schema, error) {
	return avro.ParseWithCache(text, "", &avro.SchemaCache{})
}

// mapper makes Avro schemas of SQL types.
type mapper struct{ legacy bool }

func (m mapper) record(name string, fields []types.Field) (any, error) {
	var out []any
	for _, f := range fields {
		if !isName(f.Name) {
			return nil, errs.Userf("column '%s': no name that Avro allows", f.Name).WithHint("letters, digits and _ only")
		}
		t, err := m.typ(name+"_"+f.Name, f.Name, f.Type)
		if err != nil {
			return nil, err
		}
		field := map[string]any{"name": f.Name, "type": t}
		if f.Type.Nullable {
			field["default"] = nil
		}
		out = append(out, field)
	}
	if out == nil {
		out = []any{}
	}
	return map[string]any{"type": "record", "name": name, "fields": out}, nil
}

func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// typ maps t, called name if it is a record; column is for messages.
func (m mapper) typ(name, column string, t types.Type) (any, error) {
	s, err := m.bare(name, column, t)
	if err == nil && t.Nullable && t.Kind != types.Null {
		return []any{"null", s}, nil
	}
	return s, err
}

func (m mapper) bare(name, column string, t types.Type) (any, error) {
	switch t.Kind {
	case types.Null:
		return "null", nil
	case types.Boolean:
		return "boolean", nil
	case types.TinyInt, types.SmallInt, types.Int:
		return "int", nil
	case types.BigInt:
		return "long", nil
	case types.Float:
		return "float", nil
	case types.Double:
		return "double", nil
	case types.Char, types.Varchar:
		return "string", nil
	case types.Binary, types.Varbinary:
		return "bytes", nil
	case types.Decimal:
		return map[string]any{"type": "bytes", "logicalType": "decimal", "precision": t.Precision, "scale": t.Scale}, nil
	case types.Date:
		return map[string]any{"type": "int", "logicalType": "date"}, nil
	case types.Time, types.Timestamp, types.TimestampLTZ:
		return m.temporal(column, t)
	case types.Array:
		items, err := m.typ(name, column, *t.Elem)
		return map[string]any{"type": "array", "items": items}, err
	case types.Map, types.Multiset:
		return m.mapOf(name, column, t)
	case types.Row:
		return m.record(name, t.Fields)
	}
	return nil, errs.Unsupportedf("column '%s': Avro has no form for %s", column, t)
}

func (m mapper) mapOf(name, column string, t types.Type) (any, error) {
	key, value := t.Elem, types.Of(types.Int).NotNull()
	if t.Kind == types.Map {
		key, value = t.Key, *t.Elem
	}
	if !key.IsString() {
		return nil, errs.Unsupportedf("column '%s': keys of Avro's maps are texts, not %s", column, key)
	}
	values, err := m.typ(name, column, value)
	return map[string]any{"type": "map", "values": values}, err
}

// temporal maps times of day and timestamps. Their precision decides about the unit
// as it does in Arrow.
func (m mapper) temporal(column string, t types.Type) (any, error) {
	unit, of := "millis", "long"
	switch {
	case t.Precision > 6:
		return nil, errs.Unsupportedf("column '%s': Avro has no form for %s", column, t).WithHint("at most 6 digits of a second")
	case t.Precision > 3:
		unit = "micros"
	case t.Kind == types.Time:
		of = "int"
	}
	logical := "timestamp-" + unit
	switch {
	case t.Kind == types.Time:
		logical = "time-" + unit
	case t.Kind == types.Timestamp && !m.legacy:
		logical = "local-" + logical
	case t.Kind == types.TimestampLTZ && m.legacy:
		return nil, errs.Unsupportedf("column '%s': %s needs 'avro.timestamp_mapping.legacy' = 'false'", column, t)
	}
	return map[string]any{"type": of, "logicalType": logical}, nil
}

// describe names an Avro type for a message.
func describe(s avro.Schema) string {
	switch s := s.(type) {
	case *avro.RefSchema:
		return describe(s.Schema())
	case *avro.UnionSchema:
		var parts []string
		for _, t := range s.Types() {
			parts = append(parts, describe(t))
		}
		return "union of " + strings.Join(parts, ", ")
	}
	if l := logicalOf(s); l != "" {
		return fmt.Sprintf("%s (%s)", l, s.Type())
	}
	return string(s.Type())
}
