package rowcodec

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
)

// columnReader decodes a batch of rows into arrays, each column straight into its
// buffers. Scratch memory is kept between batches.
type columnReader struct {
	// nulls are the null bits that any row of the batch has.
	nulls []byte
	// cursor is where the next variable column starts in each row, starts and
	// lengths where the current one's values lie.
	cursor, starts, lengths []uint32
}

// Columns decodes all rows into new arrays, owned by the caller; rows are borrowed
// for the call.
func (d *RowDecoder) Columns(alloc memory.Allocator, rows [][]byte) ([]arrow.Array, error) {
	r, c := &d.r, &d.columns
	if err := c.begin(&r.layout, rows); err != nil {
		return nil, err
	}
	out := make([]arrow.Array, len(r.shapes), len(r.shapes)+1)
	for i := range r.shapes {
		if s := &r.shapes[i]; s.form <= formBool {
			out[i] = c.fixed(&r.layout, i, alloc, rows)
		} else if s.form == formNull {
			out[i] = array.NewNull(len(rows))
		}
	}
	for _, i := range r.variable {
		var err error
		if r.shapes[i].form == formVar {
			out[i], err = c.bytes(&r.layout, i, alloc, rows)
		} else {
			out[i], err = c.nested(&r.layout, i, alloc, rows)
		}
		if err != nil {
			for _, arr := range out {
				if arr != nil {
					arr.Release()
				}
			}
			return nil, err
		}
	}
	return out, nil
}

// begin checks lengths and collects the null bits.
func (c *columnReader) begin(l *layout, rows [][]byte) error {
	c.nulls = grow(c.nulls, l.nullBytes)
	clear(c.nulls)
	least := l.nullBytes + l.fixedBytes
	for _, row := range rows {
		if len(row) < least {
			return errs.Corruptionf("an encoded row of %d bytes where %d were expected", len(row), least)
		}
		for i := range c.nulls {
			c.nulls[i] |= row[i]
		}
	}
	if len(l.variable) > 0 {
		c.cursor, c.starts, c.lengths = grow(c.cursor, len(rows)), grow(c.starts, len(rows)), grow(c.lengths, len(rows))
		for i := range c.cursor {
			c.cursor[i] = uint32(least)
		}
	}
	return nil
}

// hasNull reports whether any row has NULL in column col.
func (c *columnReader) hasNull(col int) bool { return c.nulls[col/8]>>(col%8)&1 != 0 }

func isNull(row []byte, col int) bool { return row[col/8]>>(col%8)&1 != 0 }

// validity is the bitmap of column col, nil without NULLs, and the number of these.
func (c *columnReader) validity(col int, alloc memory.Allocator, rows [][]byte) (*memory.Buffer, int) {
	if !c.hasNull(col) {
		return nil, 0
	}
	buf := newBuffer(alloc, int(bitutil.BytesForBits(int64(len(rows)))))
	bits, nulls := buf.Bytes(), 0
	clear(bits)
	for i, row := range rows {
		null := row[col/8] >> (col % 8) & 1
		nulls += int(null)
		bits[i/8] |= (null ^ 1) << (i % 8)
	}
	return buf, nulls
}

// fixed decodes a column of fixed width.
func (c *columnReader) fixed(l *layout, col int, alloc memory.Allocator, rows [][]byte) arrow.Array {
	s, at := &l.shapes[col], l.nullBytes+l.place[col]
	size := len(rows) * s.width
	if s.form == formBool {
		size = int(bitutil.BytesForBits(int64(len(rows))))
	}
	values := newBuffer(alloc, size)
	switch {
	case s.form == formBool:
		bits := values.Bytes()
		clear(bits)
		for i, row := range rows {
			if row[at] != 0 {
				bits[i/8] |= 1 << (i % 8)
			}
		}
	case s.width == 1:
		collect[uint8](values, rows, at)
	case s.width == 2:
		collect[uint16](values, rows, at)
	case s.width == 4:
		collect[uint32](values, rows, at)
	case s.width == 8:
		collect[uint64](values, rows, at)
	default:
		collect[[2]uint64](values, rows, at)
	}
	validity, nulls := c.validity(col, alloc, rows)
	return makeArray(s.dt, len(rows), []*memory.Buffer{validity, values}, nulls)
}

// collect copies the values at offset at of all rows, whose lengths were checked.
func collect[T any](dst *memory.Buffer, rows [][]byte, at int) {
	out := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(dst.Bytes()))), len(rows))
	for i, row := range rows {
		out[i] = *(*T)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(row)), at))
	}
}

// locate finds the values of variable column col and returns their bytes in all.
func (c *columnReader) locate(col int, rows [][]byte) (int, error) {
	total, checked := 0, c.hasNull(col)
	for i, row := range rows {
		if checked && isNull(row, col) {
			c.lengths[i] = 0
			continue
		}
		at := int(c.cursor[i])
		if at >= len(row) {
			return 0, errShort()
		}
		size, used := uint64(row[at]), 1
		if size >= 0x80 {
			size, used = binary.Uvarint(row[at:])
		}
		if at += used; used <= 0 || size > uint64(len(row)-at) {
			return 0, errShort()
		}
		c.starts[i], c.lengths[i], c.cursor[i] = uint32(at), uint32(size), uint32(at)+uint32(size)
		total += int(size)
	}
	return total, nil
}

// bytes decodes a column of strings or bytes.
func (c *columnReader) bytes(l *layout, col int, alloc memory.Allocator, rows [][]byte) (arrow.Array, error) {
	total, err := c.locate(col, rows)
	if err != nil {
		return nil, err
	}
	if total > math.MaxInt32 {
		return nil, errs.Resourcef("a batch of %d rows with %d bytes in one column", len(rows), total)
	}
	offsets, data := newBuffer(alloc, 4*(len(rows)+1)), newBuffer(alloc, total)
	ends := unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(offsets.Bytes()))), len(rows)+1)
	to, at := data.Bytes(), 0
	for i, row := range rows {
		ends[i] = int32(at)
		if n := int(c.lengths[i]); n > 0 {
			start := int(c.starts[i])
			at += copy(to[at:], row[start:start+n])
		}
	}
	ends[len(rows)] = int32(at)
	validity, nulls := c.validity(col, alloc, rows)
	return makeArray(l.shapes[col].dt, len(rows), []*memory.Buffer{validity, offsets, data}, nulls), nil
}

// nested decodes a column of lists, maps or structs, value by value.
func (c *columnReader) nested(l *layout, col int, alloc memory.Allocator, rows [][]byte) (arrow.Array, error) {
	if _, err := c.locate(col, rows); err != nil {
		return nil, err
	}
	b := array.NewBuilder(alloc, l.shapes[col].dt)
	defer b.Release()
	b.Reserve(len(rows))
	for i, row := range rows {
		if isNull(row, col) {
			b.AppendNull()
		} else if err := decodeBare(row[c.starts[i]:c.starts[i]+c.lengths[i]], &l.shapes[col], b); err != nil {
			return nil, err
		}
	}
	return b.NewArray(), nil
}

func newBuffer(alloc memory.Allocator, size int) *memory.Buffer {
	b := memory.NewResizableBuffer(alloc)
	b.Resize(size)
	return b
}

// makeArray takes over the references on buffers.
func makeArray(dt arrow.DataType, n int, buffers []*memory.Buffer, nulls int) arrow.Array {
	data := array.NewData(dt, n, buffers, nil, nulls, 0)
	defer data.Release()
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	return array.MakeFromData(data)
}
