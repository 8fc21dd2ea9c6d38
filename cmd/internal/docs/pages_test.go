package docs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/cmd/internal/cli"
	"github.com/thalweg/thalweg/examples"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/sql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// block is a fenced block of a page.
type block struct {
	page string
	line int
	// info is what stands behind the fence, such as `sql run`.
	info string
	text string
}

// pages lists the pages for users, relative to root.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(found) == 0 {
		t.Fatal("no pages", err)
	}
	out := []string{"README.md"}
	for _, path := range found {
		out = append(out, filepath.Join("docs", filepath.Base(path)))
	}
	return out
}

// blocks finds the fenced blocks of a page.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	var out []block
	var open *block
	for i, line := range strings.Split(readText(t, filepath.Join(root, page)), "\n") {
		switch info, fence := strings.CutPrefix(line, "```"); {
		case fence && open == nil:
			open = &block{page: page, line: i + 2, info: info}
		case fence:
			out = append(out, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: a block is not closed", page, open.line)
	}
	return out
}

// TestSQLParses parses each block of SQL in the guide.
func TestSQLParses(t *testing.T) {
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if language, _, _ := strings.Cut(b.info, " "); language != "sql" {
				continue
			}
			text, err := sql.Substitute(b.text, map[string]string{})
			if err == nil {
				_, err = sql.Parse(text)
			}
			if err != nil {
				t.Errorf("%s:%d: %s", page, b.line, errs.Render(err, "", b.text))
			}
		}
	}
}

// TestSQLRuns runs the blocks marked `sql run` of each page as one script, beside
// a copy of the examples.
func TestSQLRuns(t *testing.T) {
	for _, page := range pages(t) {
		script := ""
		for _, b := range blocks(t, page) {
			if b.info == "sql run" {
				script += strings.TrimRight(strings.TrimSpace(b.text), ";") + ";\n\n"
			}
		}
		if script == "" {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := examples.Write("examples"); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile("page.sql", []byte(script), 0o644); err != nil {
				t.Fatal(err)
			}
			var out, errOut bytes.Buffer
			code := cli.Main([]string{"run", "page.sql"}, cli.Stdio{In: strings.NewReader(""), Out: &out, Err: &errOut})
			// A slow machine may see progress there.
			if code != cli.ExitDone || strings.Contains(errOut.String(), "warning:") {
				t.Errorf("exit %d\n%s%s", code, out.String(), errOut.String())
			}
		})
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	command = regexp.MustCompile("(?:^|[ `(])thalweg ((?:run|serve|stream|bench|examples|sql)\\b[^`|#;&)]*)")
	flags   = regexp.MustCompile(`--[a-z][a-z-]*`)
)

// TestLinksLeadSomewhere checks the links between pages.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(readText(t, filepath.Join(root, page)), -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %s is not there", page, m[1])
			}
		}
	}
}

// TestCommandsExist checks that the commands and flags that pages show are there.
func TestCommandsExist(t *testing.T) {
	shown := 0
	for _, page := range pages(t) {
		for _, m := range command.FindAllStringSubmatch(readText(t, filepath.Join(root, page)), -1) {
			shown++
			words := strings.Fields(m[1])
			help := helpOf(t, words)
			for _, f := range flags.FindAllString(m[1], -1) {
				if !regexp.MustCompile(regexp.QuoteMeta(f) + `\b`).MatchString(help) {
					t.Errorf("%s: `thalweg %s`: there is no %s", page, strings.TrimSpace(m[1]), f)
				}
			}
		}
	}
	if shown < 5 {
		t.Errorf("found only %d commands: is the pattern still right?", shown)
	}
}

// helpOf is the help of the command that words begin with.
func helpOf(t *testing.T, words []string) string {
	t.Helper()
	args := words[:1]
	if (words[0] == "bench" || words[0] == "stream") && len(words) > 1 {
		args = words[:2]
	}
	var out, errOut bytes.Buffer
	code := cli.Main(append(args[:len(args):len(args)], "--help"), cli.Stdio{In: strings.NewReader(""), Out: &out, Err: &errOut})
	if code != cli.ExitDone {
		t.Errorf("`thalweg %s` does not exist: %s", strings.Join(args, " "), errOut.String())
	}
	return out.String()
}
