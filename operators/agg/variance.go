package agg

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
)

// spread is which measure of spread an aggregate yields.
type spread uint8

const (
	varPop spread = iota
	varSamp
	stddevPop
	stddevSamp
)

// String gives the lower-case name.
func (s spread) String() string {
	names := [...]string{"var_pop", "var_samp", "stddev_pop", "stddev_samp"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("spread(%d)", uint8(s))
}

// moments is the accumulator: count, mean, and the sum of squared differences
// from the mean, updated by Welford's method and merged by Chan's.
type moments struct {
	count int64
	mean  float64
	m2    float64
}

func (a *moments) add(v float64) {
	a.count++
	delta := v - a.mean
	a.mean += delta / float64(a.count)
	a.m2 += delta * (v - a.mean)
}

func (a *moments) sub(v float64) {
	if a.count <= 1 {
		*a = moments{count: a.count - 1}
		return
	}
	before := (float64(a.count)*a.mean - v) / float64(a.count-1)
	a.m2 = max(0, a.m2-(v-a.mean)*(v-before))
	a.mean = before
	a.count--
}

func (a *moments) merge(o moments) {
	total := a.count + o.count
	if o.count == 0 || total == 0 {
		return
	}
	delta := o.mean - a.mean
	a.m2 += o.m2 + delta*delta*float64(a.count)*float64(o.count)/float64(total)
	a.mean += delta * float64(o.count) / float64(total)
	a.count = total
}

// variance is VAR_POP, VAR_SAMP, STDDEV_POP and STDDEV_SAMP, computed in DOUBLE.
type variance struct {
	spread  spread
	result  arrow.DataType
	weights []int8
	values  []float64
}

var _ Agg = (*variance)(nil)

func (v *variance) Spec() Spec {
	double := types.Of(types.Double).NotNull()
	return Spec{Width: 24, Partial: []types.Type{types.Of(types.BigInt).NotNull(), double, double}}
}

func (v *variance) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &v.weights)
	values := floats(args[0], &v.values)
	for i, p := range acc.Rows {
		a := on[moments](p, acc.Offset)
		switch {
		case weights == nil || weights[i] > 0:
			a.add(values[i])
		case weights[i] < 0:
			a.sub(values[i])
		}
	}
}

func (v *variance) Merge(acc Accs, partial []arrow.Array, _ int) {
	counts := ints(partial[0], nil)
	means, m2s := floats(partial[1], nil), floats(partial[2], nil)
	for i, p := range acc.Rows {
		on[moments](p, acc.Offset).merge(moments{count: counts[i], mean: means[i], m2: m2s[i]})
	}
}

func (v *variance) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	n := len(acc.Rows)
	counts, means, m2s := make([]int64, n), make([]float64, n), make([]float64, n)
	for i := range acc.Rows {
		a := at[moments](&acc, i)
		counts[i], means[i], m2s[i] = a.count, a.mean, a.m2
	}
	col := column{alloc: alloc, n: n}
	double := arrow.PrimitiveTypes.Float64
	return []arrow.Array{
		col.fromInts(arrow.PrimitiveTypes.Int64, counts), col.fromFloats(double, means), col.fromFloats(double, m2s),
	}
}

func (v *variance) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	values := grow(&v.values, len(acc.Rows))
	col := column{alloc: alloc, n: len(acc.Rows)}
	for i := range acc.Rows {
		var ok bool
		if values[i], ok = v.of(at[moments](&acc, i)); !ok {
			col.nullAt(i)
		}
	}
	return col.fromFloats(v.result, values)
}

// of is the measure of one group; ok is false without enough rows.
func (v *variance) of(a *moments) (value float64, ok bool) {
	divisor := a.count
	if v.spread == varSamp || v.spread == stddevSamp {
		divisor--
	}
	if divisor <= 0 {
		return 0, false
	}
	value = a.m2 / float64(divisor)
	if v.spread == stddevPop || v.spread == stddevSamp {
		value = math.Sqrt(value)
	}
	if near := math.Round(value); arrow.IsInteger(v.result.ID()) && math.Abs(value-near) <= 1e-9*max(1, near) {
		value = near // it will be truncated, and rounding errors must not decide
	}
	return value, true
}
