package agg

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// count is COUNT(*), COUNT(x) and COUNT(x, y): rows whose arguments are all
// present. The accumulator is the count.
type count struct {
	weights []int8
}

var _ Agg = (*count)(nil)

func (c *count) Spec() Spec {
	return Spec{Width: 8, Partial: []types.Type{types.Of(types.BigInt).NotNull()}, Invertible: true}
}

func (c *count) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &c.weights)
	if weights == nil {
		for _, p := range acc.Rows {
			*on[int64](p, acc.Offset)++
		}
		return
	}
	weights = weights[:len(acc.Rows)]
	for i, p := range acc.Rows {
		*on[int64](p, acc.Offset) += int64(weights[i])
	}
}

func (c *count) Merge(acc Accs, partial []arrow.Array, sign int) {
	values := ints(partial[0], nil)
	for i, p := range acc.Rows {
		*on[int64](p, acc.Offset) += int64(sign) * values[i]
	}
}

func (c *count) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	return []arrow.Array{c.Emit(acc, alloc)}
}

func (c *count) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	buf := columns.NewBuffer(alloc, len(acc.Rows)*8)
	out := columns.ViewBuffer[int64](buf)[:len(acc.Rows)]
	for i, p := range acc.Rows {
		out[i] = *on[int64](p, acc.Offset)
	}
	return columns.Make(arrow.PrimitiveTypes.Int64, len(out), []*memory.Buffer{nil, buf}, nil, 0)
}

// emitInts builds a laneInt column from a value per accumulator; ok false is
// NULL. read is called once per result row, not per input row.
func emitInts(acc Accs, alloc memory.Allocator, dt arrow.DataType, scratch *[]int64, read func(unsafe.Pointer) (v int64, ok bool)) arrow.Array {
	values := grow(scratch, len(acc.Rows))
	col := column{alloc: alloc, n: len(acc.Rows)}
	for i, p := range acc.Rows {
		v, ok := read(unsafe.Add(p, acc.Offset))
		values[i] = v
		if !ok {
			col.nullAt(i)
		}
	}
	return col.fromInts(dt, values)
}
