package planner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/planner/plan"
	"github.com/thalweg/thalweg/sql"
)

// FuzzPlan plans whatever parses. It gives a plan that prints and comes back from
// msgpack as it was, or an error of the user's or of what can't run yet, with a place
// in the text; it neither panics nor finds a bug of ours.
func FuzzPlan(f *testing.F) {
	for _, text := range goldenStatements(f) {
		f.Add(text)
	}
	w := newWorld(f)
	if err := w.define(mistakesCatalog(f)); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		statements, err := sql.Parse(text)
		if err != nil {
			return
		}
		for _, stmt := range statements {
			p := New(w.cat, Options{Parallelism: 2})
			switch stmt := stmt.(type) {
			case *sql.CreateView:
				_, err = p.BindView(stmt)
			case *sql.CreateTable:
				_, err = p.BindTable(stmt)
			default:
				var physical *plan.Plan
				if physical, err = p.Plan(stmt); err == nil {
					roundTrip(t, physical)
				}
			}
			if err != nil {
				checkPlanError(t, text, err)
			}
		}
	})
}

// checkPlanError checks that an error says whose it is, and where in the text.
func checkPlanError(t *testing.T, text string, err error) {
	if class := errs.ClassOf(err); class != errs.User && class != errs.Unsupported {
		t.Errorf("%s: a %s error: %v", text, class, err)
	}
	if span := errs.SpanOf(err); span == (errs.Span{}) || span.End < span.Start || span.End > len(text) {
		t.Errorf("%s: the error points at %v: %v", text, span, err)
	}
	_ = errs.Render(err, "", text)
}

// roundTrip checks that a plan survives msgpack, and prints the same then.
func roundTrip(t *testing.T, p *plan.Plan) {
	bytes, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := plan.Decode(bytes)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Encode()
	if err != nil || string(again) != string(bytes) || back.String() != p.String() {
		t.Fatalf("the plan changed on its way through msgpack: %v\n%s", err, back)
	}
}

// goldenStatements are the statements of the golden files, as seeds.
func goldenStatements(f *testing.F) []string {
	paths, err := filepath.Glob("testdata/*")
	if err != nil {
		f.Fatal(err)
	}
	var out []string
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			continue // what fuzzing found
		}
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for block := range strings.SplitSeq(string(text), "\n\n") {
			body, _, ok := strings.Cut(block, "\n----")
			for ok && strings.HasPrefix(body, "#") {
				_, body, _ = strings.Cut(body, "\n")
			}
			if _, statement, head := strings.Cut(body, "\n"); ok && head {
				out = append(out, statement)
			}
		}
	}
	return out
}

// mistakesCatalog is the catalog of the golden file of mistakes.
func mistakesCatalog(f *testing.F) string {
	text, err := os.ReadFile(filepath.Join("testdata", "mistakes"))
	if err != nil {
		f.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "catalog\n")
	tables, _, _ := strings.Cut(rest, "\n----")
	return tables
}
