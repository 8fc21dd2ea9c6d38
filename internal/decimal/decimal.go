// Package decimal is exact decimal arithmetic on 128-bit integers: the unscaled
// values of SQL DECIMALs of up to 38 digits. Functions that may exceed the range
// report it; rounding is half up (away from zero), as in Flink.
package decimal

import (
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
)

// Num is an unscaled value, a two's complement 128-bit integer.
type Num = decimal128.Num

// MaxPrecision is the greatest number of digits.
const MaxPrecision = 38

// FromInt64 is v as a Num.
func FromInt64(v int64) Num { return decimal128.New(v>>63, uint64(v)) }

// IsInt64 reports whether a fits into int64.
func IsInt64(a Num) bool { return a.HighBits() == int64(a.LowBits())>>63 }

// Sign is -1, 0 or 1.
func Sign(a Num) int {
	switch {
	case a.HighBits() < 0:
		return -1
	case a.HighBits() == 0 && a.LowBits() == 0:
		return 0
	}
	return 1
}

// Less reports a < b.
func Less(a, b Num) bool {
	return a.HighBits() < b.HighBits() || a.HighBits() == b.HighBits() && a.LowBits() < b.LowBits()
}

// Cmp compares a and b: -1, 0 or 1.
func Cmp(a, b Num) int {
	switch {
	case a == b:
		return 0
	case Less(a, b):
		return -1
	}
	return 1
}

// Add is a + b; ok is false when it leaves 128 bits.
func Add(a, b Num) (sum Num, ok bool) {
	lo, carry := bits.Add64(a.LowBits(), b.LowBits(), 0)
	hi, _ := bits.Add64(uint64(a.HighBits()), uint64(b.HighBits()), carry)
	overflow := (a.HighBits() ^ int64(hi)) & (b.HighBits() ^ int64(hi))
	return decimal128.New(int64(hi), lo), overflow >= 0
}

// Sub is a - b; ok is false when it leaves 128 bits.
func Sub(a, b Num) (difference Num, ok bool) {
	lo, borrow := bits.Sub64(a.LowBits(), b.LowBits(), 0)
	hi, _ := bits.Sub64(uint64(a.HighBits()), uint64(b.HighBits()), borrow)
	overflow := (a.HighBits() ^ b.HighBits()) & (a.HighBits() ^ int64(hi))
	return decimal128.New(int64(hi), lo), overflow >= 0
}

// Neg is -a.
func Neg(a Num) Num {
	lo, borrow := bits.Sub64(0, a.LowBits(), 0)
	hi, _ := bits.Sub64(0, uint64(a.HighBits()), borrow)
	return decimal128.New(int64(hi), lo)
}

// Mul64 is the exact product of two 64-bit numbers.
func Mul64(a, b int64) Num {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	hi -= uint64(a>>63)&uint64(b) + uint64(b>>63)&uint64(a)
	return decimal128.New(int64(hi), lo)
}

// wide is the magnitude of a number: 256 bits, least significant word first.
type wide [4]uint64

// magnitude splits a into sign and absolute value.
func magnitude(a Num) (hi, lo uint64, negative bool) {
	if a.HighBits() < 0 {
		n := Neg(a)
		return uint64(n.HighBits()), n.LowBits(), true
	}
	return uint64(a.HighBits()), a.LowBits(), false
}

// signed puts the sign back; ok is false when the magnitude leaves 127 bits.
func signed(hi, lo uint64, negative bool) (Num, bool) {
	n := decimal128.New(int64(hi), lo)
	if negative {
		n = Neg(n)
	}
	return n, hi>>63 == 0
}

// Mul is a · b; ok is false when it leaves 128 bits.
func Mul(a, b Num) (product Num, ok bool) {
	if IsInt64(a) && IsInt64(b) {
		return Mul64(int64(a.LowBits()), int64(b.LowBits())), true
	}
	p, negative := mulWide(a, b)
	if p[2]|p[3] != 0 {
		return Num{}, false
	}
	return signed(p[1], p[0], negative)
}

func mulWide(a, b Num) (wide, bool) {
	ah, al, an := magnitude(a)
	bh, bl, bn := magnitude(b)
	var p wide
	var carry uint64
	p[1], p[0] = bits.Mul64(al, bl)
	h1, l1 := bits.Mul64(al, bh)
	h2, l2 := bits.Mul64(ah, bl)
	h3, l3 := bits.Mul64(ah, bh)
	p[1], carry = bits.Add64(p[1], l1, 0)
	p[2], carry = bits.Add64(h1, l3, carry)
	p[3] = h3 + carry
	p[1], carry = bits.Add64(p[1], l2, 0)
	p[2], carry = bits.Add64(p[2], h2, carry)
	p[3] += carry
	return p, an != bn
}

// MulRound is a · b / 10^drop, rounded; ok is false when it leaves 128 bits.
func MulRound(a, b Num, drop int) (product Num, ok bool) {
	p, negative := mulWide(a, b)
	if drop > 0 {
		p = divRound(p, wideOf(Pow10(drop)))
	}
	if p[2]|p[3] != 0 {
		return Num{}, false
	}
	return signed(p[1], p[0], negative)
}

// Div is a · 10^shift / b, rounded; ok is false when it leaves 128 bits. b must
// not be zero and shift is between 0 and 76.
func Div(a, b Num, shift int) (quotient Num, ok bool) {
	_, _, an := magnitude(a)
	_, _, bn := magnitude(b)
	p, _ := mulWide(a, Pow10(min(shift, MaxPrecision)))
	if shift > MaxPrecision {
		var fits bool
		if p, fits = mulSmall(p, Pow10(shift-MaxPrecision)); !fits {
			return Num{}, false
		}
	}
	if bn {
		b = Neg(b)
	}
	q := divRound(p, wideOf(b))
	if q[2]|q[3] != 0 {
		return Num{}, false
	}
	return signed(q[1], q[0], an != bn)
}

// mulSmall multiplies a wide number by a non-negative Num; ok is false when the
// product leaves 256 bits.
func mulSmall(a wide, b Num) (wide, bool) {
	var out wide
	ok := true
	for i, word := range [2]uint64{b.LowBits(), uint64(b.HighBits())} {
		var carry uint64
		for j := 0; j < 4; j++ {
			hi, lo := bits.Mul64(a[j], word)
			if i+j > 3 {
				ok = ok && hi|lo|carry == 0
				carry = 0
				continue
			}
			var c1, c2 uint64
			lo, c1 = bits.Add64(lo, carry, 0)
			out[i+j], c2 = bits.Add64(out[i+j], lo, 0)
			carry = hi + c1 + c2
		}
		ok = ok && carry == 0
	}
	return out, ok
}

// Rem is the remainder of a / b after truncation; it has a's sign. b must not be
// zero.
func Rem(a, b Num) Num {
	if IsInt64(a) && IsInt64(b) {
		if b.LowBits() == ^uint64(0) {
			return Num{}
		}
		return FromInt64(int64(a.LowBits()) % int64(b.LowBits()))
	}
	ah, al, an := magnitude(a)
	if Sign(b) < 0 {
		b = Neg(b)
	}
	_, rem := divWide(wide{al, ah}, wideOf(b))
	n, _ := signed(rem[1], rem[0], an)
	return n
}

// Shifts are powers of ten: A and B that operands are multiplied by, and Drop that
// the result is divided by. Each is between 0 and 38.
type Shifts struct {
	A, B, Drop int
}

// AddShifted is (a · 10^A + b · 10^B) / 10^Drop, rounded once; ok is false when it
// leaves 128 bits.
func AddShifted(a, b Num, s Shifts) (sum Num, ok bool) {
	p, pn := mulWide(a, Pow10(s.A))
	q, qn := mulWide(b, Pow10(s.B))
	switch {
	case pn == qn:
		p = addWide(p, q)
	case lessWide(p, q):
		p, pn = subWide(q, p), qn
	default:
		p = subWide(p, q)
	}
	p = divRound(p, wideOf(Pow10(s.Drop)))
	if p[2]|p[3] != 0 {
		return Num{}, false
	}
	return signed(p[1], p[0], pn)
}

// RemShifted is the remainder of a · 10^shift / b after truncation, with a's sign.
// b must not be zero and shift is between 0 and 38.
func RemShifted(a, b Num, shift int) Num {
	if shift == 0 {
		return Rem(a, b)
	}
	p, negative := mulWide(a, Pow10(shift))
	if Sign(b) < 0 {
		b = Neg(b)
	}
	_, rem := divWide(p, wideOf(b))
	n, _ := signed(rem[1], rem[0], negative)
	return n
}

// Quo is a / b truncated. b must not be zero.
func Quo(a, b Num) Num {
	ah, al, an := magnitude(a)
	bh, bl, bn := magnitude(b)
	q, _ := divWide(wide{al, ah}, wide{bl, bh})
	n, _ := signed(q[1], q[0], an != bn)
	return n
}

func wideOf(a Num) wide { return wide{a.LowBits(), uint64(a.HighBits())} }
