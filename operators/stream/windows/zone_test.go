package windows_test

import (
	"math"
	"testing"
	"time"

	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

func location(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// millis reads a local time as if it were UTC, or a moment with its zone.
func millis(t *testing.T, text string) int64 {
	t.Helper()
	for _, layout := range []string{"2006-01-02 15:04:05.999Z07:00", "2006-01-02 15:04:05.999"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UnixMilli()
		}
	}
	t.Fatalf("%s is no time", text)
	return 0
}

func TestZoneWhereClocksChange(t *testing.T) {
	ny := windows.NewZone(location(t, "America/New_York"))
	for _, c := range []struct{ local, moment string }{
		{"2024-03-10 01:59:59.999", "2024-03-10 06:59:59.999Z"},
		{"2024-03-10 02:00:00", "2024-03-10 07:00:00Z"}, // skipped
		{"2024-03-10 02:30:00", "2024-03-10 07:30:00Z"},
		{"2024-03-10 03:00:00", "2024-03-10 07:00:00Z"},
		{"2024-11-03 00:59:59.999", "2024-11-03 04:59:59.999Z"},
		{"2024-11-03 01:30:00", "2024-11-03 05:30:00Z"}, // the first of two
		{"2024-11-03 02:00:00", "2024-11-03 07:00:00Z"},
	} {
		if got := ny.Moment(millis(t, c.local)); got != millis(t, c.moment) {
			t.Errorf("moment of %s: %s", c.local, time.UnixMilli(got).UTC())
		}
	}
	for _, c := range []struct{ wm, local string }{
		{"2024-03-10 06:59:59.999Z", "2024-03-10 01:59:59.999"},
		{"2024-03-10 07:00:00Z", "2024-03-10 03:00:00"},
		{"2024-11-03 04:59:59.999Z", "2024-11-03 00:59:59.999"},
		{"2024-11-03 05:30:00Z", "2024-11-03 00:59:59.999"}, // 1:30 for the first time
		{"2024-11-03 05:59:59.999Z", "2024-11-03 00:59:59.999"},
		{"2024-11-03 06:00:00Z", "2024-11-03 01:00:00"},
		{"2024-11-03 06:30:00Z", "2024-11-03 01:30:00"},
	} {
		if got := ny.Passed(millis(t, c.wm)); got != millis(t, c.local) {
			t.Errorf("passed at %s: %s", c.wm, time.UnixMilli(got).UTC())
		}
	}
}

// due is when a timer at a local time fires, looked for by brute force: the last moment
// with that local time, or the change of the clocks that skips it.
func due(l *time.Location, local int64) int64 {
	at := local - int64(30*time.Hour/time.Millisecond)
	const step = int64(15 * time.Minute / time.Millisecond)
	localAt := func(m int64) int64 {
		_, off := time.UnixMilli(m).In(l).Zone()
		return m + int64(off)*1000
	}
	last := at
	for m := at; m < local+int64(30*time.Hour/time.Millisecond); m += step {
		if localAt(m) <= local {
			last = m
		}
	}
	if localAt(last) == local {
		return last
	}
	return last + step
}

func TestPassedAgreesWithTimers(t *testing.T) {
	for _, name := range []string{"America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"} {
		l := location(t, name)
		z := windows.NewZone(l)
		for _, from := range []string{"2024-03-09 00:00:00", "2024-11-02 00:00:00", "2024-04-06 00:00:00", "2024-10-05 00:00:00", "2011-12-29 00:00:00"} {
			first := millis(t, from)
			for local := first; local < first+int64(72*time.Hour/time.Millisecond); local += int64(15 * time.Minute / time.Millisecond) {
				at := due(l, local)
				if z.Passed(at) < local || z.Passed(at-1) >= local {
					t.Fatalf("%s: %s is due at %s, when %s has passed, and %s just before", name, time.UnixMilli(local).UTC(),
						time.UnixMilli(at).UTC(), time.UnixMilli(z.Passed(at)).UTC(), time.UnixMilli(z.Passed(at-1)).UTC())
				}
				if m := z.Moment(local); z.Local(m) != local && due(l, local) > m {
					t.Fatalf("%s: %s is at %s, which is %s", name, time.UnixMilli(local).UTC(), time.UnixMilli(m).UTC(), time.UnixMilli(z.Local(m)).UTC())
				}
			}
		}
	}
}

func TestZoneOfUTCIsNone(t *testing.T) {
	if windows.NewZone(time.UTC) != nil || windows.NewZone(nil) != nil || windows.NewZone(time.FixedZone("x", 0)) != nil {
		t.Error("UTC has a zone")
	}
	z := windows.NewZone(time.FixedZone("", 3600))
	for _, end := range []int64{math.MinInt64, math.MaxInt64} {
		if z.Local(end) != end || z.Moment(end) != end || z.Passed(end) != end {
			t.Errorf("%d is not kept", end)
		}
	}
}

func TestNearEndIsPassedInAnyZone(t *testing.T) {
	for _, wm := range []int64{int64(stream.NearEnd), int64(stream.EndOfTime)} {
		if got := windows.NewZone(location(t, "Europe/Berlin")).Passed(wm); got < int64(stream.NearEnd) {
			t.Errorf("at %d only %d has passed", wm, got)
		}
	}
}
