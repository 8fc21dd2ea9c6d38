package postgres

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

func asError[T error](err error, target *T) bool { return errors.As(err, target) }

// rowBuilder makes batches of the texts of rows.
type rowBuilder struct {
	schema   types.Schema
	builders []array.Builder
	rows     int
}

func newRowBuilder(alloc memory.Allocator, schema types.Schema) *rowBuilder {
	b := &rowBuilder{schema: schema}
	for _, f := range schema {
		b.builders = append(b.builders, array.NewBuilder(alloc, f.Type.Arrow()))
	}
	return b
}

// add appends a row; nil is NULL.
func (b *rowBuilder) add(row [][]byte) error {
	for i, value := range row {
		if value == nil {
			b.builders[i].AppendNull()
			continue
		}
		if err := appendValue(b.builders[i], value, b.schema[i].Type); err != nil {
			return errs.Userf("column '%s': '%s' is no %s: %s", b.schema[i].Name, value, b.schema[i].Type, err)
		}
	}
	b.rows++
	return nil
}

// take gives the rows added and starts anew.
func (b *rowBuilder) take() stream.Batch {
	cols := make([]arrow.Array, len(b.builders))
	for i, builder := range b.builders {
		cols[i] = builder.NewArray()
	}
	batch := stream.NewBatch(b.schema.Arrow(), cols, b.rows, nil)
	b.rows = 0
	return batch
}

func (b *rowBuilder) release() {
	for _, builder := range b.builders {
		builder.Release()
	}
}

// appendValue reads a value in the database's text form.
func appendValue(b array.Builder, value []byte, t types.Type) error {
	switch b := b.(type) {
	case *array.StringBuilder:
		b.BinaryBuilder.Append(value)
		return nil
	case *array.BinaryBuilder:
		raw, err := hex.DecodeString(strings.TrimPrefix(string(value), `\x`))
		b.Append(raw)
		return err
	case *array.BooleanBuilder:
		on, err := strconv.ParseBool(string(value))
		b.Append(on)
		return err
	case *array.Float32Builder:
		v, err := strconv.ParseFloat(string(value), 32)
		b.Append(float32(v))
		return err
	case *array.Float64Builder:
		v, err := strconv.ParseFloat(string(value), 64)
		b.Append(v)
		return err
	case *array.Decimal128Builder:
		v, err := text.ParseDecimal(value, t.Precision, t.Scale)
		b.Append(v)
		return err
	}
	v, err := wholeNumber(value, t)
	appendWhole(b, v)
	return err
}

// bitsOf is the size of an integer type, 0 of others.
func bitsOf(k types.Kind) int {
	return map[types.Kind]int{types.TinyInt: 8, types.SmallInt: 16, types.Int: 32, types.BigInt: 64}[k]
}

// wholeNumber reads an integer, or a time as the integer that stands for it.
func wholeNumber(value []byte, t types.Type) (int64, error) {
	if bits := bitsOf(t.Kind); bits > 0 {
		return strconv.ParseInt(string(value), 10, bits)
	}
	if t.Kind == types.TimestampLTZ {
		value = append([]byte(strings.TrimSuffix(string(value), "+00")), 'Z')
	}
	return text.ParseTemporal(value, t, text.SQL)
}

func appendWhole(b array.Builder, v int64) {
	switch b := b.(type) {
	case *array.Int8Builder:
		b.Append(int8(v))
	case *array.Int16Builder:
		b.Append(int16(v))
	case *array.Int32Builder:
		b.Append(int32(v))
	case *array.Int64Builder:
		b.Append(v)
	case *array.Date32Builder:
		b.Append(arrow.Date32(v))
	case *array.Time32Builder:
		b.Append(arrow.Time32(v))
	case *array.Time64Builder:
		b.Append(arrow.Time64(v))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v))
	default:
		b.AppendNull()
	}
}

// textOf is a value in the form that the database reads; nil for NULL.
func textOf(arr arrow.Array, t types.Type, i int) []byte {
	if arr.IsNull(i) {
		return nil
	}
	if b, ok := arr.(*array.Binary); ok {
		return []byte(`\x` + hex.EncodeToString(b.Value(i)))
	}
	return columns.AppendCell([]byte{}, columns.Cell{Array: arr, Type: t, Zone: time.UTC}, i)
}

// arrayOf is a list of values as the database reads an array, without NULLs.
func arrayOf(arr arrow.Array, t types.Type, n int) []byte {
	out := []byte{'{'}
	for i := range n {
		if arr.IsNull(i) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, '"')
		for _, c := range textOf(arr, t, i) {
			if c == '"' || c == '\\' {
				out = append(out, '\\')
			}
			out = append(out, c)
		}
		out = append(out, '"')
	}
	return append(out, '}')
}
