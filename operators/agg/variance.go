package agg

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
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

// moments is the accumulator: the count of the values, their sum and that of their
// squares. All three are linear, so values and partial results can be taken away, also
// ones that were added elsewhere. The sums have twice the digits of a float64, so that
// little is lost when m2 takes one from the other.
type moments struct {
	count   int64
	sum     twofold
	squares twofold
}

// add counts a value w times.
func (a *moments) add(v, w float64) {
	a.count += int64(w)
	a.sum = a.sum.plus(twofold{high: w * v})
	square := product(v, v)
	a.squares = a.squares.plus(twofold{w * square.high, w * square.low})
}

func (a *moments) merge(o moments) {
	a.count += o.count
	a.sum, a.squares = a.sum.plus(o.sum), a.squares.plus(o.squares)
}

// m2 is the sum of the squared differences from the mean.
func (a *moments) m2() float64 {
	square := product(a.sum.high, a.sum.high)
	square.low += 2 * a.sum.high * a.sum.low
	n := float64(a.count)
	ofMean := twofold{high: square.high / n}
	ofMean.low = (math.FMA(-ofMean.high, n, square.high) + square.low) / n
	d := a.squares.plus(twofold{-ofMean.high, -ofMean.low})
	return max(0, d.high+d.low)
}

// twofold is a number of about 106 bits: the sum of high and the much smaller low.
type twofold struct{ high, low float64 }

// plus adds without losing what is too small for high.
func (a twofold) plus(b twofold) twofold {
	sum := a.high + b.high
	part := sum - a.high
	low := (a.high - (sum - part)) + (b.high - part) + a.low + b.low
	high := sum + low
	return twofold{high: high, low: low - (high - sum)}
}

// product multiplies exactly.
func product(a, b float64) twofold {
	p := a * b
	return twofold{high: p, low: math.FMA(a, b, -p)}
}

// variance is VAR_POP, VAR_SAMP, STDDEV_POP and STDDEV_SAMP, computed in DOUBLE.
type variance struct {
	spread spread
	result arrow.DataType
	// retracts has each accumulator followed by the number of values whose squares are
	// not finite, which are in no sum: from infinity nothing can be taken away.
	retracts bool
	weights  []int8
	values   []float64
}

var _ Agg = (*variance)(nil)

func (v *variance) Spec() Spec {
	double := types.Of(types.Double).NotNull()
	count := types.Of(types.BigInt).NotNull()
	spec := Spec{Width: momentsBytes, Partial: []types.Type{count, double, double, double, double}}
	if v.retracts {
		spec.Width, spec.Partial = spec.Width+8, append(spec.Partial, count)
	}
	return spec
}

const momentsBytes = int(unsafe.Sizeof(moments{}))

// endless is the number behind the accumulator in the row at p.
func (v *variance) endless(p unsafe.Pointer, acc *Accs) *int64 {
	return on[int64](p, acc.Offset+uintptr(momentsBytes))
}

func (v *variance) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &v.weights)
	values := floats(args[0], &v.values)
	for i, p := range acc.Rows {
		w := int8(1)
		if weights != nil {
			w = weights[i]
		}
		switch a := on[moments](p, acc.Offset); {
		case w == 0:
		case v.retracts && !isFinite(values[i]*values[i]):
			a.count += int64(w)
			*v.endless(p, &acc) += int64(w)
		default:
			a.add(values[i], float64(w))
		}
	}
}

func (v *variance) Merge(acc Accs, partial []arrow.Array, _ int) {
	counts := ints(partial[0], nil)
	var sums [4][]float64
	for i := range sums {
		sums[i] = columns.Values[float64](partial[i+1])
	}
	for i, p := range acc.Rows {
		on[moments](p, acc.Offset).merge(moments{count: counts[i],
			sum: twofold{sums[0][i], sums[1][i]}, squares: twofold{sums[2][i], sums[3][i]}})
		if v.retracts {
			*v.endless(p, &acc) += columns.Values[int64](partial[5])[i]
		}
	}
}

func (v *variance) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	n := len(acc.Rows)
	counts, sums := make([]int64, n), [4][]float64{}
	for i := range sums {
		sums[i] = make([]float64, n)
	}
	for i := range acc.Rows {
		a := at[moments](&acc, i)
		counts[i] = a.count
		sums[0][i], sums[1][i], sums[2][i], sums[3][i] = a.sum.high, a.sum.low, a.squares.high, a.squares.low
	}
	col := column{alloc: alloc, n: n}
	out := []arrow.Array{col.fromInts(arrow.PrimitiveTypes.Int64, counts)}
	for _, s := range sums {
		out = append(out, col.fromFloats(arrow.PrimitiveTypes.Float64, s))
	}
	if v.retracts {
		endless := make([]int64, n)
		for i, p := range acc.Rows {
			endless[i] = *v.endless(p, &acc)
		}
		out = append(out, col.fromInts(arrow.PrimitiveTypes.Int64, endless))
	}
	return out
}

func (v *variance) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	values := grow(&v.values, len(acc.Rows))
	col := column{alloc: alloc, n: len(acc.Rows)}
	for i, p := range acc.Rows {
		var ok bool
		if values[i], ok = v.of(at[moments](&acc, i)); !ok {
			col.nullAt(i)
		}
		if v.retracts && *v.endless(p, &acc) > 0 {
			values[i] = math.NaN()
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
	value = a.m2() / float64(divisor)
	if v.spread == stddevPop || v.spread == stddevSamp {
		value = math.Sqrt(value)
	}
	if near := math.Round(value); arrow.IsInteger(v.result.ID()) && math.Abs(value-near) <= 1e-9*max(1, near) {
		value = near // it will be truncated, and rounding errors must not decide
	}
	return value, true
}
