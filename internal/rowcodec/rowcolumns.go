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

// decodeBlock is the number of rows that are decoded together: few enough to stay in
// the nearest cache from their first column to their last. It is a multiple of 8, so
// that every block starts a byte of a bitmap.
const decodeBlock = 256

// columnReader decodes rows into arrays, each column straight into its buffers. Scratch
// memory is kept between batches.
type columnReader struct {
	layout  *layout
	alloc   memory.Allocator
	rows    int
	columns []columnBuild
	// nulls are the null bits that any row of the block has.
	nulls []byte
	// cursor is where the next variable column starts in each row of the block, starts
	// and lengths where the current one's values lie.
	cursor, starts, lengths []uint32
}

// columnBuild is a column that is being decoded.
type columnBuild struct {
	// validity is nil while no NULL was met.
	validity, values, offsets *memory.Buffer
	nulls                     int
	// used is how many bytes of values a variable column has filled, mean how many it
	// took for a row in the last batch.
	used, mean int
	// nested builds a column of lists, maps or structs.
	nested array.Builder
}

// Columns decodes all rows into new arrays, owned by the caller; rows are borrowed
// for the call.
func (d *RowDecoder) Columns(alloc memory.Allocator, rows [][]byte) ([]arrow.Array, error) {
	return d.ColumnsFrom(alloc, len(rows), func(from, to int) [][]byte { return rows[from:to] })
}

// ColumnsFrom decodes n rows into new arrays, owned by the caller. It asks source for
// some of the rows at a time, in order, and is done with them when it asks again.
func (d *RowDecoder) ColumnsFrom(alloc memory.Allocator, n int, source func(from, to int) [][]byte) ([]arrow.Array, error) {
	c := &d.columns
	c.begin(&d.r.layout, alloc, n)
	for from := 0; from < n; from += decodeBlock {
		if err := c.block(from, source(from, min(from+decodeBlock, n))); err != nil {
			c.drop()
			return nil, err
		}
	}
	return c.finish(), nil
}

// begin makes the columns' buffers.
func (c *columnReader) begin(l *layout, alloc memory.Allocator, n int) {
	c.layout, c.alloc, c.rows = l, alloc, n
	c.nulls = grow(c.nulls, l.nullBytes)
	if len(l.variable) > 0 {
		block := min(n, decodeBlock)
		c.cursor, c.starts, c.lengths = grow(c.cursor, block), grow(c.starts, block), grow(c.lengths, block)
	}
	if c.columns == nil {
		c.columns = make([]columnBuild, len(l.shapes))
	}
	for i := range c.columns {
		col, s := &c.columns[i], &l.shapes[i]
		*col = columnBuild{mean: col.mean}
		switch s.form {
		case formNull:
		case formFixed:
			col.values = newBuffer(alloc, n*s.width)
		case formBool:
			col.values = newBuffer(alloc, int(bitutil.BytesForBits(int64(n))))
		case formVar:
			col.offsets, col.values = newBuffer(alloc, 4*(n+1)), newBuffer(alloc, min(n*col.mean, guessBytesMax))
		default:
			col.nested = array.NewBuilder(alloc, s.dt)
			col.nested.Reserve(n)
		}
	}
}

// block decodes rows from number from on.
func (c *columnReader) block(from int, rows [][]byte) error {
	if err := c.check(rows); err != nil {
		return err
	}
	for i := range c.columns {
		s := &c.layout.shapes[i]
		if !s.fixed() {
			continue
		}
		if s.form != formNull {
			c.fixed(i, from, rows)
			c.validity(i, from, rows)
		}
	}
	for i := range rows[:min(len(rows), len(c.cursor))] {
		c.cursor[i] = uint32(c.layout.nullBytes + c.layout.fixedBytes)
	}
	for _, i := range c.layout.variable {
		total, err := c.locate(i, rows)
		if err != nil {
			return err
		}
		if c.layout.shapes[i].form != formVar {
			err = c.nest(i, rows)
		} else if err = c.bytes(i, from, total, rows); err == nil {
			c.validity(i, from, rows)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// check checks lengths and collects the null bits.
func (c *columnReader) check(rows [][]byte) error {
	least := c.layout.nullBytes + c.layout.fixedBytes
	clear(c.nulls)
	if len(c.nulls) == 1 {
		nulls := byte(0)
		for _, row := range rows {
			if len(row) < least {
				return errShortRow(row, least)
			}
			nulls |= row[0]
		}
		c.nulls[0] = nulls
		return nil
	}
	for _, row := range rows {
		if len(row) < least {
			return errShortRow(row, least)
		}
		for i := range c.nulls {
			c.nulls[i] |= row[i]
		}
	}
	return nil
}

func errShortRow(row []byte, least int) error {
	return errs.Corruptionf("an encoded row of %d bytes where %d were expected", len(row), least)
}

// hasNull reports whether any row of the block has NULL in column col.
func (c *columnReader) hasNull(col int) bool { return c.nulls[col/8]>>(col%8)&1 != 0 }

func isNull(row []byte, col int) bool { return row[col/8]>>(col%8)&1 != 0 }

// validity goes on with the bitmap of column col, which begins with the first NULL.
func (c *columnReader) validity(col, from int, rows [][]byte) {
	b := &c.columns[col]
	if b.validity == nil {
		if !c.hasNull(col) {
			return
		}
		b.validity = newBuffer(c.alloc, int(bitutil.BytesForBits(int64(c.rows))))
		bits := b.validity.Bytes()
		for i := range bits {
			bits[i] = 0xff
		}
	}
	if !c.hasNull(col) {
		return
	}
	bits := b.validity.Bytes()[from/8:]
	for i, row := range rows {
		null := row[col/8] >> (col % 8) & 1
		b.nulls += int(null)
		bits[i/8] &^= null << (i % 8)
	}
}

// fixed goes on with a column of fixed width.
func (c *columnReader) fixed(col, from int, rows [][]byte) {
	s, at := &c.layout.shapes[col], c.layout.nullBytes+c.layout.place[col]
	values := c.columns[col].values.Bytes()
	switch {
	case s.form == formBool:
		bits := values[from/8:]
		clear(bits[:(len(rows)+7)/8])
		for i, row := range rows {
			if row[at] != 0 {
				bits[i/8] |= 1 << (i % 8)
			}
		}
	case s.width == 1:
		collect[uint8](values, from, rows, at)
	case s.width == 2:
		collect[uint16](values, from, rows, at)
	case s.width == 4:
		collect[uint32](values, from, rows, at)
	case s.width == 8:
		collect[uint64](values, from, rows, at)
	default:
		collect[[2]uint64](values, from, rows, at)
	}
}

// collect copies the values at offset at of all rows, whose lengths were checked, to the
// places of dst from number from on.
func collect[T any](dst []byte, from int, rows [][]byte, at int) {
	out := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(dst))), from+len(rows))[from:]
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

// bytes goes on with a column of strings or bytes, by total bytes.
func (c *columnReader) bytes(col, from, total int, rows [][]byte) error {
	b := &c.columns[col]
	need := b.used + total
	if need > math.MaxInt32 {
		return errs.Resourcef("a batch of %d rows with more than %d bytes in one column", c.rows, math.MaxInt32)
	}
	if need > b.values.Len() {
		b.values.ResizeNoShrink(max(need, min(2*b.values.Len(), math.MaxInt32)))
	}
	ends := unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(b.offsets.Bytes()))), c.rows+1)[from:]
	to, at := b.values.Bytes(), b.used
	for i, row := range rows {
		ends[i] = int32(at)
		if n := int(c.lengths[i]); n > 0 {
			start := int(c.starts[i])
			at += copy(to[at:], row[start:start+n])
		}
	}
	b.used = at
	return nil
}

// nest goes on with a column of lists, maps or structs, value by value.
func (c *columnReader) nest(col int, rows [][]byte) error {
	b := c.columns[col].nested
	for i, row := range rows {
		if isNull(row, col) {
			b.AppendNull()
		} else if err := decodeBare(row[c.starts[i]:c.starts[i]+c.lengths[i]], &c.layout.shapes[col], b); err != nil {
			return err
		}
	}
	return nil
}

// guessBytesMax bounds what is made on the word of the batch before; what is full is
// doubled.
const guessBytesMax = 1 << 20

// finish makes the arrays.
func (c *columnReader) finish() []arrow.Array {
	out := make([]arrow.Array, len(c.columns), len(c.columns)+1)
	for i := range c.columns {
		b, dt := &c.columns[i], c.layout.shapes[i].dt
		switch {
		case b.nested != nil:
			out[i] = b.nested.NewArray()
			b.nested.Release()
		case b.offsets != nil:
			ends := unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(b.offsets.Bytes()))), c.rows+1)
			ends[c.rows] = int32(b.used)
			b.values.ResizeNoShrink(b.used)
			b.mean = (b.used + max(1, c.rows) - 1) / max(1, c.rows)
			out[i] = makeArray(dt, c.rows, []*memory.Buffer{b.validity, b.offsets, b.values}, b.nulls)
		case b.values != nil:
			out[i] = makeArray(dt, c.rows, []*memory.Buffer{b.validity, b.values}, b.nulls)
		default:
			out[i] = array.NewNull(c.rows)
		}
	}
	c.forget()
	return out
}

// drop releases what was decoded so far.
func (c *columnReader) drop() {
	for i := range c.columns {
		b := &c.columns[i]
		for _, buf := range []*memory.Buffer{b.validity, b.values, b.offsets} {
			if buf != nil {
				buf.Release()
			}
		}
		if b.nested != nil {
			b.nested.Release()
		}
	}
	c.forget()
}

// forget lets go of the buffers, which are the arrays' now, or released.
func (c *columnReader) forget() {
	for i := range c.columns {
		c.columns[i] = columnBuild{mean: c.columns[i].mean}
	}
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
