package temporal

import "strings"

// Parsed is a date-time read from a text.
type Parsed struct {
	// Days since the epoch and Nanos since midnight, in local time.
	Days, Nanos int64
	// OffsetSeconds is how far it is ahead of UTC, if Zoned says that the text does.
	OffsetSeconds int64
	Zoned         bool
}

// UTC is the moment's days and nanoseconds in UTC; a text without a zone is in it.
func (p Parsed) UTC() (days, nanos int64) {
	nanos = p.Nanos - p.OffsetSeconds*NanosPerSecond
	return p.Days + FloorDiv(nanos, NanosPerDay), FloorMod(nanos, NanosPerDay)
}

// fields are what parsing has found, with Flink's defaults for the rest.
type fields struct {
	year, month, day, yearDay int64
	hour, minute, second      int64
	nanos, offset             int64
	pm, halfDay, zoned        bool
}

// Parse reads a text in the pattern; ok is false for a text that doesn't fit. Dates that
// don't exist are refused by DateTimeFormatter, which takes February 30th for the month's
// last day, though, while SimpleDateFormat counts on: it takes month 13 for the next
// January. The latter also ignores what follows.
func (p *Pattern) Parse(text string) (parsed Parsed, ok bool) {
	f := fields{year: 1970, month: 1, day: 1}
	c := cursor[string]{text: text}
	if p.simple {
		ok = p.parseSimple(&c, &f)
		return f.lenient(), ok
	}
	if !p.parseItems(&c, &f, 0, len(p.items)) || c.at != len(text) {
		return Parsed{}, false
	}
	return f.resolve()
}

// parseItems reads the items from from on; an optional section that does not fit is
// left out.
func (p *Pattern) parseItems(c *cursor[string], f *fields, from, end int) bool {
	for i := from; i < end; i++ {
		it := &p.items[i]
		if it.letter == '[' {
			at, before := c.at, *f
			if !p.parseItems(c, f, i+1, i+it.count) {
				c.at, *f = at, before
			}
			i += it.count
			continue
		}
		if it.letter != ']' && !it.parse(c, f, p.abuts(i)) {
			return false
		}
	}
	return true
}

// abuts reports a field that one of digits follows at once, so that a number takes no
// more digits than letters.
func (p *Pattern) abuts(i int) bool { return i+1 < len(p.items) && p.items[i+1].numeric() }

// numeric reports a field of digits.
func (it *item) numeric() bool {
	switch {
	case !isLetter(rune(it.letter)) || it.ofZone() || strings.IndexByte("aEG", it.letter) >= 0:
		return false
	case strings.IndexByte("MLQqec", it.letter) >= 0:
		return it.count < 3
	}
	return true
}

// resolve checks the ranges.
func (f *fields) resolve() (parsed Parsed, ok bool) {
	f.halfDayHour()
	midnight := f.hour == 24 && f.minute == 0 && f.second == 0 && f.nanos == 0
	if f.month < 1 || f.month > 12 || f.day < 1 || f.day > 31 || f.hour > 23 && !midnight || f.minute > 59 || f.second > 59 {
		return Parsed{}, false
	}
	days := Days(int(f.year), int(f.month), min(int(f.day), DaysInMonth(int(f.year), int(f.month))))
	if f.yearDay > 0 {
		days = Days(int(f.year), 1, 1) + f.yearDay - 1
	}
	if midnight {
		days, f.hour = days+1, 0
	}
	return Parsed{Days: days, Nanos: f.sinceMidnight(), OffsetSeconds: f.offset, Zoned: f.zoned}, true
}

func (f *fields) halfDayHour() {
	if f.halfDay {
		f.hour %= 12
		if f.pm {
			f.hour += 12
		}
	}
}

func (f *fields) sinceMidnight() int64 {
	return (f.hour*3600+f.minute*60+f.second)*NanosPerSecond + f.nanos
}

// parse reads one item; fixed says that a number has as many digits as letters.
func (it *item) parse(c *cursor[string], f *fields, fixed bool) bool {
	if it.letter == 0 {
		return c.literal(it.text)
	}
	most := 19
	if fixed || it.count == 2 {
		most = it.count
	}
	number := func(to *int64) bool {
		v, ok := c.number(it.count, max(most, it.count))
		*to = v
		return ok
	}
	switch it.letter {
	case 'y', 'u':
		return it.parseYear(c, f, number)
	case 'M', 'L':
		if it.count >= 3 {
			return it.parseName(c, monthNames[:], &f.month)
		}
		return number(&f.month)
	case 'd':
		return number(&f.day)
	case 'D':
		return number(&f.yearDay)
	case 'H':
		return number(&f.hour)
	case 'k':
		ok := number(&f.hour)
		f.hour %= 24
		return ok
	case 'h', 'K':
		f.halfDay = true
		return number(&f.hour)
	case 'm':
		return number(&f.minute)
	case 's':
		return number(&f.second)
	case 'S':
		return it.parseFraction(c, f)
	}
	return it.parseText(c, f)
}

// parseText reads the fields that are text in both dialects.
func (it *item) parseText(c *cursor[string], f *fields) bool {
	var ignored int64
	switch it.letter {
	case 'a':
		rest := strings.ToUpper(c.text[min(c.at, len(c.text)):])
		f.halfDay, f.pm = true, strings.HasPrefix(rest, "PM")
		c.at += 2
		return f.pm || strings.HasPrefix(rest, "AM")
	case 'E':
		return it.parseName(c, dayNames[:], &ignored)
	case 'G':
		return c.literal("AD")
	case 'z', 'Z', 'X', 'x', 'O', 'V':
		f.zoned = true
		var ok bool
		f.offset, ok = c.zone()
		return ok
	}
	return false
}

func (it *item) parseYear(c *cursor[string], f *fields, number func(to *int64) bool) bool {
	negative := c.accept('-')
	ok := number(&f.year)
	if it.count == 2 {
		f.year += 2000
	}
	if negative {
		f.year = -f.year
	}
	return ok
}

func (it *item) parseFraction(c *cursor[string], f *fields) bool {
	v, ok := c.number(it.count, it.count)
	for range 9 - min(it.count, 9) {
		v *= 10
	}
	f.nanos = v
	return ok
}

func (it *item) parseName(c *cursor[string], names []string, to *int64) bool {
	for i, name := range names {
		if it.count < 4 {
			name = name[:3]
		}
		if rest := c.text[c.at:]; len(rest) >= len(name) && strings.EqualFold(rest[:len(name)], name) {
			c.at += len(name)
			*to = int64(i) + 1
			return true
		}
	}
	return false
}

// literal reads the given text.
func (c *cursor[S]) literal(text string) bool {
	if len(c.text)-c.at < len(text) || string(c.text[c.at:c.at+len(text)]) != text {
		return false
	}
	c.at += len(text)
	return true
}

// zone reads a zone of a fixed offset: Z, UTC, GMT, +08, +0800, +08:00, each after UTC
// or GMT too.
func (c *cursor[S]) zone() (offsetSeconds int64, ok bool) {
	named := c.literal("GMT") || c.literal("UTC")
	if c.at < len(c.text) && (c.text[c.at] == '+' || c.text[c.at] == '-' || c.text[c.at] == 'Z' && !named) {
		return c.offset()
	}
	return 0, named
}
