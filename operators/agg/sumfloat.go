package agg

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
)

// floatSum is the accumulator of a sum of floats.
type floatSum struct {
	sum   float64
	count int64
}

// endless follows a floatSum whose values may be taken away: it counts those that are
// not finite, which are not in the sum, as from infinity nothing can be taken.
type endless struct{ nans, ups, downs int64 }

const (
	floatSumBytes = 16
	endlessBytes  = 24
)

// add counts a value that is not finite w times.
func (e *endless) add(v float64, w int64) {
	switch {
	case v > 0:
		e.ups += w
	case v < 0:
		e.downs += w
	default:
		e.nans += w
	}
}

// onto is a sum with what was counted.
func (e *endless) onto(sum float64) float64 {
	switch {
	case e.nans > 0 || e.ups > 0 && e.downs > 0:
		return math.NaN()
	case e.ups > 0:
		return math.Inf(1)
	case e.downs > 0:
		return math.Inf(-1)
	}
	return sum
}

// isFinite reports what is neither NaN nor infinite.
func isFinite(v float64) bool { return v-v == 0 }

// sumFloat is SUM and AVG of FLOAT and DOUBLE. Taking values away may leave
// rounding errors, as in any running sum. A count of zero does not make the sum zero:
// what a partial result takes away may have been added to another.
type sumFloat struct {
	result  arrow.DataType
	average bool
	// retracts has each accumulator followed by an endless.
	retracts bool
	weights  []int8
	values   []float64
	counts   []int64
}

var _ Agg = (*sumFloat)(nil)

func (s *sumFloat) Spec() Spec {
	count := types.Of(types.BigInt).NotNull()
	spec := Spec{Width: floatSumBytes, Partial: []types.Type{types.Of(types.Double), count}}
	if s.retracts {
		spec.Width, spec.Partial = floatSumBytes+endlessBytes, append(spec.Partial, count, count, count)
	}
	return spec
}

func (s *sumFloat) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &s.weights)
	values := floats(args[0], &s.values)[:len(acc.Rows)]
	switch {
	case s.retracts:
		accumulateEndless(acc, values, weights)
		return
	case weights == nil:
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

func accumulateEndless(acc Accs, values []float64, weights []int8) {
	for i, p := range acc.Rows {
		w := int8(1)
		if weights != nil {
			w = weights[i]
		}
		if w == 0 {
			continue
		}
		a := on[floatSum](p, acc.Offset)
		a.count += int64(w)
		if isFinite(values[i]) {
			a.sum += float64(w) * values[i]
		} else {
			on[endless](p, acc.Offset+floatSumBytes).add(values[i], int64(w))
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
	if !s.retracts {
		return
	}
	nans, ups, downs := ints(partial[2], nil), ints(partial[3], nil), ints(partial[4], nil)
	for i, p := range acc.Rows {
		e := on[endless](p, acc.Offset+floatSumBytes)
		e.nans += int64(sign) * nans[i]
		e.ups += int64(sign) * ups[i]
		e.downs += int64(sign) * downs[i]
	}
}

func (s *sumFloat) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	sums := grow(&s.values, len(acc.Rows))
	for i := range acc.Rows {
		sums[i] = at[floatSum](&acc, i).sum
	}
	col := column{alloc: alloc, n: len(acc.Rows)}
	out := []arrow.Array{col.fromFloats(arrow.PrimitiveTypes.Float64, sums)}
	add := func(of func(i int) int64) {
		counts := grow(&s.counts, len(acc.Rows))
		for i := range counts {
			counts[i] = of(i)
		}
		out = append(out, col.fromInts(arrow.PrimitiveTypes.Int64, counts))
	}
	add(func(i int) int64 { return at[floatSum](&acc, i).count })
	if s.retracts {
		e := acc
		e.Offset += floatSumBytes
		add(func(i int) int64 { return at[endless](&e, i).nans })
		add(func(i int) int64 { return at[endless](&e, i).ups })
		add(func(i int) int64 { return at[endless](&e, i).downs })
	}
	return out
}

func (s *sumFloat) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	values := grow(&s.values, len(acc.Rows))
	col := column{alloc: alloc, n: len(acc.Rows)}
	for i, p := range acc.Rows {
		a := at[floatSum](&acc, i)
		sum := a.sum
		if s.retracts {
			sum = on[endless](p, acc.Offset+floatSumBytes).onto(sum)
		}
		switch {
		case a.count == 0:
			col.nullAt(i)
		case s.average:
			values[i] = sum / float64(a.count)
		default:
			values[i] = sum
		}
	}
	return col.fromFloats(s.result, values)
}
