package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/cmd/internal/cli"
)

// TestCorruptSegmentIsNamed damages a block of a stream: the command line and SQL read
// the others, and each names the file.
func TestCorruptSegmentIsNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	stream := func(args ...string) outcome { return runMain(append([]string{"stream", "--data=d"}, args...), "") }
	stream("create", "s")
	for _, text := range []string{"one\n", "two\n", "three\n"} {
		if got := runMain([]string{"stream", "--data=d", "put", "s"}, text); got.code != 0 {
			t.Fatal(got.err)
		}
	}
	segments, err := filepath.Glob("d/log/streams/s/*/*.seg")
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	for _, path := range segments { // each put was a process of its own
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if at := bytes.Index(content, []byte("two")); at >= 0 {
			content[at] ^= 1
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			segments = []string{path}
		}
	}
	got := stream("tail", "s", "--from=earliest", "--no-follow")
	if got.code != 0 || got.out != "one\nthree\n" || !strings.Contains(got.err, "warning: ") || !strings.Contains(got.err, segments[0]) {
		t.Errorf("tail: exit %d: %s%s", got.code, got.out, got.err)
	}
	for policy, want := range map[string]int{"fail": cli.ExitFailed, "skip": 0} {
		got := runMain([]string{"run", "--data=d", "--format=csv", "-"}, `
CREATE TABLE s (line STRING) WITH ('connector' = 'shardlog', 'stream' = 's', 'scan.startup.mode' = 'earliest', 'scan.bounded.mode' = 'latest', 'format' = 'raw',
  'bad-records' = '`+policy+`');
SELECT line FROM s`)
		if got.code != want || (want == 0) != (got.out == "line\none\nthree\n") || want != 0 && !strings.Contains(got.err, segments[0]) {
			t.Errorf("SQL with %s: exit %d: %s%s", policy, got.code, got.out, got.err)
		}
		if got = runMain([]string{"run", "--data=d", "-"}, "DROP TABLE s"); got.code != 0 {
			t.Error(got.err)
		}
	}
	if got := runMain([]string{"stream", "--data=d", "put", "s"}, "four\n"); got.code != 0 {
		t.Error(got.err)
	}
}
