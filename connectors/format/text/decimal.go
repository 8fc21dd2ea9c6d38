package text

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/thalweg/thalweg/internal/decimal"
)

// errDecimal is the error of text that is no number.
var errDecimal = errors.New("not a number")

// ParseDecimal reads a plain or scientific number as DECIMAL(precision, scale),
// rounding half up; a number that is too large is an error.
func ParseDecimal(b []byte, precision, scale int) (decimal128.Num, error) {
	v, valid, fits := decimal.Parse(b, precision, scale)
	switch {
	case !valid:
		return decimal128.Num{}, errDecimal
	case !fits:
		return decimal128.Num{}, fmt.Errorf("number does not fit into DECIMAL(%d, %d)", precision, scale)
	}
	return v, nil
}

// AppendDecimal appends v with scale digits after the point.
func AppendDecimal(dst []byte, v decimal128.Num, scale int) []byte {
	return decimal.Append(dst, v, scale)
}
