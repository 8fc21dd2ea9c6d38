package filesystem

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// put writes a file and the folders above it.
func put(t testing.TB, fs vfs.FS, path, content string) {
	t.Helper()
	if err := fs.MkdirAll(fs.PathDir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// tableOf declares a table of schema with options given as name, value, ….
func tableOf(t testing.TB, c *Connector, schema string, options ...string) connector.Table {
	t.Helper()
	parsedSchema, err := stream.ParseSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for i := 0; i < len(options); i += 2 {
		m[options[i]] = options[i+1]
	}
	parsed, err := c.Spec().Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return connector.Table{Name: "t", Schema: parsedSchema, Options: parsed}
}

func testConnector(fs vfs.FS) *Connector { return NewWith(fs, format.Builtin(), systemClock{}) }

// readAll reads every split of a table with a batch size, and gives the rows as
// text.
func readAll(t testing.TB, c *Connector, table connector.Table, batchRows int, bad connector.BadRecords) ([]string, error) {
	t.Helper()
	s, err := c.Source(table)
	if err != nil {
		return nil, err
	}
	return readSource(t, s, batchRows, bad)
}

func readSource(t testing.TB, s connector.Source, batchRows int, bad connector.BadRecords) ([]string, error) {
	t.Helper()
	ctx := context.Background()
	splits, err := s.Discover(ctx, nil, 1)
	if err != nil {
		return nil, err
	}
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	var rows []string
	for _, split := range splits {
		r, err := s.Open(ctx, split, nil, connector.ReaderEnv{Alloc: alloc, BatchRows: batchRows, Bad: bad})
		if err != nil {
			return rows, err
		}
		for err == nil {
			var batch stream.Batch
			batch, err = r.Next(ctx, nil)
			if batch.Rows() > batchRows {
				t.Fatalf("a batch of %d rows, more than %d", batch.Rows(), batchRows)
			}
			if batch.Rows() > 0 {
				rows = append(rows, stream.FormatRows(batch)...)
			}
			batch.Release()
		}
		if closeErr := r.Close(); closeErr != nil {
			t.Fatal(closeErr)
		}
		if !errors.Is(err, connector.ErrEndOfSplit) {
			return rows, err
		}
	}
	return rows, nil
}

func TestFoldersPatternsAndHiddenFiles(t *testing.T) {
	fs := vfs.NewMem()
	put(t, fs, "/in/a.json", "{\"a\":1}\n")
	put(t, fs, "/in/sub/b.json", "{\"a\":2}\n")
	put(t, fs, "/in/.hidden.json", "{\"a\":9}\n")
	put(t, fs, "/in/_temporary/c.json", "{\"a\":9}\n")
	put(t, fs, "/in/sub2/c.txt", "{\"a\":3}")
	c := testConnector(fs)
	for path, want := range map[string]string{
		"/in": "[+I a=1 +I a=2 +I a=3]", "/in/a.json": "[+I a=1]", "/in/*.json": "[+I a=1]", "/in/sub*": "[+I a=2 +I a=3]",
		"/in/*/?.json": "[+I a=2]", "/in/.hidden.json": "[+I a=9]", "file:///in/a.json": "[+I a=1]",
	} {
		rows, err := readAll(t, c, tableOf(t, c, "a BIGINT", "path", path, "format", "json"), 10, nil)
		if err != nil || fmt.Sprint(rows) != want {
			t.Errorf("%s: %v, %v; want %s", path, rows, err, want)
		}
	}
}

func TestMissingFilesAreTheUsersMistake(t *testing.T) {
	c := testConnector(vfs.NewMem())
	for path, want := range map[string]string{
		"/no/such.json": "there is no file or folder '/no/such.json'", "/no/*.json": "no file matches '/no/*.json'", "/[": "is no pattern",
		"relative.json": "there is no file or folder '/work/dir/relative.json'",
	} {
		table := tableOf(t, c, "a BIGINT", "path", path, "format", "json")
		table.Env.WorkDir = "/work/dir"
		_, err := readAll(t, c, table, 10, nil)
		if err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestBadRecordsNameFileLineAndByte(t *testing.T) {
	fs := vfs.NewMem()
	put(t, fs, "/in.json", "{\"a\":1}\n\nnonsense\n{\"a\":\"x\"}\n{\"a\":2}\n{\"a\":")
	c := testConnector(fs)
	table := tableOf(t, c, "a BIGINT", "path", "/in.json", "format", "json")
	if _, err := readAll(t, c, table, 10, nil); err == nil || !strings.HasPrefix(err.Error(), "/in.json:3 (byte 9): not JSON") {
		t.Errorf("policy fail: %v", err)
	}
	for _, batchRows := range []int{1, 10} {
		var letters []string
		bad := connector.NewBadCounter(connector.BadDeadLetter, func(r connector.BadRecord) error {
			letters = append(letters, r.Where+" "+string(r.Raw))
			return nil
		})
		rows, err := readAll(t, c, table, batchRows, bad)
		want := "[/in.json:3 (byte 9) nonsense /in.json:4 (byte 18) {\"a\":\"x\"} /in.json:6 (byte 36) {\"a\":]"
		if err != nil || fmt.Sprint(rows) != "[+I a=1 +I a=2]" || fmt.Sprint(letters) != want || bad.Count() != 3 {
			t.Errorf("%v, %v\n%v\n%v", rows, err, letters, want)
		}
	}
}

func TestPiecesOfAFileGiveEveryLineOnce(t *testing.T) {
	fs := vfs.NewMem()
	var content strings.Builder
	for i := range 40 {
		fmt.Fprintf(&content, "{\"a\":%d,\"pad\":\"%s\"}\n", i, strings.Repeat("x", i*i%37))
	}
	put(t, fs, "/in.json", content.String())
	c := testConnector(fs)
	want, err := readAll(t, c, tableOf(t, c, "a BIGINT", "path", "/in.json", "format", "json"), 7, nil)
	if err != nil || len(want) != 40 {
		t.Fatalf("%d rows, %v", len(want), err)
	}
	for size := 1; size < 200; size += 3 {
		table := tableOf(t, c, "a BIGINT", "path", "/in.json", "format", "json", "source.split-size", fmt.Sprint(size))
		rows, err := readAll(t, c, table, 7, nil)
		if err != nil || fmt.Sprint(rows) != fmt.Sprint(want) {
			t.Fatalf("pieces of %d bytes: %v, %v", size, rows, err)
		}
	}
}

func TestPartitionAndMetadataColumns(t *testing.T) {
	fs := vfs.NewMem()
	put(t, fs, "/in/day=2024-01-02/state=N%20Y/a.json", "{\"a\":1}\n{\"a\":2}\n")
	put(t, fs, "/in/day=2024-01-03/state=__HIVE_DEFAULT_PARTITION__/a.json", "{\"a\":3}\n")
	c := testConnector(fs)
	table := tableOf(t, c, "name STRING, state STRING, a BIGINT, day DATE, size BIGINT", "path", "/in", "format", "json")
	table.PartitionKeys = []string{"day", "state"}
	table.Metadata = map[string]string{"name": "file.name", "size": "file.size"}
	rows, err := readAll(t, c, table, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(rows, "\n")
	want := "+I name=a.json state='N Y' a=1 day=2024-01-02 size=16\n+I name=a.json state='N Y' a=2 day=2024-01-02 size=16\n+I name=a.json state=NULL a=3 day=2024-01-03 size=8"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	s, err := c.Source(table)
	if err != nil {
		t.Fatal(err)
	}
	pruned := types.Schema{table.Schema[1]}
	if applied, err := s.Apply(connector.Pushdown{Columns: pruned}); err != nil || !applied.Columns {
		t.Fatalf("%+v, %v", applied, err)
	}
	rows, err = readSource(t, s, 10, nil)
	if err != nil || fmt.Sprint(rows) != "[+I state='N Y' +I state='N Y' +I state=NULL]" {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestReadingFlights(t *testing.T) {
	c := New()
	table := tableOf(t, c, "date STRING, delay INT, distance INT, origin STRING, destination STRING",
		"path", "../../examples/data/flights.ndjson", "format", "json")
	rows, err := readAll(t, c, table, 4096, nil)
	if err != nil || len(rows) != 5000 || rows[0] != "+I date='2001/01/01 01:10' delay=95 distance=2399 origin=HNL destination=SFO" {
		t.Errorf("%d rows, %v, %v", len(rows), rows[:min(1, len(rows))], err)
	}
}

func TestMonitoringFindsNewFilesOnly(t *testing.T) {
	fs := vfs.NewMem()
	c := testConnector(fs)
	s, err := c.Source(tableOf(t, c, "a BIGINT", "path", "/in/*.json", "format", "json", "source.monitor-interval", "1 s"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Bounded() {
		t.Error("a monitored table has no end")
	}
	var known []connector.SplitID
	for i := range 3 {
		splits, err := s.Discover(context.Background(), known, 2)
		if err != nil || len(splits) != min(i, 1) {
			t.Fatalf("look %d: %d splits, %v", i, len(splits), err)
		}
		for _, split := range splits {
			known = append(known, split.ID)
		}
		put(t, fs, fmt.Sprintf("/in/%d.json", i), "{\"a\":1}\n")
	}
}
