package rowcodec

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
)

// Bytes of the sort format. A column is markNull, or markValue and its value; the
// value's bytes are inverted for descending order, the marks never are.
//
//	integers, times, DECIMAL  big endian with the sign bit flipped
//	floating point            IEEE order: -∞ … 0.0 … +∞, NaN greatest
//	strings, binary           bytes, 0x00 written as 0x00 0xFF, then 0x00 0x01
//	list                      per element 0x01 (NULL) or 0x02 and the value, then 0x00
//	struct                    per field 0x00 (NULL) or 0x01 and the value
const (
	markNullFirst = 0x00
	markValue     = 0x01
	markNullLast  = 0x02

	listEnd, listNull, listValue = 0x00, 0x01, 0x02
	escape, escaped, escapeEnd   = 0x00, 0xff, 0x01
)

// SortEncoder encodes columns so that comparing bytes compares rows. Equal values
// (-0.0 and 0.0, any two NaNs) have equal bytes. The encoding of one row is never
// a prefix of another's, so anything may be appended to break ties.
type SortEncoder struct {
	w    writer
	keys []rex.SortKey
}

// NewSortEncoder makes an encoder for keys, whose Column indexes types and later
// the columns given. Maps have no order: they give an unsupported error.
func NewSortEncoder(types []arrow.DataType, keys []rex.SortKey) (*SortEncoder, error) {
	picked, err := sortTypes(types, keys)
	if err != nil {
		return nil, err
	}
	w, err := newWriter(picked, true)
	if err != nil {
		return nil, err
	}
	return &SortEncoder{w: w, keys: append([]rex.SortKey(nil), keys...)}, nil
}

func sortTypes(types []arrow.DataType, keys []rex.SortKey) ([]arrow.DataType, error) {
	picked := make([]arrow.DataType, len(keys))
	for i, k := range keys {
		if k.Column < 0 || k.Column >= len(types) {
			return nil, errs.Bugf("sort key %d is column %d of %d", i, k.Column, len(types))
		}
		picked[i] = types[k.Column]
		if !sortable(picked[i]) {
			return nil, errs.Unsupportedf("values of Arrow type %s have no order", picked[i])
		}
	}
	return picked, nil
}

func sortable(dt arrow.DataType) bool {
	switch t := dt.(type) {
	case *arrow.MapType:
		return false
	case *arrow.ListType:
		return sortable(t.Elem())
	case *arrow.StructType:
		for _, f := range t.Fields() {
			if !sortable(f.Type) {
				return false
			}
		}
	}
	return true
}

// AppendRow appends the sort key of one row of cols to dst. It panics when cols
// are not of the declared types.
func (e *SortEncoder) AppendRow(dst []byte, cols []arrow.Array, row int) []byte {
	e.mustBind(cols)
	for i := range e.keys {
		dst = e.appendColumn(dst, i, row)
	}
	return dst
}

// Encode encodes the first rows values of cols into dst, whose former contents
// are lost.
func (e *SortEncoder) Encode(cols []arrow.Array, rows int, dst *Rows) error {
	if err := e.bind(cols); err != nil {
		return err
	}
	dst.Offsets = grow(dst.Offsets, rows+1)
	dst.Data, dst.Offsets[0] = dst.Data[:0], 0
	for i := range rows {
		for c := range e.keys {
			dst.Data = e.appendColumn(dst.Data, c, i)
		}
		if len(dst.Data) > math.MaxUint32 {
			return errs.Resourcef("the sort keys of a batch of %d rows take more than 4 GiB", rows).
				WithHint("use smaller batches")
		}
		dst.Offsets[i+1] = uint32(len(dst.Data))
	}
	return nil
}

func (e *SortEncoder) mustBind(cols []arrow.Array) {
	if e.isBound(cols) {
		return
	}
	if err := e.bind(cols); err != nil {
		panic(err)
	}
	for _, k := range e.keys {
		e.w.bound = append(e.w.bound, cols[k.Column])
	}
}

func (e *SortEncoder) isBound(cols []arrow.Array) bool {
	if len(e.w.bound) != len(e.keys) {
		return false
	}
	for i, k := range e.keys {
		if k.Column >= len(cols) || e.w.bound[i] != cols[k.Column] {
			return false
		}
	}
	return true
}

func (e *SortEncoder) bind(cols []arrow.Array) error {
	e.w.bound = e.w.bound[:0]
	for i, k := range e.keys {
		if k.Column >= len(cols) {
			return errs.Bugf("sort key %d is column %d of %d", i, k.Column, len(cols))
		}
		if err := e.w.views[i].set(&e.w.shapes[i], cols[k.Column]); err != nil {
			return err
		}
	}
	return nil
}

func (e *SortEncoder) appendColumn(dst []byte, c, row int) []byte {
	v, k := &e.w.views[c], e.keys[c]
	if v.isNull(row) {
		if k.NullsFirst {
			return append(dst, markNullFirst)
		}
		return append(dst, markNullLast)
	}
	dst = append(dst, markValue)
	start := len(dst)
	dst = appendSorted(dst, v, row)
	if k.Descending {
		invert(dst[start:])
	}
	return dst
}

func invert(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

// appendSorted appends value i of v, not NULL, in ascending order.
func appendSorted(dst []byte, v *view, i int) []byte {
	switch v.shape.form {
	case formBool:
		return append(dst, v.bits[(v.offset+i)/8]>>((v.offset+i)%8)&1)
	case formVar:
		return appendEscaped(dst, v.bytesAt(i))
	case formList:
		start, end := v.lists.ValueOffsets(i)
		for j := start; j < end; j++ {
			if v.children[0].isNull(int(j)) {
				dst = append(dst, listNull)
				continue
			}
			dst = appendSorted(append(dst, listValue), &v.children[0], int(j))
		}
		return append(dst, listEnd)
	case formStruct:
		for c := range v.children {
			if v.children[c].isNull(i) {
				dst = append(dst, markNullFirst)
				continue
			}
			dst = appendSorted(append(dst, markValue), &v.children[c], i)
		}
		return dst
	}
	return appendSortedFixed(dst, v.shape, v.fixedAt(i))
}

func appendEscaped(dst, b []byte) []byte {
	for _, x := range b {
		if x == escape {
			dst = append(dst, escape, escaped)
			continue
		}
		dst = append(dst, x)
	}
	return append(dst, escape, escapeEnd)
}

func appendSortedFixed(dst []byte, s *shape, p unsafe.Pointer) []byte {
	switch {
	case s.float == 8:
		return binary.BigEndian.AppendUint64(dst, sortFloat64(canonical64(*(*uint64)(p))))
	case s.float == 4:
		return binary.BigEndian.AppendUint32(dst, sortFloat32(canonical32(*(*uint32)(p))))
	}
	sign := signBit(s)
	switch s.width {
	case 1:
		return append(dst, *(*uint8)(p)^uint8(sign>>56))
	case 2:
		return binary.BigEndian.AppendUint16(dst, *(*uint16)(p)^uint16(sign>>48))
	case 4:
		return binary.BigEndian.AppendUint32(dst, *(*uint32)(p)^uint32(sign>>32))
	case 8:
		return binary.BigEndian.AppendUint64(dst, *(*uint64)(p)^sign)
	}
	dst = binary.BigEndian.AppendUint64(dst, *(*uint64)(unsafe.Add(p, 8))^sign)
	return binary.BigEndian.AppendUint64(dst, *(*uint64)(p))
}

// signBit is the top bit of a word for signed types and 0 for unsigned ones.
func signBit(s *shape) uint64 {
	switch s.dt.ID() {
	case arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64:
		return 0
	}
	return sign64
}

func sortFloat64(bits uint64) uint64 {
	if bits&sign64 != 0 {
		return ^bits
	}
	return bits | sign64
}

func sortFloat32(bits uint32) uint32 {
	if bits&sign32 != 0 {
		return ^bits
	}
	return bits | sign32
}
