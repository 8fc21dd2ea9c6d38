package temporal

import "time"

// OffsetSeconds is how far zone is ahead of UTC at an instant in epoch seconds.
func OffsetSeconds(zone *time.Location, epochSecond int64) int64 {
	if zone == nil || zone == time.UTC {
		return 0
	}
	_, offset := time.Unix(epochSecond, 0).In(zone).Zone()
	return int64(offset)
}

// CalendarOffsetSeconds is LocalOffsetSeconds with the offset after the change for a
// time that is repeated, as in Java's older calendar, which UNIX_TIMESTAMP and
// CONVERT_TZ go by.
func CalendarOffsetSeconds(zone *time.Location, localSecond int64) int64 {
	if after := OffsetSeconds(zone, localSecond+SecondsPerDay); OffsetSeconds(zone, localSecond-after) == after {
		return after
	}
	return LocalOffsetSeconds(zone, localSecond)
}

// LocalOffsetSeconds is the offset of zone at a local date-time in seconds: the
// offset before the change for a time that a change of the clocks skips or
// repeats, as in Java.
func LocalOffsetSeconds(zone *time.Location, localSecond int64) int64 {
	if zone == nil || zone == time.UTC {
		return 0
	}
	before := OffsetSeconds(zone, localSecond-SecondsPerDay)
	if OffsetSeconds(zone, localSecond-before) == before {
		return before
	}
	after := OffsetSeconds(zone, localSecond+SecondsPerDay)
	if OffsetSeconds(zone, localSecond-after) == after {
		return after
	}
	return before
}
