package temporal

// ParseDate reads `yyyy-MM-dd`; month and day may have one digit or be left out
// (`2024`, `2024-3`), as in Flink.
func ParseDate[S ~string | ~[]byte](s S) (days int64, ok bool) {
	c := cursor[S]{text: s}
	days, ok = c.date(0)
	return days, ok && c.at == len(s)
}

// ParseTime reads `HH:mm:ss[.fraction]`; minutes and seconds may be left out. The
// result is in nanoseconds since midnight.
func ParseTime[S ~string | ~[]byte](s S) (nanos int64, ok bool) {
	c := cursor[S]{text: s}
	nanos, ok = c.time()
	return nanos, ok && c.at == len(s)
}

// ParseTimestamp reads a whole date, and optionally a space or T and a time; February
// 30th is the month's last day, as in Flink. The result is days since the epoch and
// nanoseconds since midnight.
func ParseTimestamp[S ~string | ~[]byte](s S) (days, nanos int64, ok bool) {
	c := cursor[S]{text: s}
	if days, nanos, ok = c.timestamp(); !ok {
		return 0, 0, false
	}
	return days, nanos, c.at == len(s)
}

// ParseInstant reads a timestamp that may end in a zone: Z, +HH, +HHmm or +HH:mm.
// zoned tells whether it did; offset is then to be subtracted to get UTC.
func ParseInstant[S ~string | ~[]byte](s S) (days, nanos, offsetSeconds int64, zoned, ok bool) {
	c := cursor[S]{text: s}
	if days, nanos, ok = c.timestamp(); !ok {
		return 0, 0, 0, false, false
	}
	if c.at < len(s) && s[c.at] == ' ' {
		c.at++
	}
	if c.at == len(s) {
		return days, nanos, 0, false, true
	}
	offsetSeconds, ok = c.offset()
	return days, nanos, offsetSeconds, true, ok && c.at == len(s)
}

// cursor reads a text from left to right.
type cursor[S ~string | ~[]byte] struct {
	text S
	at   int
}

func (c *cursor[S]) timestamp() (days, nanos int64, ok bool) {
	hyphens := 0
	for i := 1; i < len(c.text); i++ {
		if c.text[i] == '-' {
			hyphens++
		}
	}
	if days, ok = c.date(31); !ok || hyphens < 2 || c.at == len(c.text) {
		return days, 0, ok && hyphens >= 2
	}
	if !c.accept(' ') && !c.accept('T') {
		return days, 0, true
	}
	nanos, ok = c.time()
	return days, nanos, ok
}

// date reads a date; a day up to spare that its month lacks is the month's last.
func (c *cursor[S]) date(spare int64) (int64, bool) {
	negative := c.accept('-')
	year, ok := c.number(1, 6)
	month, day := int64(1), int64(1)
	if ok && c.accept('-') {
		if month, ok = c.number(1, 2); ok && c.accept('-') {
			day, ok = c.number(1, 2)
		}
	}
	if negative {
		year = -year
	}
	if !ok || month < 1 || month > 12 || day < 1 {
		return 0, false
	}
	last := int64(DaysInMonth(int(year), int(month)))
	return Days(int(year), int(month), int(min(day, last))), day <= max(last, spare)
}

func (c *cursor[S]) time() (int64, bool) {
	h, ok := c.number(1, 2)
	var m, s, fraction int64
	if ok && c.accept(':') {
		if m, ok = c.number(1, 2); ok && c.accept(':') {
			if s, ok = c.number(1, 2); ok && c.accept('.') {
				fraction, ok = c.fraction()
			}
		}
	}
	if !ok || h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	return (h*3600+m*60+s)*NanosPerSecond + fraction, true
}

func (c *cursor[S]) offset() (int64, bool) {
	if c.accept('Z') {
		return 0, true
	}
	sign := int64(1)
	if c.accept('-') {
		sign = -1
	} else if !c.accept('+') {
		return 0, false
	}
	h, ok := c.number(2, 2)
	if !ok || h > 18 {
		return 0, false
	}
	var m int64
	if c.accept(':') || c.at < len(c.text) {
		if m, ok = c.number(2, 2); !ok || m > 59 {
			return 0, false
		}
	}
	return sign * (h*3600 + m*60), true
}

func (c *cursor[S]) accept(b byte) bool {
	if c.at < len(c.text) && c.text[c.at] == b {
		c.at++
		return true
	}
	return false
}

// number reads least to most digits.
func (c *cursor[S]) number(least, most int) (int64, bool) {
	start, v := c.at, int64(0)
	for c.at < len(c.text) && c.at-start < most && c.text[c.at] >= '0' && c.text[c.at] <= '9' {
		v = v*10 + int64(c.text[c.at]-'0')
		c.at++
	}
	return v, c.at-start >= least
}

// fraction reads digits after the point as nanoseconds; those beyond the ninth
// are dropped.
func (c *cursor[S]) fraction() (int64, bool) {
	start, v := c.at, int64(0)
	for c.at < len(c.text) && c.text[c.at] >= '0' && c.text[c.at] <= '9' {
		if c.at-start < 9 {
			v = v*10 + int64(c.text[c.at]-'0')
		}
		c.at++
	}
	for n := c.at - start; n < 9; n++ {
		v *= 10
	}
	return v, c.at > start
}
