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

// floatSum is the accumulator of a sum of floats.
type floatSum struct {
	sum   float64
	count int64
}

// sumFloat is SUM and AVG of FLOAT and DOUBLE. Taking values away may leave
// rounding errors, as in any running sum. A count of zero does not make the sum zero:
// what a partial result takes away may have been added to another.
type sumFloat struct {
	result  arrow.DataType
	average bool
	weights []int8
	values  []float64
	counts  []int64
}

var _ Agg = (*sumFloat)(nil)

func (s *sumFloat) Spec() Spec {
	return Spec{Width: 16, Partial: []types.Type{types.Of(types.Double), types.Of(types.BigInt).NotNull()}}
}

func (s *sumFloat) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &s.weights)
	values := floats(args[0], &s.values)[:len(acc.Rows)]
	if weights == nil {
		for i, p := range acc.Rows {
			a := on[floatSum](p, acc.Offset)
			a.sum += values[i]
			a.count++
		}
		return
	}
	weights = weights[:len(acc.Rows)]
	for i, p := range acc.Rows {
		if w := weights[i]; w != 0 {
			a := on[floatSum](p, acc.Offset)
			a.sum += float64(w) * values[i]
			a.count += int64(w)
		}
	}
}

func (s *sumFloat) Merge(acc Accs, partial []arrow.Array, sign int) {
	sums := floats(partial[0], nil)
	counts := ints(partial[1], nil)
	for i, p := range acc.Rows {
		a := on[floatSum](p, acc.Offset)
		a.sum += float64(sign) * sums[i]
		a.count += int64(sign) * counts[i]
	}
}

func (s *sumFloat) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	sums, counts := grow(&s.values, len(acc.Rows)), grow(&s.counts, len(acc.Rows))
	for i := range acc.Rows {
		a := at[floatSum](&acc, i)
		sums[i], counts[i] = a.sum, a.count
	}
	col := column{alloc: alloc, n: len(acc.Rows)}
	return []arrow.Array{col.fromFloats(arrow.PrimitiveTypes.Float64, sums), col.fromInts(arrow.PrimitiveTypes.Int64, counts)}
}

func (s *sumFloat) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	values := grow(&s.values, len(acc.Rows))
	col := column{alloc: alloc, n: len(acc.Rows)}
	for i := range acc.Rows {
		a := at[floatSum](&acc, i)
		switch {
		case a.count == 0:
			col.nullAt(i)
		case s.average:
			values[i] = a.sum / float64(a.count)
		default:
			values[i] = a.sum
		}
	}
	return col.fromFloats(s.result, values)
}
