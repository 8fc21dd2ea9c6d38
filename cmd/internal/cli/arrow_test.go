package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/thalweg/thalweg/cmd/internal/cli"
)

// TestArrowFormatIsAStream reads what --format arrow writes, with kinds and without.
func TestArrowFormatIsAStream(t *testing.T) {
	const script = "SELECT n, s FROM (VALUES (1, 'a'), (2, NULL)) AS t(n, s)"
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "n s: 1 a 2 (null) "},
		{[]string{"--changelog"}, "op n s: +I 1 a +I 2 (null) "},
	} {
		got := runMain(append([]string{"run", "--format=arrow", "--parallelism=1", "-"}, c.args...), script)
		if got.code != cli.ExitDone {
			t.Fatalf("exit %d: %s", got.code, got.err)
		}
		reader, err := ipc.NewReader(bytes.NewReader([]byte(got.out)))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range reader.Schema().Fields() {
			names = append(names, f.Name)
		}
		text := strings.Join(names, " ") + ": "
		for reader.Next() {
			record := reader.Record()
			for row := range int(record.NumRows()) {
				for _, column := range record.Columns() {
					text += column.ValueStr(row) + " "
				}
			}
		}
		if reader.Err() != nil || text != c.want {
			t.Errorf("%v: %q, want %q; %v", c.args, text, c.want, reader.Err())
		}
		reader.Release()
	}
}
