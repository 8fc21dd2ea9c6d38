package expr

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Vector is the value of an expression over a batch: one value per row, or, with
// Const set, an array of one row that stands for every row.
type Vector struct {
	Array arrow.Array
	Const bool
}

// Column is the vector as an array of one value for each of so many rows, which the
// caller owns.
func (v Vector) Column(alloc memory.Allocator, rows int) arrow.Array {
	if v.Const && rows != 1 {
		return broadcast(alloc, v.Array, rows)
	}
	v.Array.Retain()
	return v.Array
}

// Null reports whether row i is NULL.
func (v Vector) Null(i int) bool {
	if v.Const {
		i = 0
	}
	return v.Array.DataType().ID() == arrow.NULL || v.Array.IsNull(i)
}

// nullConst reports the constant NULL.
func (v Vector) nullConst() bool { return v.Const && v.Null(0) }

// stride maps row numbers to positions in the vector's values: row & stride.
func (v Vector) stride() int {
	if v.Const {
		return 0
	}
	return -1
}

// values views a fixed-width vector's values.
func values[T any](v Vector) []T { return columns.Values[T](v.Array) }

// newValues allocates room for n values.
func newValues[T any](alloc memory.Allocator, n int) (*memory.Buffer, []T) {
	buf := columns.NewBuffer(alloc, n*sizeOf[T]())
	return buf, columns.ViewBuffer[T](buf)
}

// newBits allocates a bitmap of n bits whose content is undefined.
func newBits(alloc memory.Allocator, n int) (*memory.Buffer, []byte) {
	buf := columns.NewBuffer(alloc, bitmapBytes(n))
	return buf, buf.Bytes()
}

func bitmapBytes(n int) int { return (n + 7) / 8 }

// validity is the NULL mask of a result: a bitmap buffer (nil when nothing is
// NULL) and the number of NULLs. Its holder owns the buffer.
type validity struct {
	buf   *memory.Buffer
	nulls int
}

// combine makes the validity of a result that is NULL where any argument is. all
// is true when a constant argument is NULL: then every row is, and there is no
// buffer.
func combine(alloc memory.Allocator, n int, args ...Vector) (valid validity, all bool) {
	for _, a := range args {
		if a.nullConst() || a.Array.DataType().ID() == arrow.NULL {
			valid.release()
			return validity{}, true
		}
		if a.Const || a.Array.NullN() == 0 {
			continue
		}
		if valid.buf == nil {
			valid = validityOf(alloc, a.Array)
			continue
		}
		both := and(alloc, valid.buf, a.Array, n)
		valid.release()
		valid = both
	}
	return valid, false
}

// validityOf is arr's own validity at offset 0, shared where possible.
func validityOf(alloc memory.Allocator, arr arrow.Array) validity {
	nulls := arr.NullN()
	if nulls == 0 {
		return validity{}
	}
	data := arr.Data()
	source := data.Buffers()[0]
	if data.Offset() == 0 {
		source.Retain()
		return validity{source, nulls}
	}
	buf, bits := newBits(alloc, data.Len())
	bitutil.CopyBitmap(source.Bytes(), data.Offset(), data.Len(), bits, 0)
	return validity{buf, nulls}
}

func and(alloc memory.Allocator, left *memory.Buffer, right arrow.Array, n int) validity {
	buf, bits := newBits(alloc, n)
	bitutil.BitmapAnd(left.Bytes(), right.NullBitmapBytes(), 0, int64(right.Data().Offset()), bits, 0, int64(n))
	return validity{buf, n - bitutil.CountSetBits(bits, 0, n)}
}

func (v validity) release() {
	if v.buf != nil {
		v.buf.Release()
	}
}

// bits is the bitmap, or nil.
func (v validity) bits() []byte {
	if v.buf == nil {
		return nil
	}
	return v.buf.Bytes()
}

// fixed finishes a fixed-width result (BOOLEAN too), taking over both buffers.
func fixed(dt arrow.DataType, n int, valid validity, data *memory.Buffer) arrow.Array {
	return columns.Make(dt, n, []*memory.Buffer{valid.buf, data}, nil, valid.nulls)
}

// nulls makes n NULLs.
func nulls(alloc memory.Allocator, dt arrow.DataType, n int) arrow.Array {
	return columns.Nulls(alloc, dt, n)
}

// boolBits is the bitmap of a BOOLEAN column's values and the bit at which they
// start; the bitmap of an empty column may be nil.
func boolBits(arr arrow.Array) (bits []byte, offset int) {
	if buf := arr.Data().Buffers()[1]; buf != nil {
		bits = buf.Bytes()
	}
	return bits, arr.Data().Offset()
}

// bitset reads bit i.
func bitset(bits []byte, i int) bool { return bits[i>>3]>>(i&7)&1 != 0 }
