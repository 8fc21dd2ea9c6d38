package temporal

import "strconv"

// AppendDate writes `yyyy-MM-dd`.
func AppendDate(dst []byte, days int64) []byte {
	year, month, day := Civil(days)
	return appendCivil(dst, year, month, day)
}

func appendCivil(dst []byte, year, month, day int) []byte {
	if year < 0 {
		dst = append(dst, '-')
		year = -year
	}
	dst = appendPadded(dst, int64(year), 4)
	dst = append(dst, '-', byte('0'+month/10), byte('0'+month%10))
	return append(dst, '-', byte('0'+day/10), byte('0'+day%10))
}

// AppendTime writes `HH:mm:ss`, and with precision > 0 a point and that many
// digits. nanos is the time since midnight.
func AppendTime(dst []byte, nanos int64, precision int) []byte {
	second := nanos / NanosPerSecond
	h, m, s := second/3600, second/60%60, second%60
	dst = append(dst, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':', byte('0'+s/10), byte('0'+s%10))
	if precision > 0 {
		dst = append(dst, '.')
		dst = appendFraction(dst, nanos%NanosPerSecond, precision)
	}
	return dst
}

// appendFraction writes the first precision digits of a nine-digit fraction.
func appendFraction(dst []byte, nanos int64, precision int) []byte {
	for range 9 - precision {
		nanos /= 10
	}
	return appendPadded(dst, nanos, precision)
}

// appendPadded writes a number that is not negative with at least width digits.
func appendPadded(dst []byte, v int64, width int) []byte {
	var digits [20]byte // an int64 has at most 19
	text := strconv.AppendInt(digits[:0], v, 10)
	for range width - len(text) {
		dst = append(dst, '0')
	}
	return append(dst, text...)
}

// AppendTimestamp writes `yyyy-MM-dd HH:mm:ss` with precision fractional digits.
// value is in units of nanosPerUnit since the epoch.
func AppendTimestamp(dst []byte, value, nanosPerUnit int64, precision int) []byte {
	days, nanos := Split(value, nanosPerUnit)
	dst = AppendDate(dst, days)
	dst = append(dst, ' ')
	return AppendTime(dst, nanos, precision)
}

// Split takes an instant in units of nanosPerUnit apart into days and
// nanoseconds since midnight.
func Split(value, nanosPerUnit int64) (days, nanos int64) {
	perDay := NanosPerDay / nanosPerUnit
	days = FloorDiv(value, perDay)
	return days, (value - days*perDay) * nanosPerUnit
}

// Join is the inverse of Split.
func Join(days, nanos, nanosPerUnit int64) int64 {
	return days*(NanosPerDay/nanosPerUnit) + nanos/nanosPerUnit
}

// Holds reports whether an instant in units of nanosPerUnit fits in 64 bits: in
// nanoseconds only those from 1677-09-22 to 2262-04-10 do.
func Holds(days, nanosPerUnit int64) bool {
	return nanosPerUnit > 1 || days >= -106_751 && days < 106_751
}

// AppendYearMonth writes an interval of months as `+1-02`.
func AppendYearMonth(dst []byte, months int64) []byte {
	sign := byte('+')
	if months < 0 {
		sign, months = '-', -months
	}
	dst = append(dst, sign)
	dst = appendPadded(dst, months/12, 1)
	dst = append(dst, '-')
	return appendPadded(dst, months%12, 2)
}

// AppendDayTime writes an interval of milliseconds as `+1 02:03:04.567`.
func AppendDayTime(dst []byte, millis int64) []byte {
	sign := byte('+')
	if millis < 0 {
		sign, millis = '-', -millis
	}
	dst = append(dst, sign)
	dst = appendPadded(dst, millis/MillisPerDay, 1)
	dst = append(dst, ' ')
	return AppendTime(dst, millis%MillisPerDay*NanosPerMilli, 3)
}
