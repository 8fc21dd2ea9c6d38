package cli_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/thalweg/thalweg/cmd/internal/cli"
	"github.com/thalweg/thalweg/engine"
)

// interrupter sends this process a signal when the first line is written to it.
type interrupter struct {
	mu   sync.Mutex
	text bytes.Buffer
	sent bool
}

func (w *interrupter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.sent {
		w.sent = true
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			return 0, err
		}
	}
	return w.text.Write(p)
}

// TestInterruptedInsertKeepsItsOutput stops an endless job with a signal: what it
// has read is in the files, whole, and nothing uncommitted is left behind.
func TestInterruptedInsertKeepsItsOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	const script = `
CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '500', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '1000000');
CREATE TABLE shown (n BIGINT) WITH ('connector' = 'print');
CREATE TABLE kept (n BIGINT) WITH ('connector' = 'filesystem', 'path' = 'kept', 'format' = 'csv');
EXECUTE STATEMENT SET BEGIN
  INSERT INTO shown SELECT n FROM numbers;
  INSERT INTO kept SELECT n FROM numbers;
END`
	var out interrupter
	var errOut bytes.Buffer
	code := cli.Main([]string{"run", "--parallelism", "1", "-"}, cli.Stdio{In: strings.NewReader(script), Out: &out, Err: &errOut})
	if code != cli.ExitInterrupted || errOut.String() != "interrupted\n" {
		t.Errorf("exit %d: %s", code, errOut.String())
	}
	kept, shown := strings.Count(sortedLines(t, "kept/*"), "\n"), strings.Count(out.text.String(), "\n")
	if kept == 0 || kept != shown {
		t.Errorf("%d rows are in the files, %d were printed", kept, shown)
	}
	hidden, err := filepath.Glob("kept/.*")
	if err != nil || len(hidden) > 0 {
		t.Errorf("left behind: %v %v", hidden, err)
	}
}

// TestInterruptedSelectEnds stops reading an endless result in each format.
func TestInterruptedSelectEnds(t *testing.T) {
	const script = `
CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '500');
SELECT n FROM numbers`
	for _, format := range []string{"table", "json", "csv", "arrow"} {
		var out interrupter
		var errOut bytes.Buffer
		code := cli.Main([]string{"run", "--format", format, "-"}, cli.Stdio{In: strings.NewReader(script), Out: &out, Err: &errOut})
		if code != cli.ExitInterrupted || errOut.String() != "interrupted\n" || out.text.Len() == 0 {
			t.Errorf("%s: exit %d: %s", format, code, errOut.String())
		}
	}
}

// TestDataDirectoryInUse is a second process on the same directory: it fails at
// once, and the first one is not disturbed.
func TestDataDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	eng, err := engine.Open(t.Context(), engine.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	for _, args := range [][]string{{"run", "--data", dir, "-"}, {"serve", "--data", dir, "--listen", "127.0.0.1:0", "--aws-listen", ""}} {
		got := runMain(args, "SELECT 1")
		if got.code != cli.ExitFailed || !strings.Contains(got.err, dir) || !strings.Contains(got.err, "another directory with --data") {
			t.Errorf("%v: exit %d: %s", args, got.code, got.err)
		}
	}
	rows, err := eng.Query(t.Context(), "SELECT 1 AS a")
	if err != nil {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
}

// TestResultThatCannotBeWritten writes a result to a device that is full.
func TestResultThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, format := range []string{"table", "json", "csv", "arrow"} {
		var errOut bytes.Buffer
		code := cli.Main([]string{"run", "--format", format, "-"}, cli.Stdio{In: strings.NewReader("SELECT 1 AS a"), Out: full, Err: &errOut})
		if want := "writing the result"; code != cli.ExitFailed || !strings.Contains(errOut.String(), want) {
			t.Errorf("%s: exit %d: %s, want %q", format, code, errOut.String(), want)
		}
	}
}

// TestPipeThatCloses is `thalweg run … | head -1`.
func TestPipeThatCloses(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.ReadFull(reader, make([]byte, 4))
		reader.Close()
	}()
	var errOut bytes.Buffer
	const script = `
CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000');
SELECT n FROM numbers`
	code := cli.Main([]string{"run", "-"}, cli.Stdio{In: strings.NewReader(script), Out: writer, Err: &errOut})
	if code != cli.ExitFailed || !strings.Contains(errOut.String(), "broken pipe") {
		t.Errorf("exit %d: %s", code, errOut.String())
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
}
