package planner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql"
)

// FuzzPlan plans whatever parses: it neither panics nor finds a bug of ours, and what
// is wrong has a place in the text.
func FuzzPlan(f *testing.F) {
	for _, file := range []string{"error", "mistakes", "plan", "bind", "rules", "windows"} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range strings.Split(string(text), "\n\n") {
			body, _, ok := strings.Cut(block, "\n----")
			if _, statement, head := strings.Cut(body, "\n"); ok && head {
				f.Add(statement)
			}
		}
	}
	text, err := os.ReadFile(filepath.Join("testdata", "mistakes"))
	if err != nil {
		f.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "catalog\n")
	tables, _, _ := strings.Cut(rest, "\n----")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		statements, err := sql.Parse(text)
		if err != nil {
			return
		}
		w := newWorld(t)
		if err := w.define(tables); err != nil {
			t.Fatal(err)
		}
		for _, stmt := range statements {
			if _, err := New(w.cat, Options{Parallelism: 2}).Plan(stmt); err != nil && errs.ClassOf(err) == errs.Bug {
				t.Errorf("%s: %v", text, err)
			}
		}
	})
}
