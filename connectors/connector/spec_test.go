package connector

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/thalweg/thalweg/internal/errs"
)

// testSpec has an option of every type.
func testSpec() Spec {
	return Spec{Name: "toy", Doc: "A toy.", Options: append(BadRecordOptions(),
		OptionSpec{Name: "path", Type: TypeString, Required: true, Doc: "Where.", Example: "/data"},
		OptionSpec{Name: "count", Type: TypeInt, Default: "7", Doc: "How many.", Example: "3"},
		OptionSpec{Name: "offset", Type: TypeBigInt, Doc: "From where.", Example: "3"},
		OptionSpec{Name: "ratio", Type: TypeDouble, Doc: "How much.", Example: "0.5"},
		OptionSpec{Name: "loud", Type: TypeBool, Default: "false", Doc: "Whether.", Example: "true"},
		OptionSpec{Name: "every", Type: TypeDuration, Default: "10 s", Doc: "How often.", Example: "11 min"},
		OptionSpec{Name: "size", Type: TypeMemorySize, Default: "16 mb", Doc: "How big.", Example: "1kb"},
		OptionSpec{Name: "mode", Type: TypeEnum, Values: []string{"SQL", "ISO-8601"}, Default: "SQL", Doc: "How.", Example: "SQL"},
		OptionSpec{Name: "hosts", Type: TypeList, Doc: "Who.", Example: "a;b"},
		OptionSpec{Name: "header.", Type: TypeMapPrefix, Doc: "What.", Example: "x"},
		OptionSpec{Name: "fields.#.min", Type: TypeInt, Default: "1", Doc: "Least.", Example: "1"},
	)}
}

// TestOptions parses options given as `name = value` lines.
func TestOptions(t *testing.T) {
	datadriven.RunTest(t, "testdata/options", func(t *testing.T, d *datadriven.TestData) string {
		options := map[string]string{}
		for _, line := range strings.Split(d.Input, "\n") {
			if name, value, ok := strings.Cut(line, " = "); ok {
				options[name] = value
			}
		}
		parsed, err := testSpec().Parse(options)
		if err != nil {
			return fmt.Sprintf("%s error: %s", errs.ClassOf(err), err)
		}
		if d.Cmd == "policy" {
			policy, table, err := BadPolicyOf(parsed)
			return fmt.Sprintf("%s %s %v", policy, table, err)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "path=%s count=%d offset=%d ratio=%g loud=%v every=%s\n", parsed.String("path"),
			parsed.Int("count"), parsed.Int("offset"), parsed.Double("ratio"), parsed.Bool("loud"), parsed.Duration("every"))
		fmt.Fprintf(&b, "size=%d mode=%s hosts=%q header=%v min=%d given=%v", parsed.Bytes("size"), parsed.String("mode"),
			parsed.List("hosts"), parsed.Prefix("header."), parsed.Int("fields.a.min"), parsed.Names())
		return b.String()
	})
}

func TestGetterOfUnknownOptionPanics(t *testing.T) {
	parsed, err := testSpec().Parse(map[string]string{"path": "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Fatal("asking for an option outside the spec must panic")
		}
	}()
	parsed.String("pth")
}

func TestDurationForms(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10 s": 10 * time.Second, "11 min": 11 * time.Minute, "1 d": 24 * time.Hour, "2 days": 48 * time.Hour,
		"5": 5 * time.Millisecond, "3us": 3 * time.Microsecond, "4 hours": 4 * time.Hour, "7 ms": 7 * time.Millisecond,
		"1 nanosecond": 1, "0 s": 0, "90 SEC": 90 * time.Second,
		"PT10S": 10 * time.Second, "P1DT2H": 26 * time.Hour, "pt1h30m": 90 * time.Minute, "P2D": 48 * time.Hour,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "s", "-1 s", "1 fortnight", "300000 d", "99999999999999999999 s", "1 mss", "P", "PT", "P1", "PT1D", "P1DT", "PT1S1H",
		"PT1M1M", "P1H", "PT1.5S", "P100000DT9223372036S"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q: want an error, got %s", text, got)
		}
	}
}

func TestMemorySizeForms(t *testing.T) {
	for text, want := range map[string]int64{"200b": 200, "1kb": 1024, "16 mb": 16 << 20, "3": 3, "2 g": 2 << 30, "1 TB": 1 << 40} {
		if got, err := ParseMemorySize(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "mb", "1.5 mb", "-1", "9000000000000 mb", "1 mib?"} {
		if got, err := ParseMemorySize(text); err == nil {
			t.Errorf("%q: want an error, got %d", text, got)
		}
	}
}

type toy struct{ name string }

func (c toy) Spec() Spec                   { s := testSpec(); s.Name = c.name; return s }
func (c toy) Check(Table) error            { return nil }
func (c toy) Source(Table) (Source, error) { return nil, errors.New("none") }
func (c toy) Sink(Table) (Sink, error)     { return nil, errors.New("none") }

func TestRegistryNamesTheNearest(t *testing.T) {
	r, err := NewRegistry(toy{"filesystem"}, toy{"print"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Get("filesytem"); err == nil || !strings.Contains(err.Error(), "did you mean 'filesystem'?") {
		t.Errorf("unhelpful error: %v", err)
	}
	if _, err := r.Get("kafka"); err == nil || !strings.Contains(err.Error(), "there are 'filesystem', 'print'") {
		t.Errorf("unhelpful error: %v", err)
	}
	more, err := r.With(toy{"shardlog"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := more.Get("kafka-0.11"); err == nil || !strings.Contains(err.Error(), "'shardlog' (built in)") {
		t.Errorf("unhelpful error: %v", err)
	}
	if _, err := r.With(toy{"print"}); err == nil {
		t.Error("a second connector of one name must be refused")
	}
	if _, _, err := r.Resolve(map[string]string{"path": "x"}); err == nil || errs.ClassOf(err) != errs.User {
		t.Errorf("a table without 'connector': %v", err)
	}
	if _, options, err := r.Resolve(map[string]string{"connector": "print", "path": "x"}); err != nil || options.String("path") != "x" {
		t.Errorf("resolve: %v", err)
	}
	if got := len(r.Docs()); got != 2 {
		t.Errorf("%d docs", got)
	}
}

func TestBadCounterFollowsThePolicy(t *testing.T) {
	record := BadRecord{Where: "a.json:3", Reason: "no object", Raw: make([]byte, badRawMax+1)}
	if err := NewBadCounter(BadFail, nil).Bad(record); errs.ClassOf(err) != errs.User || !strings.HasPrefix(err.Error(), "a.json:3: no object") {
		t.Errorf("fail: %v", err)
	}
	skip := NewBadCounter(BadSkip, nil)
	if err := errors.Join(skip.Bad(record), skip.Bad(record)); err != nil || skip.Count() != 2 {
		t.Errorf("skip: %v, %d", err, skip.Count())
	}
	var got []BadRecord
	letter := NewBadCounter(BadDeadLetter, func(r BadRecord) error { got = append(got, r); return nil })
	if err := letter.Bad(record); err != nil || len(got) != 1 || len(got[0].Raw) != badRawMax {
		t.Errorf("dead-letter: %v, %d records", err, len(got))
	}
	record.Raw[0] = 1
	if got[0].Raw[0] != 0 {
		t.Error("a kept record must not share memory with its caller")
	}
}
