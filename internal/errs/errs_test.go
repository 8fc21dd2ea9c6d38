package errs

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

func TestClassSurvivesWrapping(t *testing.T) {
	inner := Userf("bad option").At(Span{3, 6})
	outer := Wrap(Resource, fmt.Errorf("opening: %w", inner), "table t")
	if ClassOf(outer) != User {
		t.Errorf("class %v, want user", ClassOf(outer))
	}
	if SpanOf(outer) != (Span{3, 6}) {
		t.Errorf("span %v was lost", SpanOf(outer))
	}
	if got := outer.Error(); got != "table t: opening: bad option" {
		t.Errorf("message %q", got)
	}
	if ClassOf(Wrap(Resource, io.ErrUnexpectedEOF, "x")) != Resource {
		t.Error("an error without a class did not take the boundary's")
	}
	if Wrap(User, nil, "x") != nil {
		t.Error("a nil error became one")
	}
	if !errors.Is(Wrap(Resource, io.EOF, "x"), io.EOF) {
		t.Error("the cause was lost")
	}
	if ClassOf(io.EOF) != Bug {
		t.Error("an error that says nothing of itself is a bug")
	}
}

// TestRender shows errors as a person sees them. The command `render` takes
// start, end, and optionally hint and file; its input is the SQL text.
func TestRender(t *testing.T) {
	datadriven.RunTest(t, "testdata/render", func(t *testing.T, d *datadriven.TestData) string {
		var start, end int
		var hint, file string
		d.ScanArgs(t, "start", &start)
		d.ScanArgs(t, "end", &end)
		d.MaybeScanArgs(t, "hint", &hint)
		d.MaybeScanArgs(t, "file", &file)
		err := Userf("something is wrong").At(Span{start, end})
		if hint != "" {
			err = err.WithHint("%s", hint)
		}
		text := strings.ReplaceAll(d.Input, "<long>", strings.Repeat("abcdefghi ", 40))
		return Render(err, file, text) + "\n"
	})
}

func TestNearest(t *testing.T) {
	names := []string{"format", "path", "connector", "sink.rolling-policy.file-size", "Departure"}
	for name, want := range map[string]string{
		"formt": "format", "pth": "path", "conector": "connector", "connectro": "connector", "departure": "Departure",
		"sink.rolling-policy.filesize": "sink.rolling-policy.file-size", "zzz": "", "": "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestPosition(t *testing.T) {
	text := "SELECT 'ä',\n  x"
	for offset, want := range map[int][2]int{0: {1, 1}, 11: {1, 11}, 13: {2, 1}, 15: {2, 3}, 99: {2, 4}, -1: {1, 1}} {
		if line, column := Position(text, offset); line != want[0] || column != want[1] {
			t.Errorf("offset %d is %d:%d, want %v", offset, line, column, want)
		}
	}
}

func TestSafelyTurnsAPanicIntoABug(t *testing.T) {
	want := errors.New("as it is")
	if err := Safely("this", func() error { return want }); err != want {
		t.Errorf("got %v", err)
	}
	err := Safely("this", func() error { panic("broken") })
	if err == nil || ClassOf(err) != Bug || !strings.HasPrefix(err.Error(), "this panicked: broken\n") {
		t.Errorf("got %v", err)
	}
}
