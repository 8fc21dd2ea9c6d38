package column

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math"
	"strconv"
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
		c.Bytes(bytes.ToValidUTF8(b, []byte("\uFFFD")))
		return nil
	}
	b = bytes.TrimSpace(b)
	switch kind {
	case types.Boolean:
		return c.parseBool(b)
	case types.TinyInt, types.SmallInt, types.Int, types.BigInt, types.IntervalYearMonth, types.IntervalDayTime:
		v, err := strconv.ParseInt(asString(b), 10, 8*c.width)
		if err != nil {
			if errors.Is(err, strconv.ErrRange) {
				return errRange
			}
			return errInt
		}
		c.Int(v)
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
	if bytes.ContainsAny(b, "_xXpP") {
		return 0, errNumber
	}
	v, err := strconv.ParseFloat(asString(b), bits)
	if err != nil && (!errors.Is(err, strconv.ErrRange) || !math.IsInf(v, 0)) {
		return 0, errNumber
	}
	return v, nil
}

// asString is b as a string without a copy, for the length of a call.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
