package decimal

import (
	"math"
	"math/bits"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
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

// Parse reads a number such as `-12.345`, `.5` or `1.2e3` and rounds it to
// scale. valid is false for text that is no number, fits false for one with more
// than precision digits. Spaces around are not accepted.
func Parse[S ~string | ~[]byte](s S, precision, scale int) (n Num, valid, fits bool) {
	p, ok := scan(s)
	if !ok {
		return Num{}, false, false
	}
	if p.huge {
		return Num{}, true, false
	}
	if scaled, ok := Rescale(p.value, max(p.scale, 0), scale); ok && p.scale >= 0 {
		return negateIf(scaled, p.negative), true, Fits(scaled, precision)
	}
	if p.scale >= 0 || Sign(p.value) == 0 {
		return Num{}, true, Sign(p.value) == 0
	}
	if -p.scale+scale > MaxPrecision {
		return Num{}, true, false
	}
	scaled, ok := Mul(p.value, powers[-p.scale+scale])
	return negateIf(scaled, p.negative), true, ok && Fits(scaled, precision)
}

func negateIf(a Num, negative bool) Num {
	if negative {
		return Neg(a)
	}
	return a
}

// number is a scanned number: value · 10^-scale. huge says that it is far beyond
// any DECIMAL.
type number struct {
	value    Num
	scale    int
	negative bool
	huge     bool
}

// scan reads the digits. Digits beyond the 38th are dropped when they follow the
// point; the first dropped one rounds.
func scan[S ~string | ~[]byte](s S) (number, bool) {
	var p number
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		p.negative = s[i] == '-'
		i++
	}
	seen, point, dropped := false, false, false
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.' && !point:
			point = true
		case c >= '0' && c <= '9':
			seen = true
			dropped = p.push(c-'0', point, dropped)
		case (c == 'e' || c == 'E') && seen:
			ok := exponent(&p, s[i+1:])
			return p, ok
		default:
			return number{}, false
		}
	}
	return p, seen
}

// push appends a digit and reports whether digits are being dropped.
func (p *number) push(digit byte, point, dropped bool) bool {
	if !dropped && Less(p.value, powers[MaxPrecision-1]) {
		p.value = p.value.Mul(ten)
		p.value = p.value.Add(decimal128.New(0, uint64(digit)))
		if point {
			p.scale++
		}
		return false
	}
	if !point {
		// One more digit before the point than DECIMAL can hold; it may still
		// come back by a negative exponent.
		p.scale--
	}
	if !dropped && digit >= 5 {
		p.value = p.value.Add(decimal128.New(0, 1))
	}
	return true
}

// ten is the number ten; read only.
var ten = decimal128.New(0, 10)

// exponent applies the digits after the letter e.
func exponent[S ~string | ~[]byte](p *number, s S) bool {
	e, err := strconv.Atoi(string(s))
	if err != nil {
		return false
	}
	p.scale -= e
	p.huge = Sign(p.value) != 0 && p.scale < -2*MaxPrecision
	p.scale = min(p.scale, 10*MaxPrecision)
	return true
}

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
