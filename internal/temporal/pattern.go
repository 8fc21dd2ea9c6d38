package temporal

import (
	"fmt"
	"strings"
)

// Pattern is a compiled pattern of Java's DateTimeFormatter, such as
// `yyyy-MM-dd HH:mm:ss.SSS`. It is immutable.
type Pattern struct {
	items []item
	// unitNanos is the shortest time the pattern shows: two instants in the same
	// multiple of it have the same text.
	unitNanos int64
}

// item is a run of one pattern letter, or (letter 0) literal text.
type item struct {
	letter byte
	count  int
	text   string
}

// letters are the known pattern letters with the time they resolve.
var letters = map[byte]int64{
	'y': NanosPerDay, 'u': NanosPerDay, 'M': NanosPerDay, 'L': NanosPerDay, 'd': NanosPerDay, 'D': NanosPerDay,
	'E': NanosPerDay, 'Q': NanosPerDay, 'q': NanosPerDay, 'e': NanosPerDay, 'w': NanosPerDay,
	'a': 3600 * NanosPerSecond, 'H': 3600 * NanosPerSecond, 'h': 3600 * NanosPerSecond, 'K': 3600 * NanosPerSecond,
	'k': 3600 * NanosPerSecond, 'm': 60 * NanosPerSecond, 's': NanosPerSecond, 'S': 1, 'n': 1,
}

// CompilePattern compiles a Java pattern. An error names the letter that is not
// known.
func CompilePattern(pattern string) (*Pattern, error) {
	p := &Pattern{unitNanos: NanosPerDay}
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			text, n, ok := quoted(pattern[i:])
			if !ok {
				return nil, fmt.Errorf("the pattern %q lacks a closing quote", pattern)
			}
			p.items = append(p.items, item{text: text})
			i += n
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			unit, known := letters[c]
			if !known {
				return nil, fmt.Errorf("the pattern letter %q in %q is not known", string(c), pattern)
			}
			n := len(pattern[i:]) - len(strings.TrimLeft(pattern[i:], string(c)))
			p.items = append(p.items, item{letter: c, count: n})
			p.unitNanos = min(p.unitNanos, unit)
			i += n
		default:
			n := strings.IndexFunc(pattern[i:], func(r rune) bool { return r == '\'' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
			if n < 0 {
				n = len(pattern) - i
			}
			p.items = append(p.items, item{text: pattern[i : i+n]})
			i += n
		}
	}
	return p, nil
}

// quoted reads '…' at the start of text, in which ” is a quote; n is its length.
func quoted(text string) (value string, n int, ok bool) {
	if strings.HasPrefix(text, "''") {
		return "'", 2, true
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		if text[i] != '\'' {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

// UnitNanos is the shortest time the pattern shows, a divisor of a day.
func (p *Pattern) UnitNanos() int64 { return p.unitNanos }

// Append writes the local instant given as days and nanoseconds since midnight.
func (p *Pattern) Append(dst []byte, days, nanos int64) []byte {
	year, month, day := Civil(days)
	second := nanos / NanosPerSecond
	hour := second / 3600
	for i := range p.items {
		it := &p.items[i]
		switch it.letter {
		case 0:
			dst = append(dst, it.text...)
		case 'y', 'u':
			dst = appendYear(dst, int64(year), it.count)
		case 'M', 'L':
			dst = appendNamed(dst, month, it.count, monthNames[:])
		case 'd':
			dst = appendPadded(dst, int64(day), it.count)
		case 'E':
			dst = appendName(dst, dayNames[Weekday(days)-1], it.count)
		case 'H':
			dst = appendPadded(dst, hour, it.count)
		case 'm':
			dst = appendPadded(dst, second/60%60, it.count)
		case 's':
			dst = appendPadded(dst, second%60, it.count)
		case 'S':
			dst = appendFraction(dst, nanos%NanosPerSecond, min(it.count, 9))
		default:
			dst = it.appendRare(dst, days, nanos)
		}
	}
	return dst
}

// appendRare writes the less used letters.
func (it *item) appendRare(dst []byte, days, nanos int64) []byte {
	hour := nanos / NanosPerSecond / 3600
	_, month, _ := Civil(days)
	switch it.letter {
	case 'D':
		return appendPadded(dst, int64(YearDay(days)), it.count)
	case 'Q', 'q':
		return appendPadded(dst, int64((month+2)/3), it.count)
	case 'e':
		return appendPadded(dst, int64(Weekday(days)%7+1), it.count)
	case 'w':
		_, week := ISOWeek(days)
		return appendPadded(dst, int64(week), it.count)
	case 'a':
		if hour < 12 {
			return append(dst, "AM"...)
		}
		return append(dst, "PM"...)
	case 'h':
		return appendPadded(dst, (hour+11)%12+1, it.count)
	case 'K':
		return appendPadded(dst, hour%12, it.count)
	case 'k':
		return appendPadded(dst, (hour+23)%24+1, it.count)
	}
	return appendPadded(dst, nanos%NanosPerSecond, it.count)
}

func appendYear(dst []byte, year int64, count int) []byte {
	if count == 2 {
		return appendPadded(dst, FloorMod(year, 100), 2)
	}
	if year < 0 {
		dst = append(dst, '-')
		year = -year
	}
	return appendPadded(dst, year, count)
}

// appendNamed writes a number from 1, or its name for three letters and more.
func appendNamed(dst []byte, n, count int, names []string) []byte {
	if count < 3 {
		return appendPadded(dst, int64(n), count)
	}
	return appendName(dst, names[n-1], count)
}

func appendName(dst []byte, name string, count int) []byte {
	if count < 4 {
		name = name[:3]
	}
	return append(dst, name...)
}

// monthNames and dayNames are read only.
var (
	monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December"}
	dayNames = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)
