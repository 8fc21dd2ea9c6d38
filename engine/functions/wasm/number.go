package wasm

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// numberAt reads a column of numbers as WebAssembly's stack holds them: the bits, in
// the lower half for those of 4 bytes.
func numberAt(col arrow.Array) func(i int) uint64 {
	if widthOf(col.DataType()) == 4 {
		values := columns.Values[uint32](col)
		return func(i int) uint64 { return uint64(values[i]) }
	}
	values := columns.Values[uint64](col)
	return func(i int) uint64 { return values[i] }
}

// numbers is a column of numbers that is being filled.
type numbers struct {
	t      types.Type
	rows   int
	valid  *memory.Buffer
	values *memory.Buffer
	nulls  int
	narrow []uint32
	wide   []uint64
	alloc  memory.Allocator
}

func newNumbers(alloc memory.Allocator, t types.Type, rows int) *numbers {
	width := widthOf(t.Arrow())
	n := &numbers{t: t, rows: rows, alloc: alloc, values: columns.NewBuffer(alloc, rows*width)}
	if width == 4 {
		n.narrow = columns.ViewBuffer[uint32](n.values)
	} else {
		n.wide = columns.ViewBuffer[uint64](n.values)
	}
	return n
}

func (n *numbers) set(i int, bits uint64) {
	if n.narrow != nil {
		n.narrow[i] = uint32(bits)
	} else {
		n.wide[i] = bits
	}
}

func (n *numbers) null(i int) {
	if n.valid == nil {
		n.valid = columns.NewBuffer(n.alloc, (n.rows+7)/8)
		for j := range n.valid.Bytes() {
			n.valid.Bytes()[j] = 0xff
		}
	}
	n.valid.Bytes()[i>>3] &^= 1 << (i & 7)
	n.nulls++
	n.set(i, 0)
}

func (n *numbers) finish() arrow.Array {
	return columns.Make(n.t.Arrow(), n.rows, []*memory.Buffer{n.valid, n.values}, nil, n.nulls)
}

func (n *numbers) release() { n.finish().Release() }
