package expr

import (
	"errors"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
)

func TestGoFunctions(t *testing.T) {
	r := NewRegistry()
	for name, fn := range map[string]any{
		"count_char": func(s, c string) int64 { return int64(strings.Count(s, c)) },
		"twice":      func(v int64) int64 { return 2 * v },
		"shape": func(a int32, b float64, c bool, d string) (string, error) {
			if a < 0 {
				return "", errors.New("negative")
			}
			return strings.Repeat(d, int(a)), nil
		},
		"head": func(b []byte) []byte { return b[:1] },
	} {
		if err := r.RegisterGo(name, fn); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Register(GoFunc3("between3", func(a, b, c float64) bool { return a <= b && b <= c })); err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{
		"COUNT_CHAR('banana', 'a')":        "3",
		"COUNT_CHAR(NULL, 'a')":            "NULL",
		"TWICE(21)":                        "42",
		"SHAPE(2, 1, TRUE, 'ab')":          "abab",
		"SHAPE(-1, 1, TRUE, 'ab')":         "error: SHAPE(-1, 1, TRUE, 'ab'): negative",
		"BETWEEN3(1, 2, 3.5)":              "TRUE",
		"CAST(HEAD(x'6162') AS STRING)":    "a",
		"TWICE('x', 1)":                    "error: TWICE takes (BIGINT), not (STRING, INT)",
		"CASE WHEN TRUE THEN TWICE(1) END": "2",
	} {
		if got := evalText(t, r, sql); got != want {
			t.Errorf("%s = %q, want %q", sql, got, want)
		}
	}
	for name, fn := range map[string]any{"twice": func(v int64) int64 { return v }, "bad": func(v uint8) int64 { return 0 },
		"no": 5, "none": func() {}} {
		if err := r.RegisterGo(name, fn); err == nil || errs.ClassOf(err) != errs.User {
			t.Errorf("%s: %v", name, err)
		}
	}
}
