package nexmark

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// column is one field of a ROW while a batch is being written: numbers in ints,
// or a text. The buffers are the ones that go into the Arrow array.
type column struct {
	text   bool
	values *memory.Buffer // numbers, or the text's bytes
	ints   []int64

	offsetBuf *memory.Buffer
	offsets   []int32 // offsets[row+1] is the end of row's text
	bytes     []byte  // values' whole capacity
	used      int
	// usual is how many bytes the last batch took, to size the next.
	usual int
}

// start allocates for up to rows rows.
func (c *column) start(alloc memory.Allocator, rows int) {
	c.values = memory.NewResizableBuffer(alloc)
	if !c.text {
		c.values.Resize(rows * 8)
		c.ints = arrow.Int64Traits.CastFromBytes(c.values.Bytes())
		return
	}
	c.offsetBuf = memory.NewResizableBuffer(alloc)
	c.offsetBuf.Resize((rows + 1) * 4)
	c.offsets = arrow.Int32Traits.CastFromBytes(c.offsetBuf.Bytes())
	c.offsets[0], c.used = 0, 0
	c.values.Reserve(max(c.usual+c.usual/8, 64))
	c.bytes = c.values.Buf()
}

// room makes the next n bytes of the text: the caller writes them all and then
// calls end.
func (c *column) room(n int) []byte {
	if len(c.bytes)-c.used < n {
		c.grow(n)
	}
	c.used += n
	return c.bytes[c.used-n : c.used]
}

func (c *column) grow(n int) {
	c.values.ResizeNoShrink(c.used) // a reallocation keeps this much
	c.values.Reserve(max(2*len(c.bytes), c.used+n))
	c.bytes = c.values.Buf()
}

// end closes row's text.
func (c *column) end(row int) { c.offsets[row+1] = int32(c.used) }

// put writes row's text.
func (c *column) put(row int, s []byte) {
	copy(c.room(len(s)), s)
	c.end(row)
}

// blank fills rows [from, to) for which there is no value.
func (c *column) blank(from, to int) {
	if !c.text {
		clear(c.ints[from:to])
		return
	}
	ends := c.offsets[from+1 : to+1]
	for i := range ends {
		ends[i] = int32(c.used)
	}
}

// finish makes Arrow data of rows rows and gives up the buffers.
func (c *column) finish(dt arrow.DataType, rows int, valid *memory.Buffer, nulls int) *array.Data {
	buffers := []*memory.Buffer{valid, c.values}
	if c.text {
		c.usual = c.used
		c.values.ResizeNoShrink(c.used)
		c.offsetBuf.ResizeNoShrink((rows + 1) * 4)
		buffers = []*memory.Buffer{valid, c.offsetBuf, c.values}
	} else {
		c.values.ResizeNoShrink(rows * 8)
	}
	data := array.NewData(dt, rows, buffers, nil, nulls, 0)
	c.drop()
	return data
}

// drop gives up the buffers.
func (c *column) drop() {
	if c.values != nil {
		c.values.Release()
	}
	if c.offsetBuf != nil {
		c.offsetBuf.Release()
	}
	c.values, c.offsetBuf, c.ints, c.offsets, c.bytes = nil, nil, nil, nil, nil
}
