package temporal

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// durationUnit is the length of a unit by any of its names in the singular, or 0.
func durationUnit(name string) time.Duration {
	switch name {
	case "ns", "nano", "nanosecond":
		return time.Nanosecond
	case "us", "µs", "micro", "microsecond":
		return time.Microsecond
	case "", "ms", "milli", "millisecond":
		return time.Millisecond
	case "s", "sec", "second":
		return time.Second
	case "m", "min", "minute":
		return time.Minute
	case "h", "hour":
		return time.Hour
	case "d", "day":
		return 24 * time.Hour
	}
	return 0
}

// ParseDuration reads Flink's forms of a time span: a whole number and a unit, such as
// '10 s', '11min' or '2 days', milliseconds without a unit; or ISO 8601's, such as
// 'PT10S' or 'P1DT2H'.
func ParseDuration(text string) (time.Duration, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if strings.HasPrefix(text, "p") {
		return parseISODuration(text[1:])
	}
	number, unit := leadingNumber(text)
	if number == "" {
		return 0, errors.New("does not start with a number")
	}
	unit = strings.TrimSpace(unit)
	length := durationUnit(unit)
	if length == 0 && len(unit) > 3 {
		length = durationUnit(strings.TrimSuffix(unit, "s"))
	}
	if length == 0 {
		return 0, fmt.Errorf("unknown unit %q", unit)
	}
	return spans(number, length)
}

// spans is a number of units.
func spans(number string, length time.Duration) (time.Duration, error) {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, errors.New("number too large")
	}
	if n > math.MaxInt64/int64(length) {
		return 0, errors.New("longer than 292 years")
	}
	return time.Duration(n) * length, nil
}

// leadingNumber cuts the digits off a text.
func leadingNumber(text string) (number, rest string) {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return text[:n], text[n:]
}

// parseISODuration reads what follows the P: days, and after a T hours, minutes and
// seconds, in whole numbers.
func parseISODuration(text string) (time.Duration, error) {
	bad := errors.New("is no ISO 8601 duration of days, hours, minutes and seconds")
	sum, units := time.Duration(0), "d"
	if text == "" || strings.HasSuffix(text, "t") {
		return 0, bad
	}
	for text != "" {
		if text[0] == 't' && units != "hms" {
			text, units = text[1:], "hms"
			continue
		}
		number, rest := leadingNumber(text)
		if number == "" || rest == "" || !strings.Contains(units, rest[:1]) {
			return 0, bad
		}
		part, err := spans(number, durationUnit(rest[:1]))
		if err != nil {
			return 0, err
		}
		if sum += part; sum < 0 {
			return 0, errors.New("longer than 292 years")
		}
		_, units, _ = strings.Cut(units, rest[:1])
		text = rest[1:]
	}
	return sum, nil
}
