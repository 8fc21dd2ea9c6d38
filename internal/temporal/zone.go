package temporal

import (
	"strings"
	"time"
)

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

// ParseZone finds a time zone by its name: one of the IANA data base, or an offset such
// as GMT+08:00, UTC-3 or +01:30.
func ParseZone(name string) (zone *time.Location, ok bool) {
	if zone, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
		return zone, true
	}
	text := strings.TrimPrefix(strings.TrimPrefix(name, "GMT"), "UTC")
	if len(text) == 2 {
		text = text[:1] + "0" + text[1:]
	}
	_, _, offset, zoned, ok := ParseInstant("1970-01-01 00:00:00" + text)
	if !ok || !zoned {
		return nil, false
	}
	return time.FixedZone(strings.Clone(name), int(offset)), true
}

// IsUTC reports a zone that never differs from UTC; nil is one.
func IsUTC(zone *time.Location) bool {
	if zone == nil || zone == time.UTC {
		return true
	}
	t := time.Unix(0, 0).In(zone)
	_, offset := t.Zone()
	start, end := t.ZoneBounds()
	return offset == 0 && start.IsZero() && end.IsZero()
}
