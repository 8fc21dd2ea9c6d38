package protobuf

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// decoder is the format's codec.Decoder.
type decoder struct {
	column.Pending
	root   *program
	ignore bool
	// merged are messages that came in pieces, by depth.
	merged [][]byte
	depth  int
}

var _ codec.Decoder = (*decoder)(nil)

// NewDecoder makes a decoder of the wanted columns.
func (Format) NewDecoder(c codec.Config) (codec.Decoder, error) {
	m, err := message(c.Options)
	if err != nil {
		return nil, err
	}
	d := &decoder{Pending: column.NewPending(column.NewSet(c.Wanted(), c.Alloc, c.BatchRows), c.BatchRows, false), ignore: c.Options.Bool(optionIgnore)}
	if d.root, err = (&compiler{defaults: c.Options.Bool(optionDefaults)}).message(m, "", c.Wanted(), d.Cols); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Lines is not called: messages can't be told apart in a file.
func (d *decoder) Lines([]byte, bool, func(codec.Bad) error) (int, int, error) {
	return 0, 0, errs.Bugf("protobuf messages can't be told apart in a file")
}

// Record decodes a message.
func (d *decoder) Record(message []byte) error {
	if err := d.message(d.root, message); err != nil {
		d.depth = 0
		d.TakeBack(d.N)
		if d.ignore {
			return nil
		}
		return err
	}
	d.Add(stream.Insert)
	return nil
}

// message appends the fields of a message to their columns.
func (d *decoder) message(p *program, data []byte) error {
	if err := p.scan(data); err != nil {
		return err
	}
	for i, f := range p.fields {
		s := &p.slots[i]
		var err error
		switch {
		case f.shape == list:
			err = d.list(f, *s, data)
		case f.shape == mapping:
			err = d.mapping(f, *s, data)
		case s.count == 0:
			err = d.fallback(f)
		case f.wire == protowire.BytesType && s.count > 1 && (f.shape == row || f.shape == timestamp || f.shape == wrapper):
			err = d.pieces(f, *s, data)
		default:
			_, err = d.value(f, data[s.value:])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scan finds where fields are.
func (p *program) scan(data []byte) error {
	clear(p.slots)
	for at := 0; at < len(data); {
		w, err := wireAt(data, at)
		if err != nil {
			return err
		}
		if e := p.entry(w.number); e != nil && (e.field < 0 || p.fields[e.field].takes(w.typ)) {
			if e.oneof >= 0 {
				for _, other := range p.oneofs[e.oneof] {
					if other != e.field {
						p.slots[other] = slot{}
					}
				}
			}
			if e.field >= 0 {
				s := &p.slots[e.field]
				if s.count == 0 {
					s.first = at
				}
				s.count, s.value, s.end = s.count+1, w.value, w.end
			}
		}
		at = w.end
	}
	return nil
}

// wireField is a field as it lies in a message: its value is from value to end.
type wireField struct {
	number     protowire.Number
	typ        protowire.Type
	value, end int
}

// wireAt reads the field that begins at data[at].
func wireAt(data []byte, at int) (wireField, error) {
	number, typ, n := protowire.ConsumeTag(data[at:])
	if n < 0 {
		return wireField{}, broken(at, n)
	}
	value := at + n
	if n = protowire.ConsumeFieldValue(number, typ, data[value:]); n < 0 {
		return wireField{}, broken(value, n)
	}
	return wireField{number, typ, value, value + n}, nil
}

// takes reports whether a value of a wire type may be the field's; others are skipped
// like unknown fields.
func (f *field) takes(wire protowire.Type) bool {
	if f.shape == list {
		return wire == f.elem.wire || wire == protowire.BytesType && f.elem.wire != protowire.BytesType
	}
	return wire == f.wire
}

func broken(at, n int) error {
	return errs.Userf("byte %d: %s", at, protowire.ParseError(n))
}

// fallback appends what stands for a field that is not there.
func (d *decoder) fallback(f *field) error {
	switch {
	case f.absent:
		f.col.Null()
		return nil
	case f.shape == row:
		err := d.message(f.sub, nil)
		f.col.End()
		return err
	case f.shape == list, f.shape == mapping:
		f.col.End()
		return nil
	}
	return f.appendDefault()
}

// appendDefault appends the default of a scalar.
func (f *field) appendDefault() error {
	v := f.fallback
	switch f.kind {
	case protoreflect.StringKind:
		f.col.String(v.String())
	case protoreflect.BytesKind:
		f.col.Bytes(v.Bytes())
	case protoreflect.BoolKind:
		f.col.Bool(v.IsValid() && v.Bool())
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		f.col.Float(v.Float())
	case protoreflect.EnumKind:
		return f.appendEnum(int64(v.Enum()))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		f.appendInt(v.Uint())
	default:
		f.col.Int(v.Int())
	}
	return nil
}

// appendInt appends an unsigned number, in Java's way: it wraps where it doesn't fit.
func (f *field) appendInt(v uint64) {
	if f.col.Layout == column.Fixed32 {
		v = uint64(int64(int32(v)))
	}
	f.col.Int(int64(v))
}

// appendEnum appends an enum's value as its name or number.
func (f *field) appendEnum(v int64) error {
	if !f.typ.IsString() {
		if shift := enumShift(f.typ); v<<shift>>shift != v {
			return errs.Userf("column '%s': the value %d of the enum %s does not fit into %s", f.path, v, f.enum.FullName(), f.typ)
		}
		f.col.Int(v)
		return nil
	}
	if name, ok := f.names[v]; ok {
		f.col.String(name)
		return nil
	}
	f.col.String("UNKNOWN_ENUM_VALUE_" + string(f.enum.Name()) + "_" + strconv.FormatInt(v, 10))
	return nil
}

// enumShift is how many bits of an int64 a type of whole numbers lacks.
func enumShift(t types.Type) int {
	switch t.Kind {
	case types.TinyInt:
		return 56
	case types.SmallInt:
		return 48
	}
	return 0 // an enum's values have 32 bits
}

// value appends the value at the front of data and gives its length.
func (d *decoder) value(f *field, data []byte) (int, error) {
	switch f.wire {
	case protowire.VarintType:
		v, n := protowire.ConsumeVarint(data)
		if n < 0 {
			return 0, broken(0, n)
		}
		return n, f.varint(v)
	case protowire.Fixed32Type:
		v, n := protowire.ConsumeFixed32(data)
		if n < 0 {
			return 0, broken(0, n)
		}
		switch {
		case f.kind == protoreflect.FloatKind:
			f.col.Int(int64(v))
		case f.kind == protoreflect.Sfixed32Kind || f.col.Layout == column.Fixed32:
			f.col.Int(int64(int32(v)))
		default:
			f.col.Int(int64(v))
		}
		return n, nil
	case protowire.Fixed64Type:
		v, n := protowire.ConsumeFixed64(data)
		if n < 0 {
			return 0, broken(0, n)
		}
		f.col.Int(int64(v))
		return n, nil
	}
	v, n := protowire.ConsumeBytes(data)
	if n < 0 {
		return 0, broken(0, n)
	}
	return n, d.bytes(f, v)
}

// varint appends a value that came as a varint.
func (f *field) varint(v uint64) error {
	switch f.kind {
	case protoreflect.BoolKind:
		f.col.Bool(v != 0)
	case protoreflect.EnumKind:
		return f.appendEnum(int64(int32(v)))
	case protoreflect.Sint32Kind:
		f.col.Int(protowire.DecodeZigZag(v & math.MaxUint32))
	case protoreflect.Sint64Kind:
		f.col.Int(protowire.DecodeZigZag(v))
	case protoreflect.Int32Kind:
		f.col.Int(int64(int32(v)))
	case protoreflect.Uint32Kind:
		f.appendInt(v & math.MaxUint32)
	default:
		f.col.Int(int64(v))
	}
	return nil
}

// bytes appends a value of a length of its own: a text, bytes or a message.
func (d *decoder) bytes(f *field, v []byte) error {
	switch f.shape {
	case row:
		err := d.message(f.sub, v)
		if err != nil {
			return err
		}
		f.col.End()
		return nil
	case timestamp:
		return f.time(v)
	case wrapper:
		return d.wrapped(f.elem, v)
	}
	if f.kind == protoreflect.StringKind && !utf8.Valid(v) {
		if f.strict {
			return errs.Userf("column '%s': the text %q is not UTF-8", f.path, v[:min(len(v), 50)])
		}
		v = bytes.ToValidUTF8(v, []byte("\uFFFD"))
	}
	f.col.Bytes(v)
	return nil
}

// time appends a google.protobuf.Timestamp as a point in time.
func (f *field) time(data []byte) error {
	var seconds, nanos int64
	for at := 0; at < len(data); {
		w, err := wireAt(data, at)
		if err != nil {
			return err
		}
		if w.typ == protowire.VarintType && w.number <= 2 {
			v, _ := protowire.ConsumeVarint(data[w.value:])
			if w.number == 1 {
				seconds = int64(v)
			} else {
				nanos = int64(int32(v))
			}
		}
		at = w.end
	}
	perSecond := text.Unit(f.typ.Precision)
	if nanos < 0 || nanos >= 1e9 || seconds > math.MaxInt64/perSecond-1 || seconds < math.MinInt64/perSecond+1 {
		return errs.Userf("column '%s': %d s and %d ns are out of the range of %s", f.path, seconds, nanos, f.typ)
	}
	f.col.Int(seconds*perSecond + nanos/(1e9/perSecond))
	return nil
}

// wrapped appends the value in a wrapper; one without has the default.
func (d *decoder) wrapped(f *field, data []byte) error {
	value := -1
	for at := 0; at < len(data); {
		w, err := wireAt(data, at)
		if err != nil {
			return err
		}
		if w.number == 1 && w.typ == f.wire {
			value = w.value
		}
		at = w.end
	}
	if value < 0 {
		return f.appendDefault()
	}
	_, err := d.value(f, data[value:])
	return err
}

// occurrences calls f for each value of a field between the slot's ends.
func occurrences(s slot, number protowire.Number, data []byte, f func(wire protowire.Type, value []byte) error) error {
	for at := s.first; s.count > 0 && at < s.end; {
		w, err := wireAt(data, at)
		if err == nil && w.number == number {
			err = f(w.typ, data[w.value:w.end])
		}
		if err != nil {
			return err
		}
		at = w.end
	}
	return nil
}

// pieces appends a message that came in several pieces, which are one behind the other.
func (d *decoder) pieces(f *field, s slot, data []byte) error {
	if len(d.merged) == d.depth {
		d.merged = append(d.merged, nil)
	}
	whole := d.merged[d.depth][:0]
	err := occurrences(s, f.number, data, func(wire protowire.Type, value []byte) error {
		if wire == protowire.BytesType {
			v, _ := protowire.ConsumeBytes(value)
			whole = append(whole, v...)
		}
		return nil
	})
	d.merged[d.depth] = whole
	if err != nil {
		return err
	}
	d.depth++
	err = d.bytes(f, whole)
	d.depth--
	return err
}

// list appends all values of a repeated field, packed or not.
func (d *decoder) list(f *field, s slot, data []byte) error {
	if s.count == 0 {
		return d.fallback(f)
	}
	err := occurrences(s, f.number, data, func(wire protowire.Type, value []byte) error {
		if wire == f.elem.wire {
			_, err := d.value(f.elem, value)
			return err
		}
		if wire != protowire.BytesType {
			return nil
		}
		packed, _ := protowire.ConsumeBytes(value)
		for len(packed) > 0 {
			n, err := d.value(f.elem, packed)
			if err != nil {
				return err
			}
			packed = packed[n:]
		}
		return nil
	})
	f.col.End()
	return err
}

// mapping appends all entries of a map.
func (d *decoder) mapping(f *field, s slot, data []byte) error {
	if s.count == 0 {
		return d.fallback(f)
	}
	entries := f.col.Kids[0]
	err := occurrences(s, f.number, data, func(wire protowire.Type, value []byte) error {
		if wire != protowire.BytesType {
			return nil
		}
		entry, _ := protowire.ConsumeBytes(value)
		if err := d.entry(f, entry); err != nil {
			return err
		}
		entries.End()
		return nil
	})
	f.col.End()
	return err
}

// entry appends key and value of a map's entry; what it lacks has the default.
func (d *decoder) entry(f *field, data []byte) error {
	key, value := -1, -1
	for at := 0; at < len(data); {
		w, err := wireAt(data, at)
		if err != nil {
			return err
		}
		switch {
		case w.number == 1 && w.typ == f.key.wire:
			key = w.value
		case w.number == 2 && w.typ == f.elem.wire:
			value = w.value
		}
		at = w.end
	}
	for _, part := range []struct {
		f  *field
		at int
	}{{f.key, key}, {f.elem, value}} {
		var err error
		switch {
		case part.at >= 0:
			_, err = d.value(part.f, data[part.at:])
		case part.f.wire == protowire.BytesType && part.f.shape != scalar:
			err = d.bytes(part.f, nil)
		default:
			err = part.f.appendDefault()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
