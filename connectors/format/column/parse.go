package column

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/types"
)

// The errors of texts that are no value of a column's type.
var (
	errBool   = errors.New("neither true nor false")
	errInt    = errors.New("not a whole number")
	errRange  = errors.New("number out of range")
	errNumber = errors.New("not a number")
	errBase64 = errors.New("not base64")
	errScalar = errors.New("the type has no form as plain text")
)

// Parse appends the value that b is the text of: a scalar, with bytes in base64.
// On an error nothing is appended. White space around anything but a text is
// ignored.
func (c *Column) Parse(b []byte, s text.Standard) error {
	kind := c.Type.Kind
	if kind == types.Char || kind == types.Varchar {
		if !utf8.Valid(b) {
			b = bytes.ToValidUTF8(b, []byte("\uFFFD"))
		}
		c.Bytes(b)
		return nil
	}
	b = trim(b)
	switch kind {
	case types.Boolean:
		return c.parseBool(b)
	case types.TinyInt, types.SmallInt, types.Int, types.BigInt, types.IntervalYearMonth, types.IntervalDayTime:
		return c.parseInt(b)
	case types.Float, types.Double:
		v, err := ParseFloat(b, 8*c.width)
		if err != nil {
			return err
		}
		c.Float(v)
	case types.Decimal:
		v, err := text.ParseDecimal(b, c.Type.Precision, c.Type.Scale)
		if err != nil {
			return err
		}
		c.Decimal(v)
	case types.Binary, types.Varbinary:
		return c.parseBase64(b)
	case types.Date, types.Time, types.Timestamp, types.TimestampLTZ:
		v, err := text.ParseTemporal(b, c.Type, s)
		if err != nil {
			return err
		}
		c.Int(v)
	default:
		return errScalar
	}
	return nil
}

// trim takes white space off both ends, quickly when there is none.
func trim(b []byte) []byte {
	if len(b) > 0 && b[0] > ' ' && b[len(b)-1] > ' ' && b[0] < utf8.RuneSelf && b[len(b)-1] < utf8.RuneSelf {
		return b
	}
	return bytes.TrimSpace(b)
}

// shortDigits is how many digits always fit into an int64.
const shortDigits = 18

func (c *Column) parseInt(b []byte) error {
	digits := b
	if len(b) > 0 && b[0] == '-' {
		digits = b[1:]
	}
	v := int64(0)
	short := len(digits) > 0 && len(digits) <= shortDigits
	for _, d := range digits {
		v = v*10 + int64(d-'0')
		short = short && d-'0' <= 9
	}
	if len(digits) < len(b) {
		v = -v
	}
	if !short {
		var err error
		if v, err = strconv.ParseInt(asString(b), 10, 64); err != nil {
			if errors.Is(err, strconv.ErrRange) {
				return errRange
			}
			return errInt
		}
	}
	if shift := 64 - 8*c.width; v != v<<shift>>shift {
		return errRange
	}
	c.Int(v)
	return nil
}

func (c *Column) parseBool(b []byte) error {
	switch {
	case bytes.EqualFold(b, []byte("true")):
		c.Bool(true)
	case bytes.EqualFold(b, []byte("false")):
		c.Bool(false)
	default:
		return errBool
	}
	return nil
}

func (c *Column) parseBase64(b []byte) error {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(out, b)
	if err != nil {
		return errBase64
	}
	c.Bytes(out[:n])
	return nil
}

// ParseFloat reads a decimal number, NaN or an infinity. A number too large for
// bits bits is an infinity, as in Flink.
func ParseFloat(b []byte, bits int) (float64, error) {
	if v, ok := exactFloat(b); ok && bits == 64 {
		return v, nil
	}
	for _, c := range b {
		if c == '_' || c|0x20 == 'x' || c|0x20 == 'p' {
			return 0, errNumber
		}
	}
	v, err := strconv.ParseFloat(asString(b), bits)
	if err != nil && (!errors.Is(err, strconv.ErrRange) || !math.IsInf(v, 0)) {
		return 0, errNumber
	}
	return v, nil
}

// exactPow10 are the powers of ten that a DOUBLE holds exactly, as far as needed.
var exactPow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// exactFloat reads plain numbers of at most 15 digits: such a number is the
// quotient of two values that a DOUBLE holds exactly, hence rounded once.
func exactFloat(b []byte) (float64, bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 16 {
		return 0, false
	}
	m, point := int64(0), -1
	for i, c := range b {
		if c == '.' && point < 0 && i > 0 && i < len(b)-1 {
			point = i
			continue
		}
		if c-'0' > 9 {
			return 0, false
		}
		m = m*10 + int64(c-'0')
	}
	fraction := 0
	if point >= 0 {
		fraction = len(b) - 1 - point
	} else if len(b) > 15 {
		return 0, false
	}
	v := float64(m) / exactPow10[fraction]
	if negative {
		v = -v
	}
	return v, true
}

// asString is b as a string without a copy, for the length of a call.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
