package rowcodec

import (
	"github.com/apache/arrow/go/v17/arrow"
)

// RowEncoder encodes whole rows; see the package's row format. RowDecoder gives
// back the very same values.
type RowEncoder struct {
	w writer
}

// NewRowEncoder makes an encoder of rows of the given types.
func NewRowEncoder(types []arrow.DataType) (*RowEncoder, error) {
	w, err := newWriter(types, false)
	if err != nil {
		return nil, err
	}
	return &RowEncoder{w: w}, nil
}

// Encode encodes the first rows values of cols into dst, whose former contents
// are lost.
func (e *RowEncoder) Encode(cols []arrow.Array, rows int, dst *Rows) error {
	if err := e.w.bind(cols); err != nil {
		return err
	}
	dst.Offsets = grow(dst.Offsets, rows+1)
	if err := e.w.measure(rows, dst.Offsets); err != nil {
		return err
	}
	dst.Data = grow(dst.Data, int(dst.Offsets[rows]))
	e.w.fill(rows, dst.Offsets, dst.Data)
	return nil
}

// AppendRow appends the encoding of one row to dst. Encoding many rows is much
// faster with Encode. It panics when cols are not of the declared types.
func (e *RowEncoder) AppendRow(dst []byte, cols []arrow.Array, row int) []byte {
	e.w.mustBind(cols)
	return e.w.appendRow(dst, row)
}

// appendRow appends one row of the bound columns.
func (w *writer) appendRow(dst []byte, row int) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, w.nullBytes+w.fixedBytes)...)
	for c := range w.views {
		v := &w.views[c]
		if v.isNull(row) {
			dst[start+c/8] |= 1 << (c % 8)
		} else if v.shape.fixed() {
			at := start + w.nullBytes + w.place[c]
			appendValue(dst[at:at], v, row, w.nested())
		}
	}
	for n, c := range w.variable {
		v := &w.views[c]
		if v.isNull(row) {
			continue
		}
		w.scratch = appendBare(w.scratch[:0], v, row, w.nested())
		if !w.bare(n) {
			dst = appendUvarint32(dst, uint32(len(w.scratch)))
		}
		dst = append(dst, w.scratch...)
	}
	return dst
}
