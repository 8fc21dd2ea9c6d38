package rowcodec

import (
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/errs"
)

// reader decodes batches of one layout, column by column.
type reader struct {
	layout
	// packed is the width of keys without a null bitmap; 0 when there are none.
	packed int
	// cursor is where the next variable column starts, by row; at that of fixed.
	cursor []uint32
	at     []uint32
	one    [1][]byte
}

// decode appends row i of rows to builders, for all rows.
func (r *reader) decode(rows [][]byte, builders []array.Builder) error {
	if len(builders) != len(r.shapes) {
		return errs.Bugf("%d builders given to a decoder of %d columns", len(builders), len(r.shapes))
	}
	if err := r.place0(rows); err != nil {
		return err
	}
	for c, b := range builders {
		if r.shapes[c].fixed() {
			if err := r.decodeFixed(c, rows, b); err != nil {
				return err
			}
		}
	}
	for n, c := range r.variable {
		if err := r.decodeVariable(n, c, rows, builders[c]); err != nil {
			return err
		}
	}
	return nil
}

// place0 checks lengths and finds where each row's fixed part starts.
func (r *reader) place0(rows [][]byte) error {
	r.at = grow(r.at, len(rows))
	r.cursor = grow(r.cursor, len(rows))
	for i, row := range rows {
		at := r.nullBytes
		least := r.nullBytes + r.fixedBytes
		if r.packed > 0 {
			if len(row) == r.packed {
				at = 0
			}
			least = at + r.packed
		}
		if len(row) < least || r.packed > 0 && len(row) != least {
			return errs.Corruptionf("an encoded row of %d bytes where %d were expected", len(row), least)
		}
		r.at[i] = uint32(at)
		r.cursor[i] = uint32(at + r.fixedBytes)
	}
	return nil
}

// null reports whether column c of a row is NULL; at is the row's entry of r.at.
func (r *reader) null(row []byte, at uint32, c int) bool {
	return at > 0 && row[c/8]>>(c%8)&1 != 0
}

// fixedBuilder is what Arrow's builders of fixed-width types have in common.
type fixedBuilder[T any] interface {
	Reserve(n int)
	UnsafeAppend(v T)
	AppendNull()
}

func decodeInto[T any](r *reader, c int, rows [][]byte, b fixedBuilder[T]) error {
	b.Reserve(len(rows))
	place := r.place[c]
	for i, row := range rows {
		if r.null(row, r.at[i], c) {
			b.AppendNull()
			continue
		}
		b.UnsafeAppend(*(*T)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(row)), int(r.at[i])+place)))
	}
	return nil
}

func (r *reader) decodeFixed(c int, rows [][]byte, builder array.Builder) error {
	switch b := builder.(type) {
	case *array.BooleanBuilder:
		return r.decodeBool(c, rows, b)
	case *array.Int8Builder:
		return decodeInto[int8](r, c, rows, b)
	case *array.Int16Builder:
		return decodeInto[int16](r, c, rows, b)
	case *array.Int32Builder:
		return decodeInto[int32](r, c, rows, b)
	case *array.Int64Builder:
		return decodeInto[int64](r, c, rows, b)
	case *array.Float32Builder:
		return decodeInto[float32](r, c, rows, b)
	case *array.Float64Builder:
		return decodeInto[float64](r, c, rows, b)
	case *array.Decimal128Builder:
		return decodeInto[decimal128.Num](r, c, rows, b)
	case *array.Date32Builder:
		return decodeInto[arrow.Date32](r, c, rows, b)
	case *array.Time32Builder:
		return decodeInto[arrow.Time32](r, c, rows, b)
	case *array.Time64Builder:
		return decodeInto[arrow.Time64](r, c, rows, b)
	case *array.TimestampBuilder:
		return decodeInto[arrow.Timestamp](r, c, rows, b)
	case *array.DurationBuilder:
		return decodeInto[arrow.Duration](r, c, rows, b)
	case *array.MonthIntervalBuilder:
		return decodeInto[arrow.MonthInterval](r, c, rows, b)
	}
	return r.decodeRareFixed(c, rows, builder)
}

// decodeRareFixed handles the types that no SQL type maps to, value by value.
func (r *reader) decodeRareFixed(c int, rows [][]byte, builder array.Builder) error {
	for i, row := range rows {
		if r.shapes[c].form == formNull || r.null(row, r.at[i], c) {
			builder.AppendNull()
			continue
		}
		if _, err := decodeValue(row[int(r.at[i])+r.place[c]:], &r.shapes[c], builder); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) decodeBool(c int, rows [][]byte, b *array.BooleanBuilder) error {
	b.Reserve(len(rows))
	for i, row := range rows {
		if r.null(row, r.at[i], c) {
			b.AppendNull()
			continue
		}
		b.UnsafeAppend(row[int(r.at[i])+r.place[c]] != 0)
	}
	return nil
}

func (r *reader) decodeVariable(n, c int, rows [][]byte, builder array.Builder) error {
	builder.Reserve(len(rows))
	var bytes *array.BinaryBuilder
	switch b := builder.(type) {
	case *array.StringBuilder:
		bytes = b.BinaryBuilder
	case *array.BinaryBuilder:
		bytes = b
	}
	bare := r.bare(n)
	for i, row := range rows {
		if r.null(row, r.at[i], c) {
			builder.AppendNull()
			continue
		}
		value := row[r.cursor[i]:]
		if !bare {
			size, used := binary.Uvarint(value)
			if used <= 0 || size > uint64(len(value)-used) {
				return errShort()
			}
			value = value[used : used+int(size)]
			r.cursor[i] += uint32(used + len(value))
		}
		if bytes != nil {
			bytes.Append(value)
		} else if err := decodeBare(value, &r.shapes[c], builder); err != nil {
			return err
		}
	}
	return nil
}

func errShort() error { return errs.Corruptionf("an encoded value ends early") }
