// Package text reads and writes SQL values in the forms that record formats share:
// dates, times, timestamps and decimals, without allocation.
package text

import (
	"errors"

	"github.com/thalweg/thalweg/internal/temporal"
	"github.com/thalweg/thalweg/internal/types"
)

// The errors of values that don't read. They say what form was wanted.
var (
	errDate      = errors.New("not a date (yyyy-MM-dd)")
	errTime      = errors.New("not a time (HH:mm:ss[.fraction])")
	errSQL       = errors.New("not a timestamp (yyyy-MM-dd HH:mm:ss[.fraction])")
	errISO       = errors.New("not a timestamp (yyyy-MM-ddTHH:mm:ss[.fraction])")
	errSQLZoned  = errors.New("not a timestamp in UTC (yyyy-MM-dd HH:mm:ss[.fraction]Z)")
	errISOZoned  = errors.New("not a timestamp in UTC (yyyy-MM-ddTHH:mm:ss[.fraction]Z)")
	errTooFar    = errors.New("timestamp does not fit into its type")
	errDayOfDate = errors.New("no such day")
)

// Standard is how timestamps are written.
type Standard uint8

// The standards.
const (
	// SQL is `2024-01-31 12:00:00.123`.
	SQL Standard = iota
	// ISO is `2024-01-31T12:00:00.123`.
	ISO
)

// String gives the standard's name as an option value.
func (s Standard) String() string { return [...]string{"SQL", "ISO-8601"}[s] }

func (s Standard) separator() byte {
	if s == ISO {
		return 'T'
	}
	return ' '
}

func (s Standard) err(zoned bool) error {
	switch {
	case s == ISO && zoned:
		return errISOZoned
	case s == ISO:
		return errISO
	case zoned:
		return errSQLZoned
	}
	return errSQL
}

// digits2 reads two digits at b[i]; negative when they are none.
func digits2(b []byte, i int) int {
	hi, lo := b[i]-'0', b[i+1]-'0'
	if hi > 9 || lo > 9 {
		return -1
	}
	return int(hi)*10 + int(lo)
}

// ParseDate reads yyyy-MM-dd as days since 1970-01-01.
func ParseDate(b []byte) (int64, error) {
	if len(b) != 10 || b[4] != '-' || b[7] != '-' {
		return 0, errDate
	}
	century, year, m, d := digits2(b, 0), digits2(b, 2), digits2(b, 5), digits2(b, 8)
	if century < 0 || year < 0 || m < 0 || d < 0 {
		return 0, errDate
	}
	y := century*100 + year
	if m < 1 || m > 12 || d < 1 || d > temporal.DaysInMonth(y, m) {
		return 0, errDayOfDate
	}
	return temporal.Days(y, m, d), nil
}

// parseClock reads HH:mm:ss[.fraction] as nanoseconds of the day.
func parseClock(b []byte) (nanos int64, ok bool) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return 0, false
	}
	h, m, s := digits2(b, 0), digits2(b, 3), digits2(b, 6)
	if h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 59 {
		return 0, false
	}
	nanos = int64(h*3600+m*60+s) * 1e9
	if len(b) == 8 {
		return nanos, true
	}
	if b[8] != '.' || len(b) > 18 || len(b) == 9 {
		return 0, false
	}
	scale := int64(1e8)
	for _, c := range b[9:] {
		if c < '0' || c > '9' {
			return 0, false
		}
		nanos += int64(c-'0') * scale
		scale /= 10
	}
	return nanos, true
}

// Unit is the number of a type's units in a second: types.TimestampUnit as a
// number.
func Unit(precision int) int64 {
	switch {
	case precision <= 3:
		return 1e3
	case precision <= 6:
		return 1e6
	}
	return 1e9
}

// pow10 are powers of ten to 10^9.
var pow10 = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// cutNanos drops the digits of nanos beyond precision and converts to units.
func cutNanos(nanos int64, precision int) int64 {
	step := pow10[9-precision]
	return nanos / step * step / (1e9 / Unit(precision))
}

// ParseTime reads HH:mm:ss[.fraction] in the unit of TIME(precision).
func ParseTime(b []byte, precision int) (int64, error) {
	if len(b) > 0 && b[len(b)-1] == 'Z' {
		b = b[:len(b)-1]
	}
	nanos, ok := parseClock(b)
	if !ok {
		return 0, errTime
	}
	return cutNanos(nanos, precision), nil
}

// ParseTimestamp reads a timestamp of standard s in the unit of its precision.
// zoned asks for the suffix Z, which TIMESTAMP_LTZ carries.
func ParseTimestamp(b []byte, s Standard, precision int, zoned bool) (int64, error) {
	if zoned {
		if len(b) == 0 || b[len(b)-1] != 'Z' {
			return 0, s.err(zoned)
		}
		b = b[:len(b)-1]
	}
	if len(b) < 19 || b[10] != s.separator() {
		return 0, s.err(zoned)
	}
	days, err := ParseDate(b[:10])
	if err != nil {
		if err == errDate {
			err = s.err(zoned)
		}
		return 0, err
	}
	nanos, ok := parseClock(b[11:])
	if !ok {
		return 0, s.err(zoned)
	}
	unit := Unit(precision)
	if unit == 1e9 && (days < -106751 || days > 106750) {
		return 0, errTooFar
	}
	return days*86400*unit + cutNanos(nanos, precision), nil
}

// AppendDate appends yyyy-MM-dd; years beyond 9999 take more digits.
func AppendDate(dst []byte, days int64) []byte { return temporal.AppendDate(dst, days) }

// AppendTime appends HH:mm:ss and precision digits of fraction. v is in the unit
// of TIME(precision).
func AppendTime(dst []byte, v int64, precision int) []byte {
	return temporal.AppendTime(dst, v*(1e9/Unit(precision)), precision)
}

// AppendTimestamp appends a timestamp with precision digits of fraction. v is in
// the unit of TIMESTAMP(precision); zoned adds the suffix Z.
func AppendTimestamp(dst []byte, v int64, s Standard, precision int, zoned bool) []byte {
	perDay := 86400 * Unit(precision)
	days := temporal.FloorDiv(v, perDay)
	dst = AppendDate(dst, days)
	dst = append(dst, s.separator())
	dst = AppendTime(dst, v-days*perDay, precision)
	if zoned {
		dst = append(dst, 'Z')
	}
	return dst
}

// ParseTemporal reads a value of a temporal type t.
func ParseTemporal(b []byte, t types.Type, s Standard) (int64, error) {
	switch t.Kind {
	case types.Date:
		return ParseDate(b)
	case types.Time:
		return ParseTime(b, t.Precision)
	}
	return ParseTimestamp(b, s, t.Precision, t.Kind == types.TimestampLTZ)
}

// AppendTemporal appends a value of a temporal type t.
func AppendTemporal(dst []byte, v int64, t types.Type, s Standard) []byte {
	switch t.Kind {
	case types.Date:
		return AppendDate(dst, v)
	case types.Time:
		return AppendTime(dst, v, t.Precision)
	}
	return AppendTimestamp(dst, v, s, t.Precision, t.Kind == types.TimestampLTZ)
}
