package rowcodec

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
)

// layout is the common part of keys and rows: `nulls fixed variable`.
type layout struct {
	shapes []shape
	// place is a fixed column's offset in the fixed part.
	place []int
	// variable lists the columns of the variable part, in order.
	variable []int
	// nullBytes and fixedBytes are the sizes of the first two parts.
	nullBytes, fixedBytes int
	// canonical makes equal values equal bytes (keys); otherwise bits are kept.
	canonical bool
	// lastBare leaves out the length of the last variable column.
	lastBare bool
}

func newLayout(types []arrow.DataType, canonical bool) (layout, error) {
	shapes, err := shapesOf(types)
	if err != nil {
		return layout{}, err
	}
	l := layout{
		shapes: shapes, place: make([]int, len(shapes)), nullBytes: (len(shapes) + 7) / 8,
		canonical: canonical, lastBare: canonical,
	}
	for i := range shapes {
		if shapes[i].fixed() {
			l.place[i] = l.fixedBytes
			l.fixedBytes += shapes[i].width
		} else {
			l.variable = append(l.variable, i)
		}
	}
	return l, nil
}

// bare reports whether variable column number n (in order) has no length.
func (l *layout) bare(n int) bool { return l.lastBare && n == len(l.variable)-1 }

// writer encodes batches in one layout.
type writer struct {
	layout
	views []view
	// scratch holds nested values of the batch, column by column; ends are their
	// ends in it, by variable column and row.
	scratch []byte
	ends    [][]uint32
	cursor  []uint32
	sorter  mapSorter
	// bound are the columns of the last mustBind.
	bound []arrow.Array
}

func newWriter(types []arrow.DataType, canonical bool) (writer, error) {
	l, err := newLayout(types, canonical)
	if err != nil {
		return writer{}, err
	}
	return writer{layout: l, views: make([]view, len(types)), ends: make([][]uint32, len(l.variable))}, nil
}

// bind points the views at cols.
func (w *writer) bind(cols []arrow.Array) error {
	w.bound = w.bound[:0]
	if len(cols) != len(w.shapes) {
		return errs.Bugf("%d columns given to an encoder of %d", len(cols), len(w.shapes))
	}
	for i, c := range cols {
		if err := w.views[i].set(&w.shapes[i], c); err != nil {
			return err
		}
	}
	return nil
}

// mustBind is bind for calls per row: it does nothing when the columns are those
// of the last call, and panics where bind fails, which is the caller's bug.
func (w *writer) mustBind(cols []arrow.Array) {
	if len(cols) == len(w.bound) && slices.Equal(cols, w.bound) {
		return
	}
	if err := w.bind(cols); err != nil {
		panic(err)
	}
	w.bound = append(w.bound, cols...)
}

// measure fills offsets (of length rows+1) with the ends of all rows encoded as
// `nulls fixed variable`, and encodes nested values into scratch.
func (w *writer) measure(rows int, offsets []uint32) error {
	lengths := offsets[1:]
	base := uint32(w.nullBytes + w.fixedBytes)
	for i := range lengths {
		lengths[i] = base
	}
	w.scratch = w.scratch[:0]
	for n, c := range w.variable {
		v := &w.views[c]
		if v.shape.form == formVar {
			measureVar(v, lengths, w.bare(n))
		} else {
			w.measureNested(n, v, lengths)
		}
	}
	offsets[0] = 0
	total := uint64(0)
	for i, length := range lengths {
		total += uint64(length)
		lengths[i] = uint32(total)
	}
	if total > math.MaxUint32 || len(w.scratch) > math.MaxUint32 {
		return errs.Resourcef("a batch of %d rows takes %d bytes encoded, more than 4 GiB", rows, total).
			WithHint("use smaller batches")
	}
	return nil
}

func measureVar(v *view, lengths []uint32, bare bool) {
	for i := range lengths {
		if v.nulls != nil && v.isNull(i) {
			continue
		}
		n := uint32(v.offsets[i+1] - v.offsets[i])
		if !bare {
			n += uvarintLen(n)
		}
		lengths[i] += n
	}
}

func (w *writer) measureNested(n int, v *view, lengths []uint32) {
	w.ends[n] = grow(w.ends[n], len(lengths))
	for i := range lengths {
		start := len(w.scratch)
		if !v.isNull(i) {
			w.scratch = appendValue(w.scratch, v, i, w.nested())
			size := uint32(len(w.scratch) - start)
			if !w.bare(n) {
				size += uvarintLen(size)
			}
			lengths[i] += size
		}
		w.ends[n][i] = uint32(len(w.scratch))
	}
}

// nested is how nested values are encoded: the sorter when canonical, else nil.
func (w *writer) nested() *mapSorter {
	if w.canonical {
		return &w.sorter
	}
	return nil
}

// fill writes all rows into data at offsets.
func (w *writer) fill(rows int, offsets []uint32, data []byte) {
	clear(data)
	for c := range w.views {
		if w.views[c].hasNulls() {
			w.fillNulls(c, rows, offsets, data)
		}
		if w.shapes[c].fixed() {
			w.fillFixed(c, offsets[:rows], data, w.nullBytes)
		}
	}
	if len(w.variable) == 0 {
		return
	}
	w.cursor = grow(w.cursor, rows)
	for i := range w.cursor {
		w.cursor[i] = offsets[i] + uint32(w.nullBytes+w.fixedBytes)
	}
	start := uint32(0)
	for n, c := range w.variable {
		if w.shapes[c].form == formVar {
			fillVar(&w.views[c], w.cursor, data, w.bare(n))
			continue
		}
		start = w.fillNested(n, data, start)
	}
}

func (w *writer) fillNulls(c, rows int, offsets []uint32, data []byte) {
	at, bit := uint32(c/8), byte(1)<<(c%8)
	v := &w.views[c]
	for i := range rows {
		if v.isNull(i) {
			data[offsets[i]+at] |= bit
		}
	}
}

// fillFixed writes fixed column c; skip is the size of what precedes the fixed
// part in a row. NULLs stay zero.
func (w *writer) fillFixed(c int, starts []uint32, data []byte, skip int) {
	v, s := &w.views[c], &w.shapes[c]
	if len(starts) == 0 || v.raw == nil && v.bits == nil {
		return
	}
	base := unsafe.Add(unsafe.Pointer(unsafe.SliceData(data)), skip+w.place[c])
	switch {
	case s.form == formBool:
		for i, start := range starts {
			*(*byte)(unsafe.Add(base, start)) = v.bits[(v.offset+i)/8] >> ((v.offset + i) % 8) & 1
		}
	case s.width == 1:
		scatter[uint8](base, starts, v.raw)
	case s.width == 2:
		scatter[uint16](base, starts, v.raw)
	case s.width == 4:
		scatter[uint32](base, starts, v.raw)
	case s.width == 8:
		scatter[uint64](base, starts, v.raw)
	default:
		scatter[[2]uint64](base, starts, v.raw)
	}
	if w.canonical && s.float != 0 {
		canonicalise(base, starts, s.float)
	}
	if v.nulls != nil {
		zeroNulls(v, base, starts)
	}
}

// scatter copies value i of a column to base+starts[i].
func scatter[T any](base unsafe.Pointer, starts []uint32, values unsafe.Pointer) {
	in := unsafe.Slice((*T)(values), len(starts))
	for i, start := range starts {
		*(*T)(unsafe.Add(base, start)) = in[i]
	}
}

func zeroNulls(v *view, base unsafe.Pointer, starts []uint32) {
	for i, start := range starts {
		if v.isNull(i) {
			clear(unsafe.Slice((*byte)(unsafe.Add(base, start)), v.shape.width))
		}
	}
}

// canonicalise makes -0.0 and NaNs at base+starts[i] canonical.
func canonicalise(base unsafe.Pointer, starts []uint32, width int) {
	for _, start := range starts {
		canonicalFloat(unsafe.Add(base, start), width)
	}
}

// Bits of canonical and limiting floating point numbers.
const (
	nan64, inf64, sign64 = 0x7ff8000000000000, 0x7ff0000000000000, 1 << 63
	nan32, inf32, sign32 = 0x7fc00000, 0x7f800000, 1 << 31
)

func canonicalFloat(p unsafe.Pointer, width int) {
	if width == 8 {
		bits := (*uint64)(p)
		*bits = canonical64(*bits)
		return
	}
	bits := (*uint32)(p)
	*bits = canonical32(*bits)
}

func canonical64(bits uint64) uint64 {
	if bits == sign64 {
		return 0
	}
	if bits&^sign64 > inf64 {
		return nan64
	}
	return bits
}

func canonical32(bits uint32) uint32 {
	if bits == sign32 {
		return 0
	}
	if bits&^sign32 > inf32 {
		return nan32
	}
	return bits
}

func fillVar(v *view, cursor []uint32, data []byte, bare bool) {
	for i, at := range cursor {
		if v.nulls != nil && v.isNull(i) {
			continue
		}
		b := v.bytesAt(i)
		if !bare {
			at += uint32(binary.PutUvarint(data[at:], uint64(len(b))))
		}
		cursor[i] = at + uint32(copy(data[at:], b))
	}
}

func (w *writer) fillNested(n int, data []byte, start uint32) uint32 {
	v := &w.views[w.variable[n]]
	for i, end := range w.ends[n] {
		if !v.isNull(i) {
			at, b := w.cursor[i], w.scratch[start:end]
			if !w.bare(n) {
				at += uint32(binary.PutUvarint(data[at:], uint64(len(b))))
			}
			w.cursor[i] = at + uint32(copy(data[at:], b))
		}
		start = end
	}
	return start
}

func uvarintLen(n uint32) uint32 {
	size := uint32(1)
	for n >= 0x80 {
		n >>= 7
		size++
	}
	return size
}
