package rowcodec

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
)

// KeyEncoder encodes columns as keys; see the package's key format.
type KeyEncoder struct {
	w writer
	// packed is the width of a key without nulls when all columns are fixed, and
	// 0 otherwise.
	packed int
}

// NewKeyEncoder makes an encoder of columns of the given types; none makes every
// key the same. Dictionary arrays must be decoded beforehand.
func NewKeyEncoder(types []arrow.DataType) (*KeyEncoder, error) {
	w, err := newWriter(types, true)
	if err != nil {
		return nil, err
	}
	return &KeyEncoder{w: w, packed: packedWidth(&w.layout)}, nil
}

// packedWidth is the width of `fixed` keys: at least one word, so that most keys
// are compared and hashed as one.
func packedWidth(l *layout) int {
	if len(l.variable) > 0 {
		return 0
	}
	return max(8, l.fixedBytes)
}

// Encode encodes the first rows values of cols into dst, whose former contents
// are lost.
func (e *KeyEncoder) Encode(cols []arrow.Array, rows int, dst *Keys) error {
	if err := e.w.bind(cols); err != nil {
		return err
	}
	defer dst.hashAll()
	if e.packed > 0 {
		if !e.anyNull() {
			e.encodePacked(rows, dst)
			return nil
		}
		e.encodeFixed(rows, dst)
		return nil
	}
	dst.resize(rows, 0)
	if err := e.w.measure(rows, dst.Offsets); err != nil {
		return err
	}
	dst.Data = grow(dst.Data, int(dst.Offsets[rows]))
	e.w.fill(rows, dst.Offsets, dst.Data)
	return nil
}

func (e *KeyEncoder) anyNull() bool {
	for i := range e.w.views {
		if e.w.views[i].hasNulls() {
			return true
		}
	}
	return false
}

// encodePacked encodes fixed columns without NULLs.
func (e *KeyEncoder) encodePacked(rows int, dst *Keys) {
	dst.resize(rows, rows*e.packed)
	dst.Width = e.packed
	for i := range dst.Offsets {
		dst.Offsets[i] = uint32(i * e.packed)
	}
	if rows == 0 {
		return
	}
	if v := &e.w.views; len(*v) == 1 && (*v)[0].shape.width == 8 && (*v)[0].shape.float == 0 {
		copy(dst.Data, unsafe.Slice((*byte)((*v)[0].raw), rows*8))
		return
	}
	if e.w.fixedBytes < e.packed {
		clear(dst.Data)
	}
	for c := range e.w.views {
		e.w.fillFixed(c, dst.Offsets[:rows], dst.Data, 0)
	}
}

// encodeFixed encodes fixed columns of which some hold NULLs: rows without NULL
// are packed, the others carry the bitmap and are longer for it.
func (e *KeyEncoder) encodeFixed(rows int, dst *Keys) {
	dst.resize(rows, rows*(e.packed+e.w.nullBytes))
	clear(dst.Data)
	at := 0
	e.w.cursor = grow(e.w.cursor, rows)
	for i := range rows {
		dst.Offsets[i] = uint32(at)
		if e.rowHasNull(i) {
			for c := range e.w.views {
				if e.w.views[c].isNull(i) {
					dst.Data[at+c/8] |= 1 << (c % 8)
				}
			}
			at += e.w.nullBytes
		}
		e.w.cursor[i] = uint32(at)
		at += e.packed
	}
	dst.Offsets[rows] = uint32(at)
	dst.Data = dst.Data[:at]
	for c := range e.w.views {
		e.w.fillFixed(c, e.w.cursor, dst.Data, 0)
	}
}

func (e *KeyEncoder) rowHasNull(i int) bool {
	for c := range e.w.views {
		if e.w.views[c].isNull(i) {
			return true
		}
	}
	return false
}
