package agg

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
)

// intSum is the accumulator of a sum of integers. The sum wraps at 64 bits as
// Flink's does, so adding and taking away in any order agree.
type intSum struct {
	sum   int64
	count int64 // rows counted; the sum of none is NULL
}

// sumInt is SUM and AVG of integers.
type sumInt struct {
	result  arrow.DataType
	average bool
	weights []int8
	values  []int64
	counts  []int64
}

var _ Agg = (*sumInt)(nil)

func (s *sumInt) Spec() Spec {
	bigint := types.Of(types.BigInt)
	return Spec{Width: 16, Partial: []types.Type{bigint, bigint.NotNull()}, Invertible: true}
}

func (s *sumInt) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &s.weights)
	values := ints(args[0], &s.values)[:len(acc.Rows)]
	if weights == nil {
		for i, p := range acc.Rows {
			a := on[intSum](p, acc.Offset)
			a.sum += values[i]
			a.count++
		}
		return
	}
	weights = weights[:len(acc.Rows)]
	for i, p := range acc.Rows {
		a, w := on[intSum](p, acc.Offset), int64(weights[i])
		a.sum += w * values[i]
		a.count += w
	}
}

func (s *sumInt) Merge(acc Accs, partial []arrow.Array, sign int) {
	sums := ints(partial[0], nil)
	counts := ints(partial[1], nil)
	for i, p := range acc.Rows {
		a := on[intSum](p, acc.Offset)
		a.sum += int64(sign) * sums[i]
		a.count += int64(sign) * counts[i]
	}
}

func (s *sumInt) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	sums, counts := grow(&s.values, len(acc.Rows)), grow(&s.counts, len(acc.Rows))
	for i := range acc.Rows {
		a := at[intSum](&acc, i)
		sums[i], counts[i] = a.sum, a.count
	}
	col := column{alloc: alloc, n: len(acc.Rows)}
	return []arrow.Array{col.fromInts(arrow.PrimitiveTypes.Int64, sums), col.fromInts(arrow.PrimitiveTypes.Int64, counts)}
}

func (s *sumInt) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	values := grow(&s.values, len(acc.Rows))
	col := column{alloc: alloc, n: len(acc.Rows)}
	for i, p := range acc.Rows {
		a := on[intSum](p, acc.Offset)
		values[i] = a.sum
		if a.count == 0 {
			col.nullAt(i)
		} else if s.average {
			values[i] = a.sum / a.count
		}
	}
	return col.fromInts(s.result, values)
}
