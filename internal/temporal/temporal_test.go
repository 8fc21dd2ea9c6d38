package temporal

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestCalendarMatchesTime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		days := r.Int64N(2_000_000) - 1_000_000
		at := time.Unix(days*SecondsPerDay, 0).UTC()
		y, m, d := Civil(days)
		if y != at.Year() || m != int(at.Month()) || d != at.Day() {
			t.Fatalf("Civil(%d) = %d-%d-%d, want %s", days, y, m, d, at)
		}
		if back := Days(y, m, d); back != days {
			t.Fatalf("Days(%d-%d-%d) = %d, want %d", y, m, d, back, days)
		}
		isoYear, isoWeek := at.ISOWeek()
		gotYear, gotWeek := ISOWeek(days)
		if isoYear != gotYear || isoWeek != gotWeek || YearDay(days) != at.YearDay() ||
			Weekday(days)%7 != int(at.Weekday()) {
			t.Fatalf("week or day of %s: %d %d %d %d", at, gotYear, gotWeek, YearDay(days), Weekday(days))
		}
	}
}

func TestAddMonthsCutsTheDay(t *testing.T) {
	for _, c := range []struct {
		from   string
		months int64
		want   string
	}{{"2024-01-31", 1, "2024-02-29"}, {"2023-03-31", -1, "2023-02-28"}, {"2024-02-29", 12, "2025-02-28"},
		{"2024-12-15", 1, "2025-01-15"}, {"2024-01-15", -13, "2022-12-15"}} {
		days, _ := ParseDate(c.from)
		if got := string(AppendDate(nil, AddMonths(days, c.months))); got != c.want {
			t.Errorf("%s + %d months = %s, want %s", c.from, c.months, got, c.want)
		}
	}
}

func TestTimestampTextRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		value := r.Int64N(8e18) - 4e18
		text := string(AppendTimestamp(nil, value, 1, 9))
		if want := time.Unix(0, value).UTC().Format("2006-01-02 15:04:05.000000000"); text != want {
			t.Fatalf("got %s, want %s", text, want)
		}
		days, nanos, ok := ParseTimestamp(text)
		if !ok || Join(days, nanos, 1) != value {
			t.Fatalf("parse(%s) = %d %d %v", text, days, nanos, ok)
		}
	}
}

func TestParseForms(t *testing.T) {
	for text, want := range map[string]string{
		"2024-01-02": "2024-01-02 00:00:00.000", "2024-1-2 3:4:5": "2024-01-02 03:04:05.000",
		"2024-01-02T03:04:05.6789": "2024-01-02 03:04:05.678", "2024": "",
		"2024-02-30": "2024-02-29 00:00:00.000", "2024-02-32": "", "2024-13-01": "", "x": "", "": "", "2024-01-02 24:00:00": "", "2024-01-02 ": "",
		"1969-12-31 23:59:59.999": "1969-12-31 23:59:59.999", "2024-01-02 03:04:05x": "",
	} {
		days, nanos, ok := ParseTimestamp(text)
		got := ""
		if ok {
			got = string(AppendTimestamp(nil, Join(days, nanos, NanosPerMilli), NanosPerMilli, 3))
		}
		if got != want {
			t.Errorf("ParseTimestamp(%q) = %q, want %q", text, got, want)
		}
	}
	_, nanos, offset, zoned, ok := ParseInstant("2024-01-02 03:04:05 +02:30")
	if !ok || !zoned || offset != 9000 || nanos != (3*3600+4*60+5)*NanosPerSecond {
		t.Errorf("zone: %d %d %v %v", nanos, offset, zoned, ok)
	}
}

func TestPatternPadsToAnyWidth(t *testing.T) {
	p, err := CompilePattern("yyyyyyyyyyyyyyyyyyyyyyyyy HHHHHHHHHHHHHHHHHHHHH SSSSSSSSSSSS")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(p.Append(nil, Moment{Nanos: NanosPerSecond*3600 + 7})); got != "0000000000000000000001970 000000000000000000001 000000007" {
		t.Errorf("got %q", got)
	}
}

func TestIntervalText(t *testing.T) {
	if got := string(AppendYearMonth(nil, -14)); got != "-1-02" {
		t.Error(got)
	}
	if got := string(AppendDayTime(nil, 93_784_567)); got != "+1 02:03:04.567" {
		t.Error(got)
	}
}
