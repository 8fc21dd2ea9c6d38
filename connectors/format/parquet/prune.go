package parquet

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// bound is a filter `column op value` over whole numbers, times included, that a
// row group's statistics can exclude.
type bound struct {
	column int
	op     string
	value  int64
}

// bounds gives the filters that statistics can tell about.
func bounds(filters []rex.Expr, columns types.Schema, manifest *pqarrow.SchemaManifest) []bound {
	var out []bound
	for _, f := range filters {
		if f.Kind != rex.Call || len(f.Args) != 2 {
			continue
		}
		op, col, lit := f.Name, f.Args[0], f.Args[1]
		if col.Kind == rex.Literal {
			op, col, lit = mirrored(op), lit, col
		}
		if col.Kind != rex.Input || lit.Kind != rex.Literal || lit.Value.Null || !comparison(op) || !comparable(col.Type, lit.Type) {
			continue
		}
		if leaf, ok := leafOf(columns[col.Index], manifest); ok {
			out = append(out, bound{column: leaf, op: op, value: lit.Value.Int})
		}
	}
	return out
}

func comparison(op string) bool {
	switch op {
	case "=", "<", "<=", ">", ">=":
		return true
	}
	return false
}

// mirrored is the operator with its sides exchanged.
func mirrored(op string) string {
	switch op {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return op
}

// comparable reports types whose values are whole numbers of one unit.
func comparable(column, literal types.Type) bool {
	if column.IsInteger() {
		return literal.IsInteger()
	}
	return (column.Kind == types.Date || column.IsTimestamp()) && column.Kind == literal.Kind &&
		types.TimestampUnit(column.Precision) == types.TimestampUnit(literal.Precision)
}

// leafOf is the leaf column that holds a table's column in the very same numbers.
func leafOf(f types.Field, manifest *pqarrow.SchemaManifest) (int, bool) {
	for i := range manifest.Fields {
		field := &manifest.Fields[i]
		if field.Field.Name != f.Name {
			continue
		}
		same := arrow.TypeEqual(field.Field.Type, f.Type.Arrow()) || f.Type.IsInteger() && signed(field.Field.Type)
		return field.ColIndex, len(field.Children) == 0 && same
	}
	return 0, false
}

// signed reports the types of whole numbers that keep their sign.
func signed(t arrow.DataType) bool { return arrow.IsSignedInteger(t.ID()) }

// excludes reports whether no row of the group can pass.
func (b bound) excludes(group *metadata.RowGroupMetaData) bool {
	chunk, err := group.ColumnChunk(b.column)
	if err != nil {
		return false
	}
	stats, err := chunk.Statistics()
	if err != nil || stats == nil || !stats.HasMinMax() {
		return false
	}
	var least, most int64
	switch s := stats.(type) {
	case *metadata.Int32Statistics:
		least, most = int64(s.Min()), int64(s.Max())
	case *metadata.Int64Statistics:
		least, most = s.Min(), s.Max()
	default:
		return false
	}
	switch b.op {
	case "=":
		return b.value < least || b.value > most
	case "<":
		return least >= b.value
	case "<=":
		return least > b.value
	case ">":
		return most <= b.value
	case ">=":
		return most < b.value
	}
	return false
}
