package decimal

import (
	"math"
	"math/bits"
	"strconv"
)

// Append writes a of the given scale in plain notation: `-0.05`, `12.30`.
func Append(dst []byte, a Num, scale int) []byte {
	hi, lo, negative := magnitude(a)
	if negative {
		dst = append(dst, '-')
	}
	var digits [40]byte
	at := len(digits)
	for hi != 0 {
		// Nineteen digits a step.
		const step = 10_000_000_000_000_000_000
		q := hi / step
		low, rem := bits.Div64(hi%step, lo, step)
		hi, lo = q, low
		for range 19 {
			at--
			digits[at] = byte('0' + rem%10)
			rem /= 10
		}
	}
	for lo != 0 {
		at--
		digits[at] = byte('0' + lo%10)
		lo /= 10
	}
	for at > len(digits)-scale-1 {
		at--
		digits[at] = '0'
	}
	point := len(digits) - scale
	dst = append(dst, digits[at:point]...)
	if scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, digits[point:]...)
	}
	return dst
}

// String is a of the given scale in plain notation.
func String(a Num, scale int) string { return string(Append(nil, a, scale)) }

// FromFloat64 rounds f to scale; ok is false for NaN, infinities and values of
// more than precision digits. The shortest decimal text of f is what is rounded,
// as Java's BigDecimal.valueOf does.
func FromFloat64(f float64, precision, scale int) (n Num, ok bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Num{}, false
	}
	var text [32]byte
	n, _, ok = Parse(strconv.AppendFloat(text[:0], f, 'e', -1, 64), precision, scale)
	return n, ok
}

func parseFloat(text []byte) float64 {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}
