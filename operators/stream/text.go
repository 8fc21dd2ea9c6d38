package stream

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// The text form of rows serves tests and debugging. A row is its kind and its
// columns by name:
//
//	+I k=a v=1 ts=3s note='with space' gone=NULL
//
// `+` and `-` stand for +I and -D; columns left out are NULL. Strings are quoted
// when they are not plain words. Points in time and intervals are durations since
// the epoch (`1m30s`), dates are `1970-01-02`, binaries are hex, and `@3s` sets the
// first timestamp column. Rows, arrays and maps print as {…} and don't parse.

// ParseRows makes a batch of rows out of their text form, one per line. The
// caller owns the batch. Kinds is nil when all rows are inserts.
func ParseRows(alloc memory.Allocator, schema types.Schema, lines []string) (Batch, error) {
	arrowSchema := schema.Arrow()
	builder := array.NewRecordBuilder(alloc, arrowSchema)
	defer builder.Release()
	kinds := make([]RowKind, 0, len(lines))
	inserts := true
	for _, line := range lines {
		kind, err := parseRow(builder, schema, line)
		if err != nil {
			return Batch{}, errs.Wrap(errs.User, err, "row %q", line)
		}
		kinds = append(kinds, kind)
		inserts = inserts && kind == Insert
	}
	if inserts {
		kinds = nil
	}
	cols := make([]arrow.Array, len(schema))
	for i := range cols {
		cols[i] = builder.Field(i).NewArray()
	}
	return NewBatch(arrowSchema, cols, len(lines), kinds), nil
}

// ParseKind parses a row kind: +I, -U, +U, -D, and + and - for short.
func ParseKind(text string) (RowKind, bool) {
	switch text {
	case "+", "+I":
		return Insert, true
	case "-U":
		return UpdateBefore, true
	case "+U":
		return UpdateAfter, true
	case "-", "-D":
		return Delete, true
	}
	return Insert, false
}

func parseRow(builder *array.RecordBuilder, schema types.Schema, line string) (RowKind, error) {
	words, err := splitWords(line)
	if err != nil {
		return Insert, err
	}
	if len(words) == 0 {
		return Insert, errs.Userf("no row kind")
	}
	kind, ok := ParseKind(words[0])
	if !ok {
		return Insert, errs.Userf("%q is no row kind", words[0])
	}
	values := make([]*string, len(schema))
	for _, word := range words[1:] {
		column, value := timeColumn(schema), strings.TrimPrefix(word, "@")
		if value == word {
			name, rest, _ := strings.Cut(word, "=")
			column, value = schema.Index(name), rest
		}
		if column < 0 {
			return Insert, errs.Userf("%q names no column of %s", word, schema)
		}
		values[column] = &value
	}
	for i, value := range values {
		if value == nil || *value == "NULL" {
			builder.Field(i).AppendNull()
			continue
		}
		if err := appendText(builder.Field(i), schema[i].Type, *value); err != nil {
			return Insert, errs.Wrap(errs.User, err, "column %s", schema[i].Name)
		}
	}
	return kind, nil
}

// timeColumn is the first timestamp column, or -1.
func timeColumn(schema types.Schema) int {
	for i, f := range schema {
		if f.Type.IsTimestamp() {
			return i
		}
	}
	return -1
}

// splitWords splits at spaces outside quotes.
func splitWords(line string) ([]string, error) {
	var words []string
	start, quoted := -1, false
	for i := 0; i <= len(line); i++ {
		switch {
		case i == len(line) || line[i] == ' ' && !quoted:
			if start >= 0 {
				words = append(words, line[start:i])
			}
			start = -1
		case line[i] == '\'':
			quoted = !quoted
			fallthrough
		default:
			if start < 0 {
				start = i
			}
		}
	}
	if quoted {
		return nil, errs.Userf("quote is not closed")
	}
	return words, nil
}

// appendText appends a value given as text.
func appendText(b array.Builder, t types.Type, text string) error {
	if len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'' {
		text = strings.ReplaceAll(text[1:len(text)-1], "''", "'")
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(text)
		return nil
	case *array.BinaryBuilder:
		raw, err := hex.DecodeString(text)
		b.Append(raw)
		return err
	case *array.TimestampBuilder:
		d, err := time.ParseDuration(text)
		b.Append(arrow.Timestamp(int64(d / types.TimestampUnit(t.Precision).Multiplier())))
		return err
	case *array.DurationBuilder:
		d, err := time.ParseDuration(text)
		b.Append(arrow.Duration(d.Milliseconds()))
		return err
	}
	return b.AppendValueFromString(text)
}

// FormatRow gives the text form of row i of b.
func FormatRow(b Batch, i int) string {
	var text strings.Builder
	text.WriteString(b.Kind(i).String())
	for c, field := range b.Record.Schema().Fields() {
		fmt.Fprintf(&text, " %s=%s", field.Name, formatCell(b.Column(c), i))
	}
	return text.String()
}

// formatCell gives the text form of one value.
func formatCell(arr arrow.Array, i int) string {
	if arr.IsNull(i) {
		return "NULL"
	}
	switch arr := arr.(type) {
	case *array.String:
		return quoteWord(arr.Value(i))
	case *array.Binary:
		return hex.EncodeToString(arr.Value(i))
	case *array.Float64:
		return strconv.FormatFloat(arr.Value(i), 'g', -1, 64)
	case *array.Float32:
		return strconv.FormatFloat(float64(arr.Value(i)), 'g', -1, 32)
	case *array.Decimal128:
		return rex.FormatDecimal(arr.Value(i).BigInt().String(), int(arr.DataType().(*arrow.Decimal128Type).Scale))
	case *array.Timestamp:
		unit := arr.DataType().(*arrow.TimestampType).Unit.Multiplier()
		return (time.Duration(arr.Value(i)) * unit).String()
	case *array.Duration:
		return (time.Duration(arr.Value(i)) * arr.DataType().(*arrow.DurationType).Unit.Multiplier()).String()
	}
	text := arr.ValueStr(i)
	if strings.ContainsAny(text, " '") {
		text = "{" + text + "}"
	}
	return text
}

// quoteWord quotes s unless it is a plain word.
func quoteWord(s string) string {
	plain := s != "" && s != "NULL" && !strings.ContainsAny(s, " '\n\t=")
	if plain {
		return s
	}
	return types.QuoteString(s)
}

// FormatRows gives the text forms of all rows of b.
func FormatRows(b Batch) []string {
	lines := make([]string, b.Rows())
	for i := range lines {
		lines[i] = FormatRow(b, i)
	}
	return lines
}

// typeKinds are the type names that ParseSchema knows without parameters.
var typeKinds = map[string]types.Type{
	"BOOLEAN": types.Of(types.Boolean), "TINYINT": types.Of(types.TinyInt), "SMALLINT": types.Of(types.SmallInt),
	"INT": types.Of(types.Int), "BIGINT": types.Of(types.BigInt), "FLOAT": types.Of(types.Float),
	"DOUBLE": types.Of(types.Double), "STRING": types.StringType(), "BYTES": types.BytesType(), "DATE": types.Of(types.Date),
}

// ParseSchema parses `name TYPE, …`, for tests and options; the sql package parses all of
// SQL.
func ParseSchema(text string) (types.Schema, error) {
	var schema types.Schema
	for len(strings.TrimSpace(text)) > 0 {
		var column string
		column, text = cutOutside(text)
		name, typeText, _ := strings.Cut(strings.TrimSpace(column), " ")
		t, err := parseType(strings.TrimSpace(typeText))
		if err != nil {
			return nil, errs.Wrap(errs.User, err, "column %s", name)
		}
		schema = append(schema, types.Field{Name: name, Type: t})
	}
	return schema, nil
}

// cutOutside cuts text at its first comma outside of brackets.
func cutOutside(text string) (first, rest string) {
	depth := 0
	for i, r := range text {
		switch r {
		case '(', '<':
			depth++
		case ')', '>':
			depth--
		case ',':
			if depth == 0 {
				return text[:i], text[i+1:]
			}
		}
	}
	return text, ""
}

// parseNested parses ARRAY<t>, MULTISET<t>, MAP<k, v> and ROW<name t, …>; ok is false
// for other types.
func parseNested(text string) (t types.Type, ok bool, err error) {
	head, inner, opened := strings.Cut(text, "<")
	inner, closed := strings.CutSuffix(inner, ">")
	if !opened || !closed {
		return t, false, nil
	}
	switch strings.ToUpper(strings.TrimSpace(head)) {
	case "ARRAY":
		elem, err := parseType(strings.TrimSpace(inner))
		return types.ArrayOf(elem), true, err
	case "MULTISET":
		elem, err := parseType(strings.TrimSpace(inner))
		return types.MultisetOf(elem), true, err
	case "MAP":
		k, v := cutOutside(inner)
		key, err := parseType(strings.TrimSpace(k))
		if err != nil {
			return t, true, err
		}
		value, err := parseType(strings.TrimSpace(v))
		return types.MapOf(key, value), true, err
	case "ROW":
		fields, err := ParseSchema(inner)
		return types.RowOf(fields...), true, err
	}
	return t, false, nil
}

// ParseType parses one type of SQL.
func ParseType(text string) (types.Type, error) { return parseType(strings.TrimSpace(text)) }

func parseType(text string) (types.Type, error) {
	base, notNull := strings.CutSuffix(text, " NOT NULL")
	if t, ok, err := parseNested(base); ok || err != nil {
		return t.WithNullable(!notNull), err
	}
	t, ok := typeKinds[base]
	var p, s int
	switch {
	case ok:
	case scan(base, "DECIMAL(%d, %d)", &p, &s):
		t = types.DecimalOf(p, s)
	case scan(base, "TIMESTAMP(%d)", &p):
		t = types.TimestampOf(p)
	case scan(base, "TIMESTAMP_LTZ(%d)", &p):
		t = types.TimestampLTZOf(p)
	default:
		return t, errs.Userf("type %q is not known here", text)
	}
	return t.WithNullable(!notNull), nil
}

func scan(text, format string, into ...any) bool {
	n, err := fmt.Sscanf(text, format, into...)
	return err == nil && n == len(into)
}
