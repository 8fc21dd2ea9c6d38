package agg

import (
	"math/big"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// decimalSum is the accumulator of a sum of decimals: a 192-bit integer in two's
// complement, which no stream is long enough to overflow, so that sums are exact
// in any order even when they pass 38 digits on the way.
type decimalSum struct {
	lo, mid uint64
	hi      int64
	count   int64
}

func (a *decimalSum) add(v decimal128.Num, count int64) {
	var carry uint64
	high := v.HighBits()
	a.lo, carry = bits.Add64(a.lo, v.LowBits(), 0)
	a.mid, carry = bits.Add64(a.mid, uint64(high), carry)
	a.hi += high>>63 + int64(carry)
	a.count += count
}

func (a *decimalSum) sub(v decimal128.Num, count int64) {
	var borrow uint64
	high := v.HighBits()
	a.lo, borrow = bits.Sub64(a.lo, v.LowBits(), 0)
	a.mid, borrow = bits.Sub64(a.mid, uint64(high), borrow)
	a.hi -= high>>63 + int64(borrow)
	a.count -= count
}

// num gives the sum as 128 bits; ok is false when it has more than 38 digits.
func (a *decimalSum) num() (v decimal128.Num, ok bool) {
	v = decimal128.New(int64(a.mid), a.lo)
	return v, a.hi == int64(a.mid)>>63 && v.FitsInPrecision(types.MaxDecimalPrecision)
}

// big gives the sum exactly.
func (a *decimalSum) big() *big.Int {
	v := big.NewInt(a.hi)
	v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(a.mid))
	return v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(a.lo))
}

// sumDecimal is SUM and AVG of DECIMAL. A result of more than 38 digits is NULL,
// as in Flink.
type sumDecimal struct {
	argScale int32
	result   *arrow.Decimal128Type
	average  bool
	weights  []int8
	counts   []int64
}

var _ Agg = (*sumDecimal)(nil)

func (s *sumDecimal) Spec() Spec {
	sum := types.DecimalOf(types.MaxDecimalPrecision, int(s.argScale))
	return Spec{Width: 32, Partial: []types.Type{sum, types.Of(types.BigInt).NotNull()}, Invertible: true}
}

func (s *sumDecimal) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &s.weights)
	values := columns.Values[decimal128.Num](args[0])[:len(acc.Rows)]
	if weights == nil {
		for i, p := range acc.Rows {
			on[decimalSum](p, acc.Offset).add(values[i], 1)
		}
		return
	}
	weights = weights[:len(acc.Rows)]
	for i, p := range acc.Rows {
		switch weights[i] {
		case 1:
			on[decimalSum](p, acc.Offset).add(values[i], 1)
		case -1:
			on[decimalSum](p, acc.Offset).sub(values[i], 1)
		}
	}
}

func (s *sumDecimal) Merge(acc Accs, partial []arrow.Array, sign int) {
	sums := columns.Values[decimal128.Num](partial[0])
	counts := ints(partial[1], nil)
	for i, p := range acc.Rows {
		if sign > 0 {
			on[decimalSum](p, acc.Offset).add(sums[i], counts[i])
		} else {
			on[decimalSum](p, acc.Offset).sub(sums[i], counts[i])
		}
	}
}

// Partial clamps a sum beyond 128 bits to the greatest number, whose merged
// result stays beyond 38 digits and so NULL.
func (s *sumDecimal) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	buf := columns.NewBuffer(alloc, len(acc.Rows)*16)
	out, counts := columns.ViewBuffer[decimal128.Num](buf), grow(&s.counts, len(acc.Rows))
	for i := range acc.Rows {
		a := at[decimalSum](&acc, i)
		out[i], counts[i] = decimal128.New(int64(a.mid), a.lo), a.count
		if a.hi != int64(a.mid)>>63 {
			out[i] = decimal128.New(1<<62, 0)
		}
	}
	col := column{alloc: alloc, n: len(acc.Rows)}
	dt := &arrow.Decimal128Type{Precision: types.MaxDecimalPrecision, Scale: s.argScale}
	return []arrow.Array{col.fixed(dt, buf), col.fromInts(arrow.PrimitiveTypes.Int64, counts)}
}

func (s *sumDecimal) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	buf := columns.NewBuffer(alloc, len(acc.Rows)*16)
	out := columns.ViewBuffer[decimal128.Num](buf)
	col := column{alloc: alloc, n: len(acc.Rows)}
	for i := range acc.Rows {
		a := at[decimalSum](&acc, i)
		v, ok := decimal128.Num{}, false
		switch {
		case a.count == 0:
		case s.average:
			v, ok = a.average(s.result.Scale - s.argScale)
		default:
			v, ok = a.num()
		}
		out[i] = v
		if !ok {
			col.nullAt(i)
		}
	}
	return col.fixed(s.result, buf)
}

// average divides sum by count with shift more digits after the point, rounding
// half away from zero; ok is false when the quotient has more than 38 digits.
func (a *decimalSum) average(shift int32) (v decimal128.Num, ok bool) {
	if v, ok = a.averageSmall(shift); ok {
		return v, true
	}
	sum := a.big()
	negative := sum.Sign() < 0
	sum.Abs(sum).Mul(sum, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(shift)), nil))
	count := big.NewInt(a.count)
	quotient, rest := new(big.Int).QuoRem(sum, count, new(big.Int))
	if rest.Lsh(rest, 1).CmpAbs(count) >= 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	if negative {
		quotient.Neg(quotient)
	}
	if quotient.BitLen() > 127 {
		return decimal128.Num{}, false
	}
	v = decimal128.FromBigInt(quotient)
	return v, v.FitsInPrecision(types.MaxDecimalPrecision)
}

// averageSmall is average where sum and quotient fit in 64 bits.
func (a *decimalSum) averageSmall(shift int32) (v decimal128.Num, ok bool) {
	sum := int64(a.lo)
	if a.count <= 0 || int64(a.mid) != sum>>63 || a.hi != sum>>63 || shift > 18 {
		return v, false
	}
	magnitude := uint64(sum)
	if sum < 0 {
		magnitude = -magnitude
	}
	scale := uint64(1)
	for range shift {
		scale *= 10
	}
	high, low := bits.Mul64(magnitude, scale)
	if high >= uint64(a.count) {
		return v, false
	}
	quotient, rest := bits.Div64(high, low, uint64(a.count))
	if rest >= uint64(a.count)-rest {
		quotient++
	}
	if quotient > 1<<63-1 {
		return v, false
	}
	if sum < 0 {
		return decimal128.FromI64(-int64(quotient)), true
	}
	return decimal128.FromU64(quotient), true
}

// decimalsFromFloats finishes a DECIMAL column out of float64s; a value of too
// many digits is NULL.
func (c *column) decimalsFromFloats(dt *arrow.Decimal128Type, values []float64) arrow.Array {
	buf := columns.NewBuffer(c.alloc, c.n*16)
	out := columns.ViewBuffer[decimal128.Num](buf)
	for i := range out {
		v, err := decimal128.FromFloat64(values[i], dt.Precision, dt.Scale)
		if err != nil {
			c.nullAt(i)
		}
		out[i] = v
	}
	return c.fixed(dt, buf)
}
