package column

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Flush gives the rows as an array, owned by the caller, and leaves c empty with
// as much room as was needed this time.
func (c *Column) Flush() arrow.Array {
	data := c.flushData()
	defer data.Release()
	return array.MakeFromData(data)
}

func (c *Column) flushData() *array.Data {
	buffers := []*memory.Buffer{nil}
	if c.nulls > 0 && c.Layout != Empty {
		buffers[0] = c.valid.take((c.n + 7) / 8)
	} else {
		c.valid.free()
	}
	var kids []arrow.ArrayData
	switch c.Layout {
	case Bytes, List:
		if c.room == 0 {
			c.grow()
		}
		buffers = append(buffers, c.ends.take(4*(c.n+1)))
		if c.Layout == Bytes {
			buffers = append(buffers, c.data.take(c.used))
		}
	case Bits:
		buffers = append(buffers, c.data.take((c.n+7)/8))
	case Struct, Empty:
	default:
		buffers = append(buffers, c.data.take(c.n*c.width))
	}
	for _, k := range c.Kids {
		kids = append(kids, k.flushData())
	}
	nulls := c.nulls
	if c.Layout == Empty {
		nulls = c.n
	}
	data := array.NewData(c.dt, c.n, buffers, kids, nulls, 0)
	releaseAll(buffers, kids)
	c.hint, c.usedHint = max(c.n, 16), max(c.used+c.used/8, 64)
	c.n, c.room, c.nulls, c.used = 0, 0, 0, 0
	return data
}

func releaseAll(buffers []*memory.Buffer, kids []arrow.ArrayData) {
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	for _, k := range kids {
		k.Release()
	}
}

// Free gives all memory back; c is not used again.
func (c *Column) Free() {
	c.data.free()
	c.ends.free()
	c.valid.free()
	for _, k := range c.Kids {
		k.Free()
	}
}
