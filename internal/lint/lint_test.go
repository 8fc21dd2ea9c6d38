package lint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the module's root, seen from this folder.
const root = "../.."

func readLaw(t *testing.T) Law {
	t.Helper()
	text, err := os.ReadFile("imports.txt")
	if err != nil {
		t.Fatal(err)
	}
	law, err := ParseLaw(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return law
}

// check runs all rules over one file.
func check(f File, law Law) []Finding {
	found := Imports(f, law)
	found = append(found, Sizes(f)...)
	found = append(found, Habits(f)...)
	return append(found, Docs(f)...)
}

func TestTreeObeysTheHouseRules(t *testing.T) {
	law := readLaw(t)
	files, err := ParseTree(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 30 {
		t.Fatalf("only %d files read: is the root wrong?", len(files))
	}
	for _, f := range files {
		for _, finding := range check(f, law) {
			t.Error(finding)
		}
	}
}

// TestEveryRuleHasACanary feeds each rule a file that breaks it: a guard that
// finds nothing in its canary has decayed.
func TestEveryRuleHasACanary(t *testing.T) {
	law := readLaw(t)
	long := "\n\tx++" + strings.Repeat("\n\tx++", FunctionLinesMax)
	canaries := []struct{ rule, path, src string }{
		{"import-law", "planner/plan/bad.go", "package plan\nimport _ \"" + Module + "/engine\"\n"},
		{"import-law", "operators/topn/bad.go", "package topn\nimport _ \"" + Module + "/operators/join\"\n"},
		{"import-law", "engine/bad.go", "package engine\nimport _ \"github.com/xwb1989/sqlparser\"\n"},
		{"import-law", "state/bad_test.go", "package state\nimport _ \"" + Module + "/engine\"\n"},
		{"import-law", "attic/bad.go", "package attic\nimport _ \"" + Module + "/sql\"\n"},
		{"function-size", "sql/bad.go", "package sql\nfunc f(x int) {" + long + "\n}\n"},
		{"file-size", "sql/bad.go", "package sql\n" + strings.Repeat("\n", FileLinesMax)},
		{"no-init", "sql/bad.go", "package sql\nfunc init() {}\n"},
		{"no-sleep", "sql/bad_test.go", "package sql\nimport \"time\"\nfunc f() { time.Sleep(1) }\n"},
		{"no-litter", "sql/bad.go", "package sql\n// TO" + "DO: later\n"},
		{"exported-doc", "sql/bad.go", "package sql\ntype Undocumented struct{}\n"},
	}
	for _, c := range canaries {
		f, err := ParseFile(c.path, []byte(c.src))
		if err != nil {
			t.Fatal(err)
		}
		var rules []string
		for _, finding := range check(f, law) {
			rules = append(rules, finding.Rule)
		}
		if strings.Join(rules, " ") != c.rule {
			t.Errorf("%s in %s: found %q", c.rule, c.path, rules)
		}
	}
}

func TestLawTextIsChecked(t *testing.T) {
	if _, err := ParseLaw("sql planner"); err == nil {
		t.Error("a line without a colon was accepted")
	}
}

// TestNothingStrayInTheRoot keeps the top level to the folders of the house plan.
func TestNothingStrayInTheRoot(t *testing.T) {
	allowed := map[string]bool{
		"engine": true, "planner": true, "operators": true, "state": true, "connectors": true, "sql": true, "cmd": true, "functions": true,
		"benchmarks": true, "go.mod": true, "go.sum": true, "README.md": true, "docs": true, "examples": true, "internal": true,
		".ci": true, ".git": true, ".gitignore": true, ".gitattributes": true, "LICENSE": true, "Makefile": true, "CHANGELOG.md": true,
		// Build results that git ignores.
		"bin": true, "out": true, "thalweg": true,
	}
	entries, err := os.ReadDir(filepath.Clean(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !allowed[e.Name()] {
			t.Errorf("%s does not belong in the root", e.Name())
		}
	}
}
