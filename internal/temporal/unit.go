package temporal

import "fmt"

// Unit is a calendar or clock unit.
type Unit uint8

// The units.
const (
	Millennium Unit = iota
	Century
	Decade
	Year
	Quarter
	Month
	Week
	Day
	Hour
	Minute
	Second
	Millisecond
	Microsecond
	Nanosecond
	DayOfWeek
	DayOfYear
	ISODayOfWeek
	ISOYear
	Epoch
)

var unitNames = [...]string{"MILLENNIUM", "CENTURY", "DECADE", "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR",
	"MINUTE", "SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND", "DOW", "DOY", "ISODOW", "ISOYEAR", "EPOCH"}

// String gives the unit's SQL name.
func (u Unit) String() string {
	if int(u) < len(unitNames) {
		return unitNames[u]
	}
	return fmt.Sprintf("unit(%d)", uint8(u))
}

// ParseUnit finds the unit called name, in upper case.
func ParseUnit(name string) (Unit, bool) {
	for i, n := range unitNames {
		if n == name {
			return Unit(i), true
		}
	}
	return 0, false
}

// Nanos is the length of a unit of fixed length, a week at most; 0 for the
// others.
func (u Unit) Nanos() int64 {
	switch u {
	case Week:
		return 7 * NanosPerDay
	case Day:
		return NanosPerDay
	case Hour:
		return 3600 * NanosPerSecond
	case Minute:
		return 60 * NanosPerSecond
	case Second:
		return NanosPerSecond
	case Millisecond:
		return NanosPerMilli
	case Microsecond:
		return 1000
	case Nanosecond:
		return 1
	}
	return 0
}

// Months is the length in months of a unit of months; 0 for the others.
func (u Unit) Months() int64 {
	switch u {
	case Millennium:
		return 12_000
	case Century:
		return 1200
	case Decade:
		return 120
	case Year:
		return 12
	case Quarter:
		return 3
	case Month:
		return 1
	}
	return 0
}

// OfDays is the value of a unit that depends on the date alone; ok is false for
// the others.
func (u Unit) OfDays(days int64) (value int64, ok bool) {
	year, month, day := Civil(days)
	switch u {
	case Year:
		return int64(year), true
	case Quarter:
		return int64(month+2) / 3, true
	case Month:
		return int64(month), true
	case Day:
		return int64(day), true
	case Millennium:
		return ceilPart(year, 1000), true
	case Century:
		return ceilPart(year, 100), true
	case Decade:
		return FloorDiv(int64(year), 10), true
	case Week:
		_, week := ISOWeek(days)
		return int64(week), true
	case ISOYear:
		isoYear, _ := ISOWeek(days)
		return int64(isoYear), true
	case DayOfWeek:
		return int64(Weekday(days)%7 + 1), true
	case ISODayOfWeek:
		return int64(Weekday(days)), true
	case DayOfYear:
		return int64(YearDay(days)), true
	}
	return 0, false
}

func ceilPart(year int, length int64) int64 {
	if year > 0 {
		return (int64(year) + length - 1) / length
	}
	return -((-int64(year) + length) / length)
}

// OfNanos is the value of a clock unit at a time since midnight; milliseconds and
// shorter count within the second.
func (u Unit) OfNanos(nanos int64) int64 {
	switch u {
	case Hour:
		return nanos / (3600 * NanosPerSecond)
	case Minute:
		return nanos / (60 * NanosPerSecond) % 60
	case Second:
		return nanos / NanosPerSecond % 60
	case Millisecond:
		return nanos / NanosPerMilli % 1000
	case Microsecond:
		return nanos / 1000 % 1_000_000
	}
	return nanos % NanosPerSecond
}

// FloorDays is the first day of the unit that days lies in; units of a day and
// shorter leave it.
func (u Unit) FloorDays(days int64) int64 {
	year, month, _ := Civil(days)
	switch u {
	case Millennium:
		return Days((year-1)/1000*1000+1, 1, 1)
	case Century:
		return Days((year-1)/100*100+1, 1, 1)
	case Decade:
		return Days(year/10*10, 1, 1)
	case Year:
		return Days(year, 1, 1)
	case Quarter:
		return Days(year, (month-1)/3*3+1, 1)
	case Month:
		return Days(year, month, 1)
	case Week:
		return days - int64(Weekday(days)%7)
	}
	return days
}

// NextDays is the first day of the unit after the one that starts at first.
func (u Unit) NextDays(first int64) int64 {
	if months := u.Months(); months > 0 {
		return AddMonths(first, months)
	}
	if u == Week {
		return first + 7
	}
	return first + 1
}
