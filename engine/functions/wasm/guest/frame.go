package guest

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// frame is a batch of columns as it lies in memory; see docs/functions.md for the
// layout.
type frame struct {
	data       []byte
	size, rows int
}

const (
	headBytes   = 16
	columnBytes = 16
)

func read(data []byte) frame {
	return frame{data: data, size: int(binary.LittleEndian.Uint32(data)), rows: int(binary.LittleEndian.Uint32(data[4:]))}
}

// place is the i-th entry of a column's descriptor: its width, and the offsets of its
// null marks, values and bytes.
func (f frame) place(column, i int) int {
	return int(binary.LittleEndian.Uint32(f.data[headBytes+columnBytes*column+4*i:]))
}

// values reads a column.
func values[T Value](f frame, column int) func(i int) T {
	at := f.data[f.place(column, 2):]
	var out any
	switch any(*new(T)).(type) {
	case bool:
		out = func(i int) bool { return at[i] != 0 }
	case int32:
		out = func(i int) int32 { return int32(binary.LittleEndian.Uint32(at[4*i:])) }
	case int64:
		out = func(i int) int64 { return int64(binary.LittleEndian.Uint64(at[8*i:])) }
	case float32:
		out = func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(at[4*i:])) }
	case float64:
		out = func(i int) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(at[8*i:])) }
	case string:
		get := bytesOf(f, column)
		out = func(i int) string {
			b := get(i)
			return unsafe.String(unsafe.SliceData(b), len(b))
		}
	case []byte:
		out = bytesOf(f, column)
	}
	return out.(func(i int) T)
}

func bytesOf(f frame, column int) func(i int) []byte {
	ends, data := f.data[f.place(column, 2):], f.data[f.place(column, 3):]
	return func(i int) []byte {
		return data[binary.LittleEndian.Uint32(ends[4*i:]):binary.LittleEndian.Uint32(ends[4*i+4:])]
	}
}

// output is a column that is written.
type output interface {
	// append appends the column's parts and gives their descriptor; size bounds what
	// that takes.
	append(dst []byte) ([]byte, [4]uint32)
	size() int
}

type columnOf[T Value] struct {
	width  int
	nulls  []byte
	values []byte
	data   []byte
	// put appends a value. It is chosen once: a switch on the type of each value would
	// put every one of them on the heap.
	put func(T)
}

func newColumn[T Value](rows int) *columnOf[T] {
	c := &columnOf[T]{width: widthOf[T]()}
	c.values = make([]byte, 0, max(c.width, 4)*rows+4)
	if c.width == 0 {
		c.values, c.data = append(c.values, 0, 0, 0, 0), make([]byte, 0, 16*rows)
	}
	c.put = c.putter().(func(T))
	return c
}

// putter gives what appends a T.
func (c *columnOf[T]) putter() any {
	var zero T
	switch any(zero).(type) {
	case bool:
		return func(v bool) {
			b := byte(0)
			if v {
				b = 1
			}
			c.values = append(c.values, b)
		}
	case int32:
		return func(v int32) { c.values = binary.LittleEndian.AppendUint32(c.values, uint32(v)) }
	case int64:
		return func(v int64) { c.values = binary.LittleEndian.AppendUint64(c.values, uint64(v)) }
	case float32:
		return func(v float32) { c.values = binary.LittleEndian.AppendUint32(c.values, math.Float32bits(v)) }
	case float64:
		return func(v float64) { c.values = binary.LittleEndian.AppendUint64(c.values, math.Float64bits(v)) }
	case string:
		return func(v string) {
			c.data = append(c.data, v...)
			c.values = binary.LittleEndian.AppendUint32(c.values, uint32(len(c.data)))
		}
	}
	return func(v []byte) {
		c.data = append(c.data, v...)
		c.values = binary.LittleEndian.AppendUint32(c.values, uint32(len(c.data)))
	}
}

// count is the number of values put.
func (c *columnOf[T]) count() int {
	if c.width == 0 {
		return len(c.values)/4 - 1
	}
	return len(c.values) / c.width
}

func (c *columnOf[T]) putNull() {
	c.put(*new(T))
	n := c.count()
	c.nulls = append(c.nulls, make([]byte, n-len(c.nulls))...)
	c.nulls[n-1] = 1
}

func (c *columnOf[T]) size() int { return c.count() + len(c.values) + len(c.data) + 24 }

func (c *columnOf[T]) append(dst []byte) ([]byte, [4]uint32) {
	place := [4]uint32{uint32(c.width)}
	if c.nulls != nil {
		c.nulls = append(c.nulls, make([]byte, c.count()-len(c.nulls))...)
		dst, place[1] = part(dst, c.nulls)
	}
	dst, place[2] = part(dst, c.values)
	if c.width == 0 {
		dst, place[3] = part(dst, c.data)
	}
	return dst, place
}

// part appends bytes at a multiple of 8.
func part(dst, b []byte) ([]byte, uint32) {
	for len(dst)%8 != 0 {
		dst = append(dst, 0)
	}
	at := uint32(len(dst))
	return append(dst, b...), at
}

// write makes a frame of columns.
func write(rows int, columns ...output) []byte {
	size := headBytes + columnBytes*len(columns)
	total := size
	for _, c := range columns {
		total += c.size()
	}
	dst := make([]byte, size, total)
	for i, c := range columns {
		var place [4]uint32
		dst, place = c.append(dst)
		for k, v := range place {
			binary.LittleEndian.PutUint32(dst[headBytes+columnBytes*i+4*k:], v)
		}
	}
	binary.LittleEndian.PutUint32(dst, uint32(len(dst)))
	binary.LittleEndian.PutUint32(dst[4:], uint32(rows))
	binary.LittleEndian.PutUint32(dst[8:], uint32(len(columns)))
	return dst
}

func widthOf[T Value]() int {
	switch any(*new(T)).(type) {
	case bool:
		return 1
	case int32, float32:
		return 4
	case int64, float64:
		return 8
	}
	return 0
}

func sqlType[T Value]() string {
	switch any(*new(T)).(type) {
	case bool:
		return "BOOLEAN"
	case int32:
		return "INT"
	case int64:
		return "BIGINT"
	case float32:
		return "FLOAT"
	case float64:
		return "DOUBLE"
	case string:
		return "STRING"
	}
	return "BYTES"
}
