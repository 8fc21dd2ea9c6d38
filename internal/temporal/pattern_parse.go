package temporal

import "strings"

// fields are what parsing has found, with Flink's defaults for the rest.
type fields struct {
	year, month, day, yearDay int64
	hour, minute, second      int64
	nanos                     int64
	pm, halfDay               bool
}

// Parse reads a text in the pattern. The result is days and nanoseconds since
// midnight; ok is false for a text that doesn't fit or a date that doesn't exist.
func (p *Pattern) Parse(text string) (days, nanos int64, ok bool) {
	f := fields{year: 1970, month: 1, day: 1}
	c := cursor[string]{text: text}
	for i := range p.items {
		fixed := i+1 < len(p.items) && p.items[i+1].letter != 0
		if !p.items[i].parse(&c, &f, fixed) {
			return 0, 0, false
		}
	}
	return f.resolve(c.at == len(text))
}

// resolve checks the ranges.
func (f *fields) resolve(complete bool) (days, nanos int64, ok bool) {
	if f.halfDay {
		f.hour %= 12
		if f.pm {
			f.hour += 12
		}
	}
	if !complete || f.month < 1 || f.month > 12 || f.day < 1 || f.day > int64(DaysInMonth(int(f.year), int(f.month))) ||
		f.hour > 23 || f.minute > 59 || f.second > 59 {
		return 0, 0, false
	}
	days = Days(int(f.year), int(f.month), int(f.day))
	if f.yearDay > 0 {
		days = Days(int(f.year), 1, 1) + f.yearDay - 1
	}
	return days, (f.hour*3600+f.minute*60+f.second)*NanosPerSecond + f.nanos, true
}

// parse reads one item. fixed says that another field follows at once, so that a
// number takes no more digits than letters.
func (it *item) parse(c *cursor[string], f *fields, fixed bool) bool {
	if it.letter == 0 {
		ok := strings.HasPrefix(c.text[c.at:], it.text)
		c.at += len(it.text)
		return ok
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
	case 'H', 'k':
		return number(&f.hour)
	case 'h', 'K':
		f.halfDay = true
		return number(&f.hour)
	case 'm':
		return number(&f.minute)
	case 's':
		return number(&f.second)
	case 'S':
		return it.parseFraction(c, f)
	case 'a':
		rest := strings.ToUpper(c.text[c.at:])
		f.halfDay, f.pm = true, strings.HasPrefix(rest, "PM")
		c.at += 2
		return f.pm || strings.HasPrefix(rest, "AM")
	case 'E':
		var ignored int64
		return it.parseName(c, dayNames[:], &ignored)
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
