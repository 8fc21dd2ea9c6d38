package rowcodec_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
)

func word(x uint64) []byte { return binary.LittleEndian.AppendUint64(nil, x) }

// TestStoredForms pins the bytes that are written to disk: a diff here breaks
// every checkpoint.
func TestStoredForms(t *testing.T) {
	datadriven.RunTest(t, "testdata/stored", func(t *testing.T, d *datadriven.TestData) string {
		var names []string
		d.ScanArgs(t, "types", &names)
		var types []arrow.DataType
		var fields []arrow.Field
		for i, name := range names {
			dt, known := namedTypes()[name]
			if !known {
				d.Fatalf(t, "unknown type %s", name)
			}
			types = append(types, dt)
			fields = append(fields, arrow.Field{Name: string(rune('a' + i)), Type: dt, Nullable: true})
		}
		record, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema(fields, nil),
			strings.NewReader("["+strings.ReplaceAll(strings.TrimSpace(d.Input), "\n", ",")+"]"))
		ok(t, err)
		return storedForms(t, d, types, record)
	})
}

func namedTypes() map[string]arrow.DataType {
	return map[string]arrow.DataType{
		"bool": arrow.FixedWidthTypes.Boolean, "int8": arrow.PrimitiveTypes.Int8, "int32": arrow.PrimitiveTypes.Int32,
		"int64": arrow.PrimitiveTypes.Int64, "float64": arrow.PrimitiveTypes.Float64, "string": arrow.BinaryTypes.String,
		"decimal":   &arrow.Decimal128Type{Precision: 20, Scale: 2},
		"timestamp": &arrow.TimestampType{Unit: arrow.Millisecond},
		"list":      arrow.ListOf(arrow.PrimitiveTypes.Int32),
		"map":       arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32),
		"struct": arrow.StructOf(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
			arrow.Field{Name: "y", Type: arrow.BinaryTypes.String, Nullable: true}),
	}
}

func storedForms(t *testing.T, d *datadriven.TestData, types []arrow.DataType, record arrow.Record) string {
	t.Helper()
	var out strings.Builder
	rows := int(record.NumRows())
	switch d.Cmd {
	case "key":
		enc, err := rowcodec.NewKeyEncoder(types)
		ok(t, err)
		var keys rowcodec.Keys
		ok(t, enc.Encode(record.Columns(), rows, &keys))
		for i := range rows {
			fmt.Fprintf(&out, "%x hash=%016x group=%d\n", keys.At(i), keys.Hashes[i],
				rowcodec.KeyGroup(keys.Hashes[i], rowcodec.DefaultGroups))
		}
	case "row":
		enc, err := rowcodec.NewRowEncoder(types)
		ok(t, err)
		for i := range rows {
			fmt.Fprintf(&out, "%x\n", enc.AppendRow(nil, record.Columns(), i))
		}
	case "sort":
		var keys []rex.SortKey
		for c := range types {
			keys = append(keys, rex.SortKey{Column: c, Descending: d.HasArg("desc"), NullsFirst: !d.HasArg("desc")})
		}
		enc, err := rowcodec.NewSortEncoder(types, keys)
		ok(t, err)
		for i := range rows {
			fmt.Fprintf(&out, "%x\n", enc.AppendRow(nil, record.Columns(), i))
		}
	default:
		d.Fatalf(t, "unknown command %s", d.Cmd)
	}
	return out.String()
}

// FuzzDecode feeds decoders with any bytes: they may refuse, never panic.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30})
	f.Add([]byte{1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	var types []arrow.DataType
	var keys []rex.SortKey
	for _, name := range []string{"bool", "int64", "string", "list", "struct", "decimal"} {
		keys = append(keys, rex.SortKey{Column: len(types), Descending: len(types)%2 == 0})
		types = append(types, namedTypes()[name])
	}
	withMap := append(types[:len(types):len(types)], namedTypes()["map"])
	f.Fuzz(func(t *testing.T, b []byte) {
		row, err := rowcodec.NewRowDecoder(withMap)
		ok(t, err)
		_ = row.Decode(b, buildersFor(withMap))
		_, _ = row.Columns(memory.DefaultAllocator, [][]byte{b})
		key, err := rowcodec.NewKeyDecoder(withMap)
		ok(t, err)
		_ = key.Decode(b, buildersFor(withMap))
		sort, err := rowcodec.NewSortDecoder(types, keys)
		ok(t, err)
		_, _ = sort.Decode(b, buildersFor(types))
	})
}
