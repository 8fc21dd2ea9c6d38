package rowcodec

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
)

// SortDecoder turns sort keys back into their columns.
type SortDecoder struct {
	shapes  []shape
	keys    []rex.SortKey
	scratch []byte
}

// NewSortDecoder makes the decoder of NewSortEncoder's keys for the same
// arguments.
func NewSortDecoder(types []arrow.DataType, keys []rex.SortKey) (*SortDecoder, error) {
	picked, err := sortTypes(types, keys)
	if err != nil {
		return nil, err
	}
	shapes, err := shapesOf(picked)
	return &SortDecoder{shapes: shapes, keys: append([]rex.SortKey(nil), keys...)}, err
}

// Decode appends the key's columns to builders, one for each sort key in order,
// and returns what follows the key.
func (d *SortDecoder) Decode(key []byte, builders []array.Builder) ([]byte, error) {
	for i := range d.shapes {
		if len(key) == 0 {
			return nil, errShort()
		}
		mark := key[0]
		key = key[1:]
		if mark != markValue {
			builders[i].AppendNull()
			continue
		}
		r := sortReader{in: key}
		if d.keys[i].Descending {
			r.flip = 0xff
		}
		d.scratch = r.value(d.scratch[:0], &d.shapes[i])
		if r.failed {
			return nil, errShort()
		}
		if err := decodeBare(d.scratch, &d.shapes[i], builders[i]); err != nil {
			return nil, errs.Wrap(errs.Corruption, err, "sort key %d", i)
		}
		key = r.in
	}
	return key, nil
}

// sortReader rewrites a value from the sort format into that of appendValue.
type sortReader struct {
	in     []byte
	flip   byte
	failed bool
}

func (r *sortReader) next() byte {
	if len(r.in) == 0 {
		r.failed = true
		return 0
	}
	b := r.in[0] ^ r.flip
	r.in = r.in[1:]
	return b
}

// value appends the top-level form, bare for formVar.
func (r *sortReader) value(dst []byte, s *shape) []byte {
	if s.form == formVar {
		return r.unescape(dst)
	}
	return r.nested(dst, s)
}

func (r *sortReader) nested(dst []byte, s *shape) []byte {
	switch s.form {
	case formBool:
		return append(dst, r.next())
	case formVar:
		b := r.unescape(nil)
		return append(appendUvarint32(dst, uint32(len(b))), b...)
	case formList:
		return r.list(dst, s)
	case formStruct:
		for c := range s.children {
			mark := r.next()
			dst = append(dst, mark)
			if mark == markValue {
				dst = r.nested(dst, &s.children[c])
			}
		}
		return dst
	}
	return r.fixed(dst, s)
}

func (r *sortReader) list(dst []byte, s *shape) []byte {
	var elements []byte
	count := uint32(0)
	for !r.failed {
		mark := r.next()
		if mark == listEnd {
			break
		}
		count++
		elements = append(elements, mark-listNull)
		if mark == listValue {
			elements = r.nested(elements, &s.children[0])
		}
	}
	return append(appendUvarint32(dst, count), elements...)
}

func (r *sortReader) unescape(dst []byte) []byte {
	for !r.failed {
		b := r.next()
		if b == escape && r.next() == escapeEnd {
			return dst
		}
		dst = append(dst, b)
	}
	return dst
}

func (r *sortReader) fixed(dst []byte, s *shape) []byte {
	var raw [16]byte
	for i := range s.width {
		raw[s.width-1-i] = r.next()
	}
	p := unsafe.Pointer(&raw)
	switch {
	case s.float == 8:
		*(*uint64)(p) = unsortFloat64(*(*uint64)(p))
	case s.float == 4:
		*(*uint32)(p) = unsortFloat32(*(*uint32)(p))
	case s.width > 0:
		raw[s.width-1] ^= byte(signBit(s) >> 56)
	}
	return append(dst, raw[:s.width]...)
}

func unsortFloat64(bits uint64) uint64 {
	if bits&sign64 != 0 {
		return bits &^ sign64
	}
	return ^bits
}

func unsortFloat32(bits uint32) uint32 {
	if bits&sign32 != 0 {
		return bits &^ sign32
	}
	return ^bits
}
