package rowcodec

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// KeyDecoder turns keys back into columns. Values that keys treat as equal come
// back in canonical form: 0.0 for -0.0, one NaN, maps in order of their keys.
type KeyDecoder struct {
	r reader
}

// NewKeyDecoder makes the decoder of NewKeyEncoder's keys for the same types.
func NewKeyDecoder(types []arrow.DataType) (*KeyDecoder, error) {
	l, err := newLayout(types, true)
	if err != nil {
		return nil, err
	}
	return &KeyDecoder{r: reader{layout: l, packed: packedWidth(&l)}}, nil
}

// Decode appends the columns of one key to builders, one each.
func (d *KeyDecoder) Decode(key []byte, builders []array.Builder) error {
	d.r.one[0] = key
	return d.r.decode(d.r.one[:], builders)
}

// DecodeAll appends the columns of all keys to builders; keys are borrowed for
// the call.
func (d *KeyDecoder) DecodeAll(keys [][]byte, builders []array.Builder) error {
	return d.r.decode(keys, builders)
}

// RowDecoder turns encoded rows back into columns.
type RowDecoder struct {
	r       reader
	columns columnReader
}

// NewRowDecoder makes the decoder of NewRowEncoder's rows for the same types.
func NewRowDecoder(types []arrow.DataType) (*RowDecoder, error) {
	l, err := newLayout(types, false)
	if err != nil {
		return nil, err
	}
	return &RowDecoder{r: reader{layout: l}}, nil
}

// Decode appends the columns of one row to builders, one each.
func (d *RowDecoder) Decode(row []byte, builders []array.Builder) error {
	d.r.one[0] = row
	return d.r.decode(d.r.one[:], builders)
}

// DecodeAll appends the columns of all rows to builders; rows are borrowed for
// the call.
func (d *RowDecoder) DecodeAll(rows [][]byte, builders []array.Builder) error {
	return d.r.decode(rows, builders)
}
