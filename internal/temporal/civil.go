// Package temporal is calendar arithmetic on plain integers: days since the
// epoch and units since midnight or since the epoch, in the proleptic Gregorian
// calendar, together with the text forms of SQL and Java's date patterns. It
// takes no time.Time a value.
package temporal

// Units of a day.
const (
	MillisPerDay    = 86_400_000
	SecondsPerDay   = 86_400
	NanosPerSecond  = 1_000_000_000
	NanosPerMilli   = 1_000_000
	NanosPerDay     = SecondsPerDay * NanosPerSecond
	millisPerSecond = 1000
)

// FloorDiv divides rounding down; b is positive.
func FloorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// FloorMod is the remainder of FloorDiv, never negative.
func FloorMod(a, b int64) int64 {
	r := a % b
	if r < 0 {
		r += b
	}
	return r
}

// Civil splits days since the epoch into year, month (1 to 12) and day (1 to 31).
func Civil(days int64) (year, month, day int) {
	z := days + 719468
	era := FloorDiv(z, 146097)
	doe := uint64(z - era*146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	month = int(mp) + 3
	year = int(int64(yoe) + era*400)
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// Days is the number of days from the epoch to a date; day may lie outside the
// month and then runs over.
func Days(year, month, day int) int64 {
	y := int64(year)
	if month <= 2 {
		y--
	}
	era := FloorDiv(y, 400)
	yoe := y - era*400
	mp := int64(month+9) % 12
	doy := (153*mp+2)/5 + int64(day) - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

// IsLeap reports a leap year.
func IsLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// DaysInMonth is the length of a month.
func DaysInMonth(year, month int) int {
	switch month {
	case 2:
		if IsLeap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// AddMonths moves a date by whole months; the day is cut to the month's length.
func AddMonths(days, months int64) int64 {
	year, month, day := Civil(days)
	total := int64(year)*12 + int64(month-1) + months
	year, month = int(FloorDiv(total, 12)), int(FloorMod(total, 12))+1
	return Days(year, month, min(day, DaysInMonth(year, month)))
}

// MonthsBetween is the number of whole months from one instant to another, both
// as days and units since midnight.
func MonthsBetween(fromDays, fromUnits, toDays, toUnits int64) int64 {
	y0, m0, d0 := Civil(fromDays)
	y1, m1, d1 := Civil(toDays)
	months := int64(y1-y0)*12 + int64(m1-m0)
	switch {
	case months > 0 && (d1 < d0 || d1 == d0 && toUnits < fromUnits):
		months--
	case months < 0 && (d1 > d0 || d1 == d0 && toUnits > fromUnits):
		months++
	}
	return months
}

// Weekday is the ISO day of the week: 1 is Monday, 7 Sunday.
func Weekday(days int64) int { return int(FloorMod(days+3, 7)) + 1 }

// YearDay is the day of the year from 1.
func YearDay(days int64) int {
	year, _, _ := Civil(days)
	return int(days-Days(year, 1, 1)) + 1
}

// ISOWeek is the ISO week number and the year it belongs to.
func ISOWeek(days int64) (year, week int) {
	thursday := days + int64(4-Weekday(days))
	year, _, _ = Civil(thursday)
	return year, int(thursday-Days(year, 1, 1))/7 + 1
}
