package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/expr"
)

// openMost is how many features and functions may be open in coverage.txt. It only
// ever falls.
const openMost = 12

// TestCoverage keeps docs/coverage.md true: every feature names a test that exists,
// every function has an example that the engine's tests run, and what is open is
// open indeed.
func TestCoverage(t *testing.T) {
	c := coverage{t: t, functions: documentedFunctions()}
	c.page.WriteString("# Coverage\n\nGenerated from [coverage.txt](coverage.txt), which a test checks: each feature of Flink SQL and the test that proves it.\n")
	for line := range strings.Lines(readText(t, filepath.Join(root, "docs", "coverage.txt"))) {
		c.line(strings.TrimSpace(line))
	}
	if c.open > openMost {
		t.Errorf("%d features are open, %d may be", c.open, openMost)
	}
	path := filepath.Join(root, "docs", "coverage.md")
	if *rewrite {
		if err := os.WriteFile(path, []byte(c.page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if readText(t, path) != c.page.String() {
		t.Error("coverage.md is out of date: go test ./cmd/internal/docs -rewrite")
	}
}

// documentedFunctions tells of each function, by names and aliases with _ for
// blanks, whether it has an example.
func documentedFunctions() map[string]bool {
	out := map[string]bool{}
	for _, f := range expr.NewRegistry().Docs() {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			out[strings.ReplaceAll(name, " ", "_")] = len(f.Examples) > 0
		}
	}
	for _, f := range agg.NewRegistry().Functions() {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			out[name] = len(f.Examples) > 0
		}
	}
	return out
}

// coverage reads coverage.txt and writes the page.
type coverage struct {
	t         *testing.T
	functions map[string]bool
	page      strings.Builder
	open      int
}

func (c *coverage) line(line string) {
	section, isSection := strings.CutPrefix(line, "== ")
	names, isFunctions := strings.CutPrefix(line, "functions: ")
	missing, isOpen := strings.CutPrefix(line, "functions open: ")
	switch {
	case line == "" || strings.HasPrefix(line, "# "), line == "#":
	case isSection:
		fmt.Fprintf(&c.page, "\n## %s\n\n| Feature | Proof |\n|---|---|\n", section)
	case isFunctions:
		for name := range strings.FieldsSeq(names) {
			if !c.functions[name] {
				c.t.Errorf("function %s is not there or has no example", name)
			}
			c.row(code(name), "its example in [sql.md](sql.md#functions)")
		}
	case isOpen:
		for name := range strings.FieldsSeq(missing) {
			if c.functions[name] {
				c.t.Errorf("function %s is there: move it to the line of those that are", name)
			}
			c.open++
			c.row(code(name), "open")
		}
	default:
		c.feature(line)
	}
}

func (c *coverage) feature(line string) {
	parts := strings.SplitN(line, " | ", 3)
	switch {
	case len(parts) == 2 && parts[1] == "open":
		c.open++
		c.row(parts[0], "open")
	case len(parts) == 3:
		text, err := os.ReadFile(filepath.Join(root, parts[1]))
		if err != nil || !strings.Contains(string(text), parts[2]) {
			c.t.Errorf("%s: %s does not hold %q", parts[0], parts[1], parts[2])
		}
		c.row(parts[0], fmt.Sprintf("[%s](../%s): %s", parts[1], parts[1], code(parts[2])))
	default:
		c.t.Errorf("coverage.txt: can't read %q", line)
	}
}

func (c *coverage) row(feature, proof string) {
	fmt.Fprintf(&c.page, "| %s | %s |\n", cell(feature), proof)
}
