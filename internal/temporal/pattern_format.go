package temporal

import "fmt"

// Moment is a local date-time as a pattern shows it.
type Moment struct {
	// Days since the epoch and Nanos since midnight.
	Days, Nanos int64
	// OffsetSeconds and Zone are what patterns with zone letters show: how far the local
	// time is ahead of UTC, and the short name of its zone.
	OffsetSeconds int64
	Zone          string
}

// Append writes a moment.
func (p *Pattern) Append(dst []byte, m Moment) []byte {
	year, month, day := Civil(m.Days)
	second := m.Nanos / NanosPerSecond
	for i := range p.items {
		it := &p.items[i]
		switch it.letter {
		case 0:
			dst = append(dst, it.text...)
		case 'y':
			dst = appendYear(dst, int64(year), it.count)
		case 'M', 'L':
			dst = appendNamed(dst, month, it.count, monthNames[:])
		case 'd':
			dst = appendPadded(dst, int64(day), it.count)
		case 'H':
			dst = appendPadded(dst, second/3600, it.count)
		case 'm':
			dst = appendPadded(dst, second/60%60, it.count)
		case 's':
			dst = appendPadded(dst, second%60, it.count)
		case 'S':
			if p.simple {
				dst = appendPadded(dst, m.Nanos%NanosPerSecond/NanosPerMilli, it.count)
			} else {
				dst = appendFraction(dst, m.Nanos%NanosPerSecond, min(it.count, 9))
			}
		case '[', ']':
		case 'u':
			if p.simple {
				dst = appendPadded(dst, int64(Weekday(m.Days)), it.count)
			} else {
				dst = appendYear(dst, int64(year), it.count)
			}
		default:
			dst = it.appendRare(dst, m)
		}
	}
	return dst
}

// appendRare writes the less used letters. Weeks are those of Java's default locale:
// they start on Sunday, and the first one has January 1st.
func (it *item) appendRare(dst []byte, m Moment) []byte {
	year, month, day := Civil(m.Days)
	hour := m.Nanos / NanosPerSecond / 3600
	saturday := m.Days + 6 - int64(Weekday(m.Days)%7)
	switch it.letter {
	case 'G':
		return append(dst, eraName(year, it.count)...)
	case 'Y':
		year, _, _ = Civil(saturday)
		return appendYear(dst, int64(year), it.count)
	case 'w':
		return appendPadded(dst, int64(YearDay(saturday)-1)/7+1, it.count)
	case 'W':
		return appendPadded(dst, int64(day-1+Weekday(Days(year, month, 1))%7)/7+1, it.count)
	case 'E':
		return appendName(dst, dayNames[Weekday(m.Days)-1], it.count)
	case 'e', 'c':
		if it.count > 2 {
			return appendName(dst, dayNames[Weekday(m.Days)-1], it.count)
		}
		return appendPadded(dst, int64(Weekday(m.Days)%7+1), it.count)
	case 'D':
		return appendPadded(dst, int64(YearDay(m.Days)), it.count)
	case 'F':
		return appendPadded(dst, int64(day-1)/7+1, it.count)
	case 'Q', 'q':
		return appendQuarter(dst, (month+2)/3, it.count)
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
	case 'A':
		return appendPadded(dst, m.Nanos/NanosPerMilli, it.count)
	case 'N':
		return appendPadded(dst, m.Nanos, it.count)
	case 'n':
		return appendPadded(dst, m.Nanos%NanosPerSecond, it.count)
	}
	return it.appendZone(dst, m)
}

func eraName(year, count int) string {
	switch {
	case count == 4 && year > 0:
		return "Anno Domini"
	case count == 4:
		return "Before Christ"
	case year > 0:
		return "AD"
	}
	return "BC"
}

func appendQuarter(dst []byte, quarter, count int) []byte {
	switch count {
	case 3:
		return append(dst, 'Q', byte('0'+quarter))
	case 4:
		return fmt.Appendf(dst, "%s quarter", [...]string{"1st", "2nd", "3rd", "4th"}[quarter-1])
	}
	return appendPadded(dst, int64(quarter), min(count, 2))
}

// appendZone writes the zone letters of SimpleDateFormat.
func (it *item) appendZone(dst []byte, m Moment) []byte {
	offset, sign := m.OffsetSeconds, byte('+')
	if offset < 0 {
		offset, sign = -offset, '-'
	}
	switch {
	case it.letter == 'z':
		return append(dst, m.Zone...)
	case it.letter == 'X' && offset == 0:
		return append(dst, 'Z')
	}
	dst = appendPadded(append(dst, sign), offset/3600, 2)
	if it.letter == 'X' && it.count == 1 {
		return dst
	}
	if it.letter == 'X' && it.count == 3 {
		dst = append(dst, ':')
	}
	return appendPadded(dst, offset/60%60, 2)
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
	switch {
	case count < 4:
		name = name[:3]
	case count == 5:
		name = name[:1]
	}
	return append(dst, name...)
}
