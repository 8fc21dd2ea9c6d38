package agg

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// nothing is an aggregate of bare NULLs: always NULL.
type nothing struct {
	result arrow.DataType
}

var _ Agg = (*nothing)(nil)

func (*nothing) Spec() Spec {
	return Spec{Width: 8, Partial: []types.Type{types.Of(types.BigInt)}, Invertible: true}
}

func (*nothing) Accumulate(Accs, []arrow.Array, []int8) {}

func (*nothing) Merge(Accs, []arrow.Array, int) {}

func (*nothing) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	return []arrow.Array{columns.Nulls(alloc, arrow.PrimitiveTypes.Int64, len(acc.Rows))}
}

func (n *nothing) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	return columns.Nulls(alloc, n.result, len(acc.Rows))
}
