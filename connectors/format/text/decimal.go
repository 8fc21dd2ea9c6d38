package text

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/decimal"
	"github.com/thalweg/thalweg/internal/types"
)

// errDecimal is the error of text that is no number.
var errDecimal = errors.New("not a number")

// decimalText is a number taken apart: digits without point, and where it stands.
type decimalText struct {
	negative bool
	digits   [80]byte
	n        int // digits kept, without leading zeros
	scale    int // digits after the point; may be negative
}

// ParseDecimal reads a plain or scientific number as DECIMAL(precision, scale),
// rounding half up; a number that is too large is an error.
func ParseDecimal(b []byte, precision, scale int) (decimal128.Num, error) {
	if v, ok := parseShortDecimal(b, precision, scale); ok {
		return v, nil
	}
	var d decimalText
	if !d.parse(b) {
		return decimal128.Num{}, errDecimal
	}
	keep := d.n + scale - d.scale // digits of the unscaled result
	switch {
	case d.n == 0 || keep < 0:
		return decimal128.Num{}, nil
	case keep > types.MaxDecimalPrecision:
		return decimal128.Num{}, tooLarge(precision, scale)
	}
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
	v := decimal128.New(int64(hi), lo)
	if !v.FitsInPrecision(int32(precision)) {
		return decimal128.Num{}, tooLarge(precision, scale)
	}
	if d.negative {
		v = v.Negate()
	}
	return v, nil
}

func tooLarge(precision, scale int) error {
	return fmt.Errorf("number does not fit into DECIMAL(%d, %d)", precision, scale)
}

func timesTenPlus(hi, lo, digit uint64) (uint64, uint64) {
	carry, low := bits.Mul64(lo, 10)
	low, c := bits.Add64(low, digit, 0)
	return hi*10 + carry + c, low
}

// parseShortDecimal reads plain numbers of at most 18 digits that need no
// rounding.
func parseShortDecimal(b []byte, precision, scale int) (decimal128.Num, bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 {
		return decimal128.Num{}, false
	}
	v, point := int64(0), -1
	for i, c := range b {
		if c == '.' && point < 0 && i > 0 && i < len(b)-1 {
			point = i
			continue
		}
		if c < '0' || c > '9' || i == 18 && point < 0 {
			return decimal128.Num{}, false
		}
		v = v*10 + int64(c-'0')
	}
	fraction := 0
	if point >= 0 {
		fraction = len(b) - 1 - point
	}
	if fraction > scale || len(b)+scale > 18 || len(b)-fraction+scale > precision && v != 0 {
		return decimal128.Num{}, false
	}
	for ; fraction < scale; fraction++ {
		v *= 10
	}
	if negative {
		v = -v
	}
	return decimal128.FromI64(v), true
}

// parse takes a number apart. Digits beyond the buffer only count as scale: they
// are far below any DECIMAL's last digit.
func (d *decimalText) parse(b []byte) bool {
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
func (d *decimalText) add(digit byte, afterPoint bool) {
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
func parseExponent(b []byte) (int, bool) {
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
	for _, c := range b {
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

// AppendDecimal appends v with scale digits after the point.
func AppendDecimal(dst []byte, v decimal128.Num, scale int) []byte {
	return decimal.Append(dst, v, scale)
}
