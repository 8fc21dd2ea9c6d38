package match

import (
	"bytes"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/rows"
)

// cells hold the rows that a match may still need, column by column. A row keeps
// its cell while it lives; freed cells are used again, so that a stream in a steady
// state allocates nothing.
type cells struct {
	cols []cellColumn
	free []int32
	size int

	times []int64
	// seqs number the rows in order of arrival.
	seqs []uint64
	// bits tell the variables whose conditions the row is known to meet.
	bits  []uint64
	flags []uint8
	parts []int32
	// ties are the sort keys among rows of one time; nil without.
	ties [][]byte
	// width is about how many bytes a cell takes besides its byte strings.
	width int
}

// live is the number of cells in use.
func (c *cells) live() int { return c.size - len(c.free) }

// cellBytes is about how many bytes a cell in use takes.
func (c *cells) cellBytes() int64 {
	strings := int64(0)
	for i := range c.cols {
		strings += c.cols[i].held
	}
	return int64(c.width) + strings/int64(max(1, c.size))
}

// addColumn makes room for values of a field.
func (c *cells) addColumn(field arrow.Field) error {
	column, err := newCellColumn(field)
	c.cols = append(c.cols, column)
	c.width += 1 + column.width
	if column.width == 0 {
		c.width += int(unsafe.Sizeof([]byte{}))
	}
	return err
}

// cellWidth is the width of a cell without columns.
const cellWidth = 4*8 + 1 + 4

// Flags of a cell.
const (
	cellLive   = 1 << iota // in use
	cellSaved              // the state has the row
	cellListed             // in store.fresh
)

// take gives a free cell.
func (c *cells) take() int32 {
	if n := len(c.free); n > 0 {
		cell := c.free[n-1]
		c.free = c.free[:n-1]
		return cell
	}
	if c.size == len(c.times) {
		c.grow(max(64, c.size+min(c.size, max(1<<16, c.size/4))))
	}
	c.size++
	return int32(c.size - 1)
}

func (c *cells) grow(n int) {
	c.times, c.seqs, c.bits = resize(c.times, n), resize(c.seqs, n), resize(c.bits, n)
	c.flags, c.parts = resize(c.flags, n), resize(c.parts, n)
	if c.ties != nil {
		c.ties = resize(c.ties, n)
	}
	for i := range c.cols {
		c.cols[i].grow(n)
	}
}

// resize copies s into a slice of n.
func resize[T any](s []T, n int) []T {
	out := make([]T, n)
	copy(out, s)
	return out
}

func (c *cells) release(cell int32) {
	c.flags[cell] &= cellListed
	c.free = append(c.free, cell)
	for i := range c.cols {
		if c.cols[i].held > 0 {
			c.cols[i].forget(cell)
		}
	}
}

// before orders cells by time, ties and arrival.
func (c *cells) before(a, b int32) bool {
	if c.times[a] != c.times[b] {
		return c.times[a] < c.times[b]
	}
	if c.ties != nil {
		if order := bytes.Compare(c.ties[a], c.ties[b]); order != 0 {
			return order < 0
		}
	}
	return c.seqs[a] < c.seqs[b]
}

// cellColumn is one column of the cells.
type cellColumn struct {
	dt arrow.DataType
	// width is the number of bytes of a value; 0 for those of other length, which
	// are in bytes, and for booleans it is 1.
	width int
	fixed []byte
	bytes [][]byte
	valid []bool
	// held is the capacity of all byte strings.
	held int64
	// codec encodes nested values into bytes; nil for others.
	codec *rows.Codec
}

// spareBytesMax is the size up to which the memory of a byte string is kept for the
// next row.
const spareBytesMax = 256

// forget frees the memory of a long byte string.
func (c *cellColumn) forget(cell int32) {
	if n := cap(c.bytes[cell]); n > spareBytesMax {
		c.bytes[cell] = nil
		c.held -= int64(n)
	}
}

// set makes b, which is an extended c.bytes[cell], a cell's byte string.
func (c *cellColumn) set(cell int32, b []byte) {
	c.held += int64(cap(b) - cap(c.bytes[cell]))
	c.bytes[cell] = b
}

func newCellColumn(field arrow.Field) (cellColumn, error) {
	c := cellColumn{dt: field.Type}
	switch dt := field.Type.(type) {
	case *arrow.BooleanType:
		c.width = 1
	case *arrow.NullType:
	case *arrow.StringType, *arrow.BinaryType:
	case arrow.FixedWidthDataType:
		c.width = dt.Bytes()
	default:
		var err error
		c.codec, err = rows.NewCodec(arrow.NewSchema([]arrow.Field{field}, nil))
		return c, err
	}
	return c, nil
}

func (c *cellColumn) grow(n int) {
	c.valid = resize(c.valid, n)
	if c.width > 0 {
		// Values are read as words: the memory is aligned as such.
		words := make([]uint64, (n*c.width+7)/8)
		grown := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), n*c.width)
		copy(grown, c.fixed)
		c.fixed = grown
		return
	}
	c.bytes = resize(c.bytes, n)
}

// scatter puts value i of arr into cell into[i]; -1 leaves it out.
func (c *cellColumn) scatter(arr arrow.Array, into []int32) {
	nulls := arr.NullN() > 0 || c.dt.ID() == arrow.NULL
	for i, cell := range into {
		if cell >= 0 {
			c.valid[cell] = !nulls || c.dt.ID() != arrow.NULL && arr.IsValid(i)
		}
	}
	switch {
	case c.dt.ID() == arrow.NULL:
	case c.dt.ID() == arrow.BOOL:
		mask := arr.(*array.Boolean)
		for i, cell := range into {
			if cell >= 0 {
				c.fixed[cell] = 0
				if mask.Value(i) {
					c.fixed[cell] = 1
				}
			}
		}
	case c.width > 0:
		c.scatterFixed(arr, into)
	default:
		c.scatterBytes(arr, into)
	}
}

func (c *cellColumn) scatterFixed(arr arrow.Array, into []int32) {
	switch c.width {
	case 8:
		scatterAs(viewAs[uint64](c.fixed), columns.Values[uint64](arr), into)
	case 4:
		scatterAs(viewAs[uint32](c.fixed), columns.Values[uint32](arr), into)
	default:
		data := arr.Data()
		from := data.Buffers()[1].Bytes()[data.Offset()*c.width:]
		for i, cell := range into {
			if cell >= 0 {
				copy(c.fixed[int(cell)*c.width:][:c.width], from[i*c.width:])
			}
		}
	}
}

func scatterAs[T any](to, from []T, into []int32) {
	for i, cell := range into {
		if cell >= 0 {
			to[cell] = from[i]
		}
	}
}

// viewAs views bytes as values.
func viewAs[T any](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

func (c *cellColumn) scatterBytes(arr arrow.Array, into []int32) {
	if c.codec != nil {
		cols := []arrow.Array{arr}
		for i, cell := range into {
			if cell >= 0 {
				c.set(cell, c.codec.Append(c.bytes[cell][:0], cols, i))
			}
		}
		return
	}
	offsets, data := columns.Offsets(arr), columns.Bytes(arr)
	for i, cell := range into {
		if cell >= 0 {
			c.set(cell, append(c.bytes[cell][:0], data[offsets[i]:offsets[i+1]]...))
		}
	}
}

// gather makes an array of the cells' values, NULL for -1; the caller owns it.
func (c *cellColumn) gather(alloc memory.Allocator, from []int32) (arrow.Array, error) {
	n := len(from)
	if c.dt.ID() == arrow.NULL {
		return columns.Nulls(alloc, c.dt, n), nil
	}
	if c.codec != nil {
		return c.gatherCoded(alloc, from)
	}
	validity, nulls := c.validity(alloc, from)
	buffers := []*memory.Buffer{validity}
	switch {
	case c.dt.ID() == arrow.BOOL:
		buffers = append(buffers, c.gatherBits(alloc, from))
	case c.width > 0:
		buffers = append(buffers, c.gatherFixed(alloc, from))
	default:
		buffers = append(buffers, c.gatherBytes(alloc, from)...)
	}
	return columns.Make(c.dt, n, buffers, nil, nulls), nil
}

func (c *cellColumn) isNull(cell int32) bool { return cell < 0 || !c.valid[cell] }

func (c *cellColumn) validity(alloc memory.Allocator, from []int32) (*memory.Buffer, int) {
	nulls := 0
	for _, cell := range from {
		if c.isNull(cell) {
			nulls++
		}
	}
	if nulls == 0 {
		return nil, 0
	}
	buf := columns.NewBuffer(alloc, (len(from)+7)/8)
	bits := buf.Bytes()
	clear(bits)
	for i, cell := range from {
		if !c.isNull(cell) {
			bits[i>>3] |= 1 << (i & 7)
		}
	}
	return buf, nulls
}

func (c *cellColumn) gatherBits(alloc memory.Allocator, from []int32) *memory.Buffer {
	buf := columns.NewBuffer(alloc, (len(from)+7)/8)
	bits := buf.Bytes()
	clear(bits)
	for i, cell := range from {
		if !c.isNull(cell) {
			bits[i>>3] |= c.fixed[cell] << (i & 7)
		}
	}
	return buf
}

func (c *cellColumn) gatherFixed(alloc memory.Allocator, from []int32) *memory.Buffer {
	buf := columns.NewBuffer(alloc, len(from)*c.width)
	switch c.width {
	case 8:
		gatherAs(columns.ViewBuffer[uint64](buf), viewAs[uint64](c.fixed), from)
	case 4:
		gatherAs(columns.ViewBuffer[uint32](buf), viewAs[uint32](c.fixed), from)
	default:
		out := buf.Bytes()
		clear(out)
		for i, cell := range from {
			if cell >= 0 {
				copy(out[i*c.width:], c.fixed[int(cell)*c.width:][:c.width])
			}
		}
	}
	return buf
}

func gatherAs[T any](to, from []T, cells []int32) {
	var zero T
	for i, cell := range cells {
		if cell < 0 {
			to[i] = zero
			continue
		}
		to[i] = from[cell]
	}
}

func (c *cellColumn) gatherBytes(alloc memory.Allocator, from []int32) []*memory.Buffer {
	offsetBuf := columns.NewBuffer(alloc, (len(from)+1)*4)
	offsets := columns.ViewBuffer[int32](offsetBuf)
	offsets[0] = 0
	for i, cell := range from {
		offsets[i+1] = offsets[i]
		if !c.isNull(cell) {
			offsets[i+1] += int32(len(c.bytes[cell]))
		}
	}
	data := columns.NewBuffer(alloc, int(offsets[len(from)]))
	out := data.Bytes()
	for i, cell := range from {
		if !c.isNull(cell) {
			copy(out[offsets[i]:], c.bytes[cell])
		}
	}
	return []*memory.Buffer{offsetBuf, data}
}

// gatherCoded decodes nested values; a cell that is not there decodes as NULL.
func (c *cellColumn) gatherCoded(alloc memory.Allocator, from []int32) (arrow.Array, error) {
	list := make([][]byte, 0, len(from))
	take := make([]int32, len(from))
	for i, cell := range from {
		take[i] = -1
		if cell >= 0 {
			take[i] = int32(len(list))
			list = append(list, c.bytes[cell])
		}
	}
	decoded, err := c.codec.Decode(alloc, list)
	if err != nil || len(list) == len(from) {
		if err != nil {
			return nil, err
		}
		return decoded[0], nil
	}
	defer decoded[0].Release()
	return columns.TakeOrNull(alloc, decoded[0], take), nil
}

// eventOf is the event of a row whose time passes.
func (c *cells) eventOf(cell int32) event { return event{time: c.times[cell], seq: c.seqs[cell]} }
