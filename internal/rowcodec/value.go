package rowcodec

import (
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/errs"
)

// decodeBare appends a value of which b is the whole encoding, without the
// length of formVar.
func decodeBare(b []byte, s *shape, builder array.Builder) error {
	if s.form == formVar {
		return appendBytes(b, builder)
	}
	rest, err := decodeValue(b, s, builder)
	if err == nil && len(rest) > 0 {
		return errs.Corruptionf("an encoded value has %d bytes too many", len(rest))
	}
	return err
}

func appendBytes(b []byte, builder array.Builder) error {
	switch t := builder.(type) {
	case *array.StringBuilder:
		t.BinaryBuilder.Append(b)
	case *array.BinaryBuilder:
		t.Append(b)
	default:
		return errBuilder(builder)
	}
	return nil
}

// decodeValue is the inverse of appendValue; it returns what follows the value.
func decodeValue(b []byte, s *shape, builder array.Builder) ([]byte, error) {
	switch s.form {
	case formVar:
		size, used := binary.Uvarint(b)
		if used <= 0 || size > uint64(len(b)-used) {
			return nil, errShort()
		}
		end := used + int(size)
		return b[end:], appendBytes(b[used:end], builder)
	case formList:
		return decodeList(b, s, builder)
	case formMap:
		return decodeMap(b, s, builder)
	case formStruct:
		return decodeStruct(b, s, builder)
	}
	if len(b) < s.width {
		return nil, errShort()
	}
	return b[s.width:], appendFixedValue(unsafe.Pointer(unsafe.SliceData(b)), builder)
}

func decodeOptional(b []byte, s *shape, builder array.Builder) ([]byte, error) {
	if len(b) == 0 || b[0] > 1 {
		return nil, errShort()
	}
	if b[0] == 0 {
		builder.AppendNull()
		return b[1:], nil
	}
	return decodeValue(b[1:], s, builder)
}

// decodeCount reads a number of elements, of which each takes a byte at least.
func decodeCount(b []byte) (int, []byte, error) {
	count, used := binary.Uvarint(b)
	if used <= 0 || count > uint64(len(b)-used) {
		return 0, nil, errShort()
	}
	return int(count), b[used:], nil
}

func decodeList(b []byte, s *shape, builder array.Builder) ([]byte, error) {
	list, ok := builder.(*array.ListBuilder)
	if !ok {
		return nil, errBuilder(builder)
	}
	count, b, err := decodeCount(b)
	if err != nil {
		return nil, err
	}
	list.Append(true)
	for range count {
		if b, err = decodeOptional(b, &s.children[0], list.ValueBuilder()); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func decodeMap(b []byte, s *shape, builder array.Builder) ([]byte, error) {
	m, ok := builder.(*array.MapBuilder)
	if !ok {
		return nil, errBuilder(builder)
	}
	count, b, err := decodeCount(b)
	if err != nil {
		return nil, err
	}
	m.Append(true)
	for range count {
		if b, err = decodeOptional(b, &s.children[0], m.KeyBuilder()); err != nil {
			return nil, err
		}
		if b, err = decodeOptional(b, &s.children[1], m.ItemBuilder()); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func decodeStruct(b []byte, s *shape, builder array.Builder) ([]byte, error) {
	row, ok := builder.(*array.StructBuilder)
	if !ok {
		return nil, errBuilder(builder)
	}
	row.Append(true)
	var err error
	for i := range s.children {
		if b, err = decodeOptional(b, &s.children[i], row.FieldBuilder(i)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendFixedValue appends the value at p, of the builder's width.
func appendFixedValue(p unsafe.Pointer, builder array.Builder) error {
	switch b := builder.(type) {
	case *array.BooleanBuilder:
		b.Append(*(*byte)(p) != 0)
	case *array.Int8Builder:
		b.Append(*(*int8)(p))
	case *array.Int16Builder:
		b.Append(*(*int16)(p))
	case *array.Int32Builder:
		b.Append(*(*int32)(p))
	case *array.Int64Builder:
		b.Append(*(*int64)(p))
	case *array.Uint8Builder:
		b.Append(*(*uint8)(p))
	case *array.Uint16Builder:
		b.Append(*(*uint16)(p))
	case *array.Uint32Builder:
		b.Append(*(*uint32)(p))
	case *array.Uint64Builder:
		b.Append(*(*uint64)(p))
	case *array.Float32Builder:
		b.Append(*(*float32)(p))
	case *array.Float64Builder:
		b.Append(*(*float64)(p))
	case *array.Decimal128Builder:
		b.Append(*(*decimal128.Num)(p))
	default:
		return appendTemporalValue(p, builder)
	}
	return nil
}

func appendTemporalValue(p unsafe.Pointer, builder array.Builder) error {
	switch b := builder.(type) {
	case *array.Date32Builder:
		b.Append(*(*arrow.Date32)(p))
	case *array.Date64Builder:
		b.Append(*(*arrow.Date64)(p))
	case *array.Time32Builder:
		b.Append(*(*arrow.Time32)(p))
	case *array.Time64Builder:
		b.Append(*(*arrow.Time64)(p))
	case *array.TimestampBuilder:
		b.Append(*(*arrow.Timestamp)(p))
	case *array.DurationBuilder:
		b.Append(*(*arrow.Duration)(p))
	case *array.MonthIntervalBuilder:
		b.Append(*(*arrow.MonthInterval)(p))
	default:
		return errBuilder(builder)
	}
	return nil
}

func errBuilder(builder array.Builder) error {
	return errs.Bugf("a decoder was given a builder of type %T that its column can't use", builder)
}
