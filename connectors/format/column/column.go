// Package column builds Arrow columns for decoders: appends without interface
// calls, straight into Arrow memory, with truncation so that a record that turns
// out bad can be taken back.
package column

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
)

// Layout is how a column's values lie in memory.
type Layout uint8

// The layouts.
const (
	Empty  Layout = iota // no values: the NULL type
	Bits                 // one bit each
	Fixed8               // 1, 2, 4, 8 or 16 bytes each
	Fixed16
	Fixed32
	Fixed64
	Fixed128
	Bytes  // offsets and bytes
	List   // offsets and one child; also maps, whose child is a struct
	Struct // children only
)

// String gives the layout's lower-case name.
func (l Layout) String() string {
	return [...]string{"empty", "bits", "fixed8", "fixed16", "fixed32", "fixed64", "fixed128", "bytes", "list", "struct"}[l]
}

// width is the bytes of a fixed-width value.
func (l Layout) width() int {
	if l >= Fixed8 && l <= Fixed128 {
		return 1 << (l - Fixed8)
	}
	return 0
}

// Column builds one column. One goroutine uses it. Invariants: the n rows appended
// so far are complete; the first nulls of them are marked in valid, which is
// absent while nulls is 0; a struct's children have n rows, too.
type Column struct {
	// Type is the SQL type, Layout its storage.
	Type   types.Type
	Layout Layout
	// Kids are a struct's fields, or the element column of a list or map. A map's
	// element is a struct of key and value.
	Kids []*Column

	dt    arrow.DataType
	width int
	n     int
	room  int // rows that fit without growing
	nulls int
	data  buffer
	used  int // bytes used of a Bytes column's data
	ends  buffer
	valid buffer
	hint  int // rows to make room for at first
	// usedHint is the bytes of data to make room for at first.
	usedHint int
}

// New makes a builder for a column of type t, with room for rows rows at first.
func New(t types.Type, alloc memory.Allocator, rows int) *Column {
	return build(t, t.Arrow(), alloc, max(rows, 1))
}

// build makes a column of the Arrow type dt, which holds t.
func build(t types.Type, dt arrow.DataType, alloc memory.Allocator, rows int) *Column {
	c := &Column{Type: t, dt: dt, hint: rows, usedHint: 16 * rows, Layout: layoutOf(dt)}
	c.data.alloc, c.ends.alloc, c.valid.alloc = alloc, alloc, alloc
	c.width = c.Layout.width()
	switch t.Kind {
	case types.Array:
		c.Kids = []*Column{build(*t.Elem, dt.(*arrow.ListType).Elem(), alloc, rows)}
	case types.Map:
		c.Kids = []*Column{mapEntries(*t.Key, *t.Elem, dt, alloc, rows)}
	case types.Multiset:
		c.Kids = []*Column{mapEntries(*t.Elem, types.Of(types.Int), dt, alloc, rows)}
	case types.Row:
		st := dt.(*arrow.StructType)
		for i, f := range t.Fields {
			c.Kids = append(c.Kids, build(f.Type, st.Field(i).Type, alloc, rows))
		}
	}
	return c
}

// mapEntries is the element column of a map.
func mapEntries(key, value types.Type, dt arrow.DataType, alloc memory.Allocator, rows int) *Column {
	row := types.RowOf(types.Field{Name: "key", Type: key}, types.Field{Name: "value", Type: value})
	return build(row, dt.(*arrow.MapType).Elem(), alloc, rows)
}

// layoutOf is the storage of an Arrow type that a SQL type maps to.
func layoutOf(dt arrow.DataType) Layout {
	switch dt.ID() {
	case arrow.NULL:
		return Empty
	case arrow.BOOL:
		return Bits
	case arrow.INT8:
		return Fixed8
	case arrow.INT16:
		return Fixed16
	case arrow.INT32, arrow.FLOAT32, arrow.DATE32, arrow.TIME32, arrow.INTERVAL_MONTHS:
		return Fixed32
	case arrow.INT64, arrow.FLOAT64, arrow.TIME64, arrow.TIMESTAMP, arrow.DURATION:
		return Fixed64
	case arrow.DECIMAL128:
		return Fixed128
	case arrow.STRING, arrow.BINARY:
		return Bytes
	case arrow.LIST, arrow.MAP:
		return List
	case arrow.STRUCT:
		return Struct
	}
	panic("column: no layout for " + dt.String())
}

// Rows is the number of rows appended.
func (c *Column) Rows() int { return c.n }

// Size is about the number of bytes held by the appended rows.
func (c *Column) Size() int {
	size := c.n*c.width + c.used
	if c.Layout == Bytes || c.Layout == List {
		size += 4 * c.n
	}
	for _, k := range c.Kids {
		size += k.Size()
	}
	return size
}

// grow makes room for more rows: the hint at first, then twice as many.
func (c *Column) grow() {
	room := max(c.hint, 2*c.room)
	switch c.Layout {
	case Bits:
		c.data.reserve((room + 7) / 8)
		room = len(c.data.b) * 8
	case Bytes, List:
		c.ends.reserve(4 * (room + 1))
		if c.n == 0 {
			binary.LittleEndian.PutUint32(c.ends.b, 0)
		}
		room = len(c.ends.b)/4 - 1
	case Struct, Empty:
	default:
		c.data.reserve(room * c.width)
		room = len(c.data.b) / c.width
	}
	c.room = room
	if c.nulls > 0 {
		c.growValid()
	}
}

// growValid makes valid cover room rows, new ones marked valid.
func (c *Column) growValid() {
	old := len(c.valid.b)
	c.valid.reserve((c.room + 7) / 8)
	for i := old; i < len(c.valid.b); i++ {
		c.valid.b[i] = 0xff
	}
}

// Null appends NULL.
func (c *Column) Null() {
	if c.n == c.room {
		c.grow()
	}
	if c.nulls == 0 {
		c.growValid()
	}
	c.nulls++
	c.valid.b[c.n>>3] &^= 1 << (c.n & 7)
	switch c.Layout {
	case Bytes:
		c.n++
		binary.LittleEndian.PutUint32(c.ends.b[4*c.n:], uint32(c.used))
		return
	case List:
		c.End()
		return
	case Struct:
		for _, k := range c.Kids {
			k.Null()
		}
	case Bits, Empty:
	default:
		clear(c.data.b[c.n*c.width : (c.n+1)*c.width])
	}
	c.n++
}

// Nulls appends n NULLs.
func (c *Column) Nulls(n int) {
	for range n {
		c.Null()
	}
}

// Bool appends to a Bits column.
func (c *Column) Bool(v bool) {
	if c.n == c.room {
		c.grow()
	}
	if bit := byte(1) << (c.n & 7); v {
		c.data.b[c.n>>3] |= bit
	} else {
		c.data.b[c.n>>3] &^= bit
	}
	c.n++
}

// Int appends to a Fixed8 to Fixed64 column; v fits.
func (c *Column) Int(v int64) {
	if c.n == c.room {
		c.grow()
	}
	switch c.Layout {
	case Fixed64:
		binary.LittleEndian.PutUint64(c.data.b[8*c.n:], uint64(v))
	case Fixed32:
		binary.LittleEndian.PutUint32(c.data.b[4*c.n:], uint32(v))
	case Fixed16:
		binary.LittleEndian.PutUint16(c.data.b[2*c.n:], uint16(v))
	default:
		c.data.b[c.n] = byte(v)
	}
	c.n++
}

// Float appends to a FLOAT or DOUBLE column.
func (c *Column) Float(v float64) {
	if c.Layout == Fixed32 {
		c.Int(int64(math.Float32bits(float32(v))))
		return
	}
	c.Int(int64(math.Float64bits(v)))
}

// Decimal appends to a DECIMAL column.
func (c *Column) Decimal(v decimal128.Num) {
	if c.n == c.room {
		c.grow()
	}
	binary.LittleEndian.PutUint64(c.data.b[16*c.n:], v.LowBits())
	binary.LittleEndian.PutUint64(c.data.b[16*c.n+8:], uint64(v.HighBits()))
	c.n++
}

// Bytes appends a copy of v to a Bytes column. The bytes of a string column are
// valid UTF-8.
func (c *Column) Bytes(v []byte) {
	if c.n == c.room {
		c.grow()
	}
	if c.used+len(v) > len(c.data.b) {
		c.data.reserve(max(c.used+len(v), c.usedHint))
	}
	copy(c.data.b[c.used:], v)
	c.used += len(v)
	c.n++
	binary.LittleEndian.PutUint32(c.ends.b[4*c.n:], uint32(c.used))
}

// Ahead gives room for n bytes of the next value of a Bytes column, valid until the
// next call. Took appends the value.
func (c *Column) Ahead(n int) []byte {
	if c.used+n > len(c.data.b) {
		c.data.reserve(max(c.used+n, c.usedHint))
	}
	return c.data.b[c.used:]
}

// Took appends the first n bytes of what Ahead gave as a value. The bytes of a
// string column are valid UTF-8.
func (c *Column) Took(n int) {
	if c.n == c.room {
		c.grow()
	}
	c.used += n
	c.n++
	binary.LittleEndian.PutUint32(c.ends.b[4*c.n:], uint32(c.used))
}

// String appends a string to a Bytes column.
func (c *Column) String(v string) {
	if c.n == c.room {
		c.grow()
	}
	if c.used+len(v) > len(c.data.b) {
		c.data.reserve(max(c.used+len(v), c.usedHint))
	}
	copy(c.data.b[c.used:], v)
	c.used += len(v)
	c.n++
	binary.LittleEndian.PutUint32(c.ends.b[4*c.n:], uint32(c.used))
}

// End closes a row of a List column, whose elements have been appended to
// Kids[0], or of a Struct column, whose fields have each been appended once.
func (c *Column) End() {
	if c.n == c.room {
		c.grow()
	}
	c.n++
	if c.Layout == List {
		binary.LittleEndian.PutUint32(c.ends.b[4*c.n:], uint32(c.Kids[0].n))
	}
}

// start is the number of bytes or elements before row i.
func (c *Column) start(i int) int {
	if i == 0 {
		return 0
	}
	return int(binary.LittleEndian.Uint32(c.ends.b[4*i:]))
}

// Truncate takes back all rows from n on, and what an unfinished row has appended
// to children.
func (c *Column) Truncate(n int) {
	for i := n; i < c.n && c.nulls > 0; i++ {
		if bit := byte(1) << (i & 7); c.valid.b[i>>3]&bit == 0 {
			c.valid.b[i>>3] |= bit
			c.nulls--
		}
	}
	c.n = min(c.n, n)
	switch c.Layout {
	case Bytes:
		c.used = c.start(c.n)
	case List:
		c.Kids[0].Truncate(c.start(c.n))
	case Struct:
		for _, k := range c.Kids {
			k.Truncate(c.n)
		}
	}
}
