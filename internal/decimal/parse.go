package decimal

import (
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
)

// number is a number's text taken apart: digits without the point, and where that
// stands.
type number struct {
	negative bool
	digits   [2*MaxPrecision + 4]byte
	n        int // digits kept, without leading zeros
	scale    int // digits after the point; may be negative
}

// Parse reads a number such as `-12.345`, `.5` or `1.2e3` and rounds it to
// scale, half away from zero. valid is false for text that is no number, fits false
// for one with more than precision digits. Spaces around are not accepted.
func Parse[S ~string | ~[]byte](s S, precision, scale int) (v Num, valid, fits bool) {
	if v, ok := parseShort(s, precision, scale); ok {
		return v, true, true
	}
	var d number
	if !parseDigits(&d, s) {
		return Num{}, false, false
	}
	keep := d.n + scale - d.scale // digits of the unscaled result
	switch {
	case d.n == 0 || keep < 0:
		return Num{}, true, true
	case keep > MaxPrecision:
		return Num{}, true, false
	}
	v = d.leading(keep)
	if !Fits(v, precision) {
		return Num{}, true, false
	}
	if d.negative {
		v = Neg(v)
	}
	return v, true, true
}

// leading makes a number of the first keep digits, rounded by the next one; zeros
// stand for digits that are not there.
func (d *number) leading(keep int) Num {
	var hi, lo uint64
	for i := range keep {
		digit := uint64(0)
		if i < d.n {
			digit = uint64(d.digits[i])
		}
		hi, lo = timesTenPlus(hi, lo, digit)
	}
	if keep < d.n && d.digits[keep] >= 5 {
		var carry uint64
		lo, carry = bits.Add64(lo, 1, 0)
		hi += carry
	}
	return decimal128.New(int64(hi), lo)
}

func timesTenPlus(hi, lo, digit uint64) (uint64, uint64) {
	carry, low := bits.Mul64(lo, 10)
	low, c := bits.Add64(low, digit, 0)
	return hi*10 + carry + c, low
}

// parseShort reads plain numbers of at most 18 digits that need no
// rounding.
func parseShort[S ~string | ~[]byte](b S, precision, scale int) (Num, bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 {
		return Num{}, false
	}
	v, point := int64(0), -1
	for i := range len(b) {
		c := b[i]
		if c == '.' && point < 0 && i > 0 && i < len(b)-1 {
			point = i
			continue
		}
		if c < '0' || c > '9' || i == 18 && point < 0 {
			return Num{}, false
		}
		v = v*10 + int64(c-'0')
	}
	fraction := 0
	if point >= 0 {
		fraction = len(b) - 1 - point
	}
	if fraction > scale || len(b)+scale > 18 || len(b)-fraction+scale > precision && v != 0 {
		return Num{}, false
	}
	for ; fraction < scale; fraction++ {
		v *= 10
	}
	if negative {
		v = -v
	}
	return decimal128.FromI64(v), true
}

// parseDigits takes a number apart. Digits beyond the buffer only count as scale: they
// are far below any DECIMAL's last digit.
func parseDigits[S ~string | ~[]byte](d *number, b S) bool {
	i := 0
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		d.negative = b[i] == '-'
		i++
	}
	seen, point := false, false
	for ; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '.' && !point:
			point = true
			continue
		case c < '0' || c > '9':
			exponent, ok := parseExponent(b[i:])
			if !ok || !seen {
				return false
			}
			d.scale -= exponent
			return true
		}
		seen = true
		d.add(c-'0', point)
	}
	return seen
}

// add takes one more digit.
func (d *number) add(digit byte, afterPoint bool) {
	if afterPoint {
		d.scale++
	}
	if d.n == 0 && digit == 0 {
		return
	}
	if d.n == len(d.digits) {
		d.scale--
		return
	}
	d.digits[d.n] = digit
	d.n++
}

// parseExponent reads e, E and a signed number, cut at ±10,000.
func parseExponent[S ~string | ~[]byte](b S) (int, bool) {
	if len(b) < 2 || b[0]|0x20 != 'e' {
		return 0, false
	}
	b = b[1:]
	negative := b[0] == '-'
	if negative || b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	e := 0
	for i := range len(b) {
		c := b[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		e = min(e*10+int(c-'0'), 10000)
	}
	if negative {
		e = -e
	}
	return e, true
}
