package protobuf

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// encoder is the format's codec.Encoder.
type encoder struct {
	root *program
	// null stands for NULL among texts in arrays and maps.
	null string
}

var _ codec.Encoder = (*encoder)(nil)

// NewEncoder makes an encoder of the schema's columns.
func (Format) NewEncoder(c codec.Config) (codec.Encoder, error) {
	m, err := message(c.Options)
	if err != nil {
		return nil, err
	}
	root, err := (&compiler{}).message(m, "", c.Schema, nil)
	if err != nil {
		return nil, err
	}
	return &encoder{root: root, null: c.Options.String(optionNullString)}, nil
}

// Begin appends nothing.
func (*encoder) Begin(dst []byte) []byte { return dst }

// Encode appends one message per row.
func (e *encoder) Encode(dst []byte, ends []int, batch stream.Batch) ([]byte, []int, error) {
	if batch.Rows() == 0 {
		return dst, ends, nil
	}
	cols := batch.Record.Columns()
	for row := range batch.Rows() {
		var err error
		if dst, err = e.message(dst, e.root, cols, row); err != nil {
			return dst, ends, err
		}
		ends = append(ends, len(dst))
	}
	return dst, ends, nil
}

// message appends the fields of a row that are not NULL, in the order of their numbers. Of
// a oneof the last column counts.
func (e *encoder) message(dst []byte, p *program, cols []arrow.Array, row int) ([]byte, error) {
	var err error
	for _, i := range p.order {
		f := p.fields[i]
		if cols[i].IsNull(row) || f.oneof >= 0 && later(p.oneofs[f.oneof], i, cols, row) {
			continue
		}
		if dst, err = e.field(dst, f, cols[i], row); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// later reports whether a field of a oneof behind field i is not NULL.
func later(fields []int, i int, cols []arrow.Array, row int) bool {
	for _, other := range fields {
		if other > i && !cols[other].IsNull(row) {
			return true
		}
	}
	return false
}

// field appends a field with its tag, or tags.
func (e *encoder) field(dst []byte, f *field, arr arrow.Array, row int) ([]byte, error) {
	switch f.shape {
	case list:
		return e.list(dst, f, arr.(*array.List), row)
	case mapping:
		return e.mapping(dst, f, arr.(*array.Map), row)
	}
	start := len(dst)
	dst = protowire.AppendTag(dst, f.number, f.wire)
	from := len(dst)
	dst, err := e.value(dst, f, arr, row)
	if f.implicit && f.shape == scalar && zero(dst[from:]) {
		dst = dst[:start]
	}
	return dst, err
}

// zero reports whether an encoded scalar is its kind's zero: all bytes are, of a text or
// bytes that of the length.
func zero(value []byte) bool {
	for _, b := range value {
		if b != 0 {
			return false
		}
	}
	return true
}

// list appends an array's elements, in one piece if the field is packed.
func (e *encoder) list(dst []byte, f *field, arr *array.List, row int) ([]byte, error) {
	from, to := arr.ValueOffsets(row)
	values := arr.ListValues()
	var err error
	if !f.packed {
		for at := int(from); at < int(to); at++ {
			dst = protowire.AppendTag(dst, f.number, f.elem.wire)
			if dst, err = e.element(dst, f.elem, values, at); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	if from == to {
		return dst, nil
	}
	dst = protowire.AppendTag(dst, f.number, protowire.BytesType)
	start := len(dst)
	for at := int(from); at < int(to); at++ {
		if dst, err = e.element(dst, f.elem, values, at); err != nil {
			return dst, err
		}
	}
	return withLength(dst, start), nil
}

// mapping appends a map's entries.
func (e *encoder) mapping(dst []byte, f *field, arr *array.Map, row int) ([]byte, error) {
	from, to := arr.ValueOffsets(row)
	for at := int(from); at < int(to); at++ {
		dst = protowire.AppendTag(dst, f.number, protowire.BytesType)
		start := len(dst)
		var err error
		dst = protowire.AppendTag(dst, 1, f.key.wire)
		if dst, err = e.element(dst, f.key, arr.Keys(), at); err != nil {
			return dst, err
		}
		dst = protowire.AppendTag(dst, 2, f.elem.wire)
		if dst, err = e.element(dst, f.elem, arr.Items(), at); err != nil {
			return dst, err
		}
		dst = withLength(dst, start)
	}
	return dst, nil
}

// withLength puts the length of what begins at start before it.
func withLength(dst []byte, start int) []byte {
	n := len(dst) - start
	size := protowire.SizeVarint(uint64(n))
	for range size {
		dst = append(dst, 0)
	}
	copy(dst[start+size:], dst[start:start+n])
	protowire.AppendVarint(dst[:start], uint64(n))
	return dst
}

// element appends a value of an array or a map, which can't lack: NULL is written as the
// type's default.
func (e *encoder) element(dst []byte, f *field, arr arrow.Array, at int) ([]byte, error) {
	switch {
	case arr.IsValid(at):
		return e.value(dst, f, arr, at)
	case f.kind == protoreflect.StringKind && f.shape == scalar:
		return protowire.AppendString(dst, e.null), nil
	case f.wire == protowire.Fixed32Type:
		return protowire.AppendFixed32(dst, 0), nil
	case f.wire == protowire.Fixed64Type:
		return protowire.AppendFixed64(dst, 0), nil
	case f.kind == protoreflect.EnumKind:
		return protowire.AppendVarint(dst, uint64(int64(f.enum.Values().Get(0).Number()))), nil
	}
	return append(dst, 0), nil // a varint, or a length, of 0
}

// value appends a value that is not NULL.
func (e *encoder) value(dst []byte, f *field, arr arrow.Array, row int) ([]byte, error) {
	switch f.shape {
	case timestamp:
		return f.appendTime(dst, arr, row), nil
	case wrapper:
		start := len(dst)
		dst = protowire.AppendTag(dst, 1, f.elem.wire)
		from := len(dst)
		dst, err := e.value(dst, f.elem, arr, row)
		if zero(dst[from:]) {
			dst = dst[:start]
		}
		return withLength(dst, start), err
	}
	switch a := arr.(type) {
	case *array.Struct:
		start := len(dst)
		cols := f.sub.cols[:0]
		for i := range a.NumField() {
			cols = append(cols, a.Field(i))
		}
		f.sub.cols = cols
		dst, err := e.message(dst, f.sub, cols, row)
		return withLength(dst, start), err
	case *array.String:
		if f.kind == protoreflect.EnumKind {
			return f.appendName(dst, a.Value(row))
		}
		return protowire.AppendString(dst, a.Value(row)), nil
	case *array.Binary:
		return protowire.AppendBytes(dst, a.Value(row)), nil
	case *array.Boolean:
		return protowire.AppendVarint(dst, protowire.EncodeBool(a.Value(row))), nil
	case *array.Float32:
		return protowire.AppendFixed32(dst, math.Float32bits(a.Value(row))), nil
	case *array.Float64:
		return protowire.AppendFixed64(dst, math.Float64bits(a.Value(row))), nil
	}
	v, ok := integer(arr, row)
	if !ok {
		return dst, errs.Bugf("column '%s' came as %s", f.path, arr.DataType())
	}
	return f.appendInteger(dst, v)
}

// integer reads a value of a column of whole numbers.
func integer(arr arrow.Array, row int) (int64, bool) {
	switch a := arr.(type) {
	case *array.Int8:
		return int64(a.Value(row)), true
	case *array.Int16:
		return int64(a.Value(row)), true
	case *array.Int32:
		return int64(a.Value(row)), true
	case *array.Int64:
		return a.Value(row), true
	}
	return 0, false
}

// appendInteger appends a whole number as the field's kind has it.
func (f *field) appendInteger(dst []byte, v int64) ([]byte, error) {
	narrow := int64(int32(v))
	switch f.kind {
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		if v > narrow {
			narrow = int64(uint32(v)) // a BIGINT has all of it
		}
	case protoreflect.Uint64Kind, protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		narrow = v
	}
	if narrow != v {
		return dst, errs.Userf("column '%s': %d does not fit into the message's %s", f.path, v, f.kind)
	}
	switch f.kind {
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return protowire.AppendVarint(dst, protowire.EncodeZigZag(v)), nil
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return protowire.AppendFixed32(dst, uint32(v)), nil
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return protowire.AppendFixed64(dst, uint64(v)), nil
	case protoreflect.Uint32Kind:
		return protowire.AppendVarint(dst, uint64(uint32(v))), nil
	}
	return protowire.AppendVarint(dst, uint64(v)), nil
}

// appendName appends the value of an enum that has a name.
func (f *field) appendName(dst []byte, name string) ([]byte, error) {
	v, ok := f.numbers[name]
	if !ok {
		return dst, errs.Userf("column '%s': the enum %s has no value '%s'", f.path, f.enum.FullName(), name)
	}
	return protowire.AppendVarint(dst, uint64(v)), nil
}

// appendTime appends a point in time as a google.protobuf.Timestamp.
func (f *field) appendTime(dst []byte, arr arrow.Array, row int) []byte {
	v := int64(arr.(*array.Timestamp).Value(row))
	perSecond := text.Unit(f.typ.Precision)
	seconds, rest := v/perSecond, v%perSecond
	if rest < 0 {
		seconds, rest = seconds-1, rest+perSecond
	}
	start := len(dst)
	if seconds != 0 {
		dst = protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.VarintType), uint64(seconds))
	}
	if rest != 0 {
		dst = protowire.AppendVarint(protowire.AppendTag(dst, 2, protowire.VarintType), uint64(rest*(1e9/perSecond)))
	}
	return withLength(dst, start)
}
