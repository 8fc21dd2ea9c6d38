package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/cmd/internal/cli"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestCommandLine runs the golden cases: each file is one folder to work in.
//
//	file path=NAME      writes the input to a file
//	run [ARG …]         `thalweg run ARG … -` with the input as the script
//	thalweg [ARG …]     the command line as it is, the input at standard input
//	cat path=PATTERN    the lines of all files that match, sorted
//
// Arguments can't hold blanks or commas. What is printed is standard output, standard error
// behind "stderr:", and the exit code unless 0; times, sequence numbers and the folder are masked.
func TestCommandLine(t *testing.T) {
	root, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	datadriven.Walk(t, root, func(t *testing.T, path string) {
		if filepath.Ext(path) != "" {
			return
		}
		dir := t.TempDir()
		t.Chdir(dir)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return mask(command(t, d), dir)
		})
	})
}

// command performs one directive.
func command(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "file":
		var path string
		d.ScanArgs(t, "path", &path)
		if err := os.WriteFile(path, []byte(d.Input+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return ""
	case "cat":
		var pattern string
		d.ScanArgs(t, "path", &pattern)
		return sortedLines(t, pattern)
	case "run":
		return thalweg(append(append([]string{"run", "--parallelism=1"}, words(d)...), "-"), d.Input)
	case "thalweg":
		return thalweg(words(d), d.Input)
	}
	t.Fatalf("no such directive: %s", d.Cmd)
	return ""
}

// words are a directive's arguments as they were written.
func words(d *datadriven.TestData) []string {
	var out []string
	for _, arg := range d.CmdArgs {
		word := arg.Key
		if len(arg.Vals) > 0 {
			word += "=" + strings.Join(arg.Vals, ",")
		}
		out = append(out, word)
	}
	return out
}

// outcome is what a command line did.
type outcome struct {
	code     int
	out, err string
}

func runMain(args []string, in string) outcome {
	var out, errOut bytes.Buffer
	code := cli.Main(args, cli.Stdio{In: strings.NewReader(in), Out: &out, Err: &errOut})
	return outcome{code: code, out: out.String(), err: errOut.String()}
}

func thalweg(args []string, in string) string {
	o := runMain(args, in)
	text := o.out
	if o.err != "" {
		text += "stderr:\n" + o.err
	}
	if o.code != cli.ExitDone {
		text += fmt.Sprintf("exit %d\n", o.code)
	}
	return text
}

// mask hides what differs from run to run.
func mask(text, dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		text = strings.ReplaceAll(text, real, "DIR")
	}
	text = strings.ReplaceAll(text, dir, "DIR")
	text = instant.ReplaceAllString(text, "INSTANT")
	return elapsed.ReplaceAllString(sequence.ReplaceAllString(text, "SEQUENCE"), "$1 in TIME")
}

var (
	instant  = regexp.MustCompile(`\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z`)
	sequence = regexp.MustCompile(`\b49\d{54}\b`)
)

var elapsed = regexp.MustCompile(`(?m)^(\d+ rows?(?: into \w+)?) in [0-9.]+(?:µs|ms|m|s)?[0-9.]*s?$`)

func sortedLines(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.SplitAfter(string(raw), "\n")...)
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
