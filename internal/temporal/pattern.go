package temporal

import (
	"fmt"
	"strings"
)

// Pattern is a compiled pattern of Java's DateTimeFormatter or SimpleDateFormat, such
// as `yyyy-MM-dd HH:mm:ss.SSS`; which of them a function of SQL goes by is Flink's
// choice. It is immutable.
type Pattern struct {
	items []item
	// unitNanos is the shortest time the pattern shows: two instants in the same
	// multiple of it have the same text.
	unitNanos int64
	// simple marks SimpleDateFormat: parsing is lenient, S counts milliseconds and u is
	// the day of the week. zoned says that the time zone is shown.
	simple, zoned bool
}

// item is a run of one pattern letter, or (letter 0) literal text. The letter [ starts
// an optional section of count items, the last of which has the letter ].
type item struct {
	letter byte
	count  int
	text   string
}

// formatterLetters are those that SimpleDateFormat lacks.
const formatterLetters = "QqecAnNVOx"

// letters are the pattern letters with the time they resolve.
var letters = map[byte]int64{
	'G': NanosPerDay, 'y': NanosPerDay, 'u': NanosPerDay, 'Y': NanosPerDay, 'M': NanosPerDay, 'L': NanosPerDay, 'd': NanosPerDay,
	'D': NanosPerDay, 'E': NanosPerDay, 'w': NanosPerDay, 'W': NanosPerDay, 'F': NanosPerDay, 'Q': NanosPerDay, 'q': NanosPerDay,
	'e': NanosPerDay, 'c': NanosPerDay,
	'a': 3600 * NanosPerSecond, 'H': 3600 * NanosPerSecond, 'h': 3600 * NanosPerSecond, 'K': 3600 * NanosPerSecond,
	'k': 3600 * NanosPerSecond, 'm': 60 * NanosPerSecond, 's': NanosPerSecond, 'S': 1, 'n': 1, 'N': 1, 'A': NanosPerMilli,
	'z': 1, 'Z': 1, 'X': 1, 'x': 1, 'V': 1, 'O': 1,
}

// CompilePattern compiles a pattern of DateTimeFormatter. An error names what is wrong.
func CompilePattern(pattern string) (*Pattern, error) {
	p := &Pattern{unitNanos: NanosPerDay}
	return p, p.compile(pattern)
}

// CompileSimplePattern compiles a pattern of SimpleDateFormat.
func CompileSimplePattern(pattern string) (*Pattern, error) {
	p := &Pattern{unitNanos: NanosPerDay, simple: true}
	return p, p.compile(pattern)
}

func (p *Pattern) compile(pattern string) error {
	var open []int
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			text, n, ok := quoted(pattern[i:])
			if !ok {
				return fmt.Errorf("the pattern %q lacks a closing quote", pattern)
			}
			p.items = append(p.items, item{text: text})
			i += n
		case isLetter(rune(c)):
			n := len(pattern[i:]) - len(strings.TrimLeft(pattern[i:], string(c)))
			if err := p.add(item{letter: c, count: n}, pattern); err != nil {
				return err
			}
			i += n
		case c == '[' && !p.simple:
			open = append(open, len(p.items))
			p.items = append(p.items, item{letter: '['})
			i++
		case c == ']' && !p.simple:
			if len(open) == 0 {
				return fmt.Errorf("the pattern %q closes a section that it does not open", pattern)
			}
			start := open[len(open)-1]
			open = open[:len(open)-1]
			p.items[start].count = len(p.items) - start
			p.items = append(p.items, item{letter: ']'})
			i++
		default:
			n := strings.IndexFunc(pattern[i:], func(r rune) bool { return isLetter(r) || r == '\'' || !p.simple && (r == '[' || r == ']') })
			if n < 0 {
				n = len(pattern) - i
			}
			p.items = append(p.items, item{text: pattern[i : i+n]})
			i += n
		}
	}
	for _, start := range open {
		p.items[start].count = len(p.items) - 1 - start
	}
	return nil
}

// add appends the item of a letter that the dialect knows.
func (p *Pattern) add(it item, pattern string) error {
	unit, known := letters[it.letter]
	if !known || p.simple && strings.IndexByte(formatterLetters, it.letter) >= 0 {
		return fmt.Errorf("the pattern letter %q in %q is not known", string(it.letter), pattern)
	}
	p.items = append(p.items, it)
	p.unitNanos = min(p.unitNanos, unit)
	p.zoned = p.zoned || it.ofZone()
	return nil
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// ofZone reports an item that shows the time zone.
func (it *item) ofZone() bool {
	return it.letter != 0 && strings.IndexByte("zZXxVO", it.letter) >= 0
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

// Zoned reports a pattern that shows the time zone.
func (p *Pattern) Zoned() bool { return p.zoned }

// monthNames and dayNames are read only.
var (
	monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December"}
	dayNames = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)
