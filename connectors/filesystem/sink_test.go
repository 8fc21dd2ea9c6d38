package filesystem

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// manualClock is a clock that a test moves.
type manualClock struct{ millis int64 }

func (c *manualClock) NowMillis() int64 { return c.millis }

func batchOf(t testing.TB, table connector.Table, lines ...string) stream.Batch {
	t.Helper()
	b, err := stream.ParseRows(memory.DefaultAllocator, table.Schema, lines)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// task is one writer under test and its committer.
type task struct {
	t      testing.TB
	table  connector.Table
	writer connector.Writer
	commit connector.Committer
}

func newTask(t testing.TB, c *Connector, table connector.Table, job string) *task {
	t.Helper()
	ctx := context.Background()
	s, err := c.Sink(table)
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Writer(ctx, connector.WriterEnv{Alloc: memory.DefaultAllocator, Job: job, Tasks: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	commit, err := s.Committer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &task{t: t, table: table, writer: w, commit: commit}
}

func (k *task) write(lines ...string) error {
	return k.writer.Write(context.Background(), batchOf(k.t, k.table, lines...))
}

func (k *task) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// checkpoint prepares and commits an epoch.
func (k *task) checkpoint(epoch uint64) {
	k.t.Helper()
	p, err := k.writer.Prepare(context.Background(), epoch, false)
	k.must(err)
	k.must(k.commit.Commit(context.Background(), epoch, p.Committables))
}

// tree lists all files below a folder.
func tree(t testing.TB, fs vfs.FS, dir string) []string {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, err := fs.Stat(path); err == nil && info.IsDir() {
			out = append(out, tree(t, fs, path)...)
		} else {
			out = append(out, path)
		}
	}
	sort.Strings(out)
	return out
}

// token is the part of a committed file's name that no other run repeats.
var token = regexp.MustCompile(`-[0-9a-f]{8}\.`)

// names lists the files below a folder without their tokens.
func names(t testing.TB, fs vfs.FS, dir string) string {
	var out []string
	for _, path := range tree(t, fs, dir) {
		out = append(out, token.ReplaceAllString(path, "."))
	}
	return fmt.Sprint(out)
}

func content(t testing.TB, fs vfs.FS, path string) string {
	t.Helper()
	f, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFilesAppearWhenCommitted(t *testing.T) {
	fs := vfs.NewMem()
	c := testConnector(fs)
	table := tableOf(t, c, "a BIGINT, s STRING", "path", "/out", "format", "csv", "csv.header", "true")
	k := newTask(t, c, table, "job/1")
	k.must(k.write("+ a=1 s=x", "+ a=2 s='y z'"))
	p, err := k.writer.Prepare(context.Background(), 7, false)
	k.must(err)
	if rows, err := readAll(t, c, table, 10, nil); err != nil || len(rows) != 0 {
		t.Errorf("before the commit: %v, %v", rows, err)
	}
	for range 2 { // a commit may be repeated
		k.must(k.commit.Commit(context.Background(), 7, p.Committables))
	}
	if got := names(t, fs, "/out"); got != "[/out/part-job_1-0-7-0.csv]" {
		t.Errorf("files %s", got)
	}
	if got := content(t, fs, tree(t, fs, "/out")[0]); got != "a,s\n1,x\n2,y z\n" {
		t.Errorf("content %q", got)
	}
	k.must(k.write("+ a=3 s=lost"))
	k.must(k.writer.Close())
	if got := len(tree(t, fs, "/out")); got != 1 {
		t.Errorf("%d files after closing without a checkpoint", got)
	}
}

func TestPartitionsAreFolders(t *testing.T) {
	fs := vfs.NewMem()
	c := testConnector(fs)
	table := tableOf(t, c, "day DATE, a BIGINT, city STRING", "path", "/out", "format", "json")
	table.PartitionKeys = []string{"city", "day"}
	k := newTask(t, c, table, "j")
	k.must(k.write("+ day=2024-01-01 a=1 city='A/B'", "+ day=2024-01-02 a=2 city=NULL", "+ day=2024-01-01 a=3 city='A/B'"))
	k.checkpoint(1)
	want := "[/out/city=A%2FB/day=2024-01-01/part-j-0-1-0.json /out/city=__HIVE_DEFAULT_PARTITION__/day=2024-01-02/part-j-0-1-1.json]"
	if got := names(t, fs, "/out"); got != want {
		t.Errorf("files %s", got)
	}
	if got := content(t, fs, tree(t, fs, "/out")[0]); got != "{\"a\":1}\n{\"a\":3}\n" {
		t.Errorf("content %q", got)
	}
	rows, err := readAll(t, c, table, 10, nil)
	if err != nil || fmt.Sprint(rows) != "[+I day=2024-01-01 a=1 city=A/B +I day=2024-01-01 a=3 city=A/B +I day=2024-01-02 a=2 city=NULL]" {
		t.Errorf("read back: %v, %v", rows, err)
	}
}

func TestRollingBySizeAndAge(t *testing.T) {
	fs := vfs.NewMem()
	clock := &manualClock{}
	c := NewWith(fs, format.Builtin(), clock)
	table := tableOf(t, c, "a BIGINT", "path", "/out", "format", "json", "sink.rolling-policy.file-size", "20b",
		"sink.rolling-policy.rollover-interval", "1 min", "sink.rolling-policy.check-interval", "10 s")
	k := newTask(t, c, table, "j")
	k.must(k.write("+ a=1"))
	k.must(k.write("+ a=2"))
	k.must(k.write("+ a=3")) // 24 bytes: the first file is full
	k.must(k.write("+ a=4"))
	clock.millis = 61_000
	k.must(k.write("+ a=5")) // the second is old
	k.must(k.write("+ a=6"))
	k.checkpoint(1)
	var got []string
	for _, path := range tree(t, fs, "/out") {
		got = append(got, strings.ReplaceAll(content(t, fs, path), "\n", ""))
	}
	if want := `[{"a":1}{"a":2}{"a":3} {"a":4}{"a":5} {"a":6}]`; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestCompressedFilesReadBack(t *testing.T) {
	for compression, ending := range map[string]string{"gzip": "json.gz", "zstd": "json.zst"} {
		fs := vfs.NewMem()
		c := testConnector(fs)
		table := tableOf(t, c, "a BIGINT", "path", "/out", "format", "json", "compression", compression)
		k := newTask(t, c, table, "j")
		for i := range 3000 {
			k.must(k.write(fmt.Sprintf("+ a=%d", i)))
		}
		k.checkpoint(1)
		if files := tree(t, fs, "/out"); len(files) != 1 || !strings.HasSuffix(files[0], ending) {
			t.Errorf("%s: %v", compression, files)
		}
		table = tableOf(t, c, "a BIGINT", "path", "/out", "format", "json") // by the ending
		if rows, err := readAll(t, c, table, 512, nil); err != nil || len(rows) != 3000 || rows[2999] != "+I a=2999" {
			t.Errorf("%s: %d rows, %v", compression, len(rows), err)
		}
		put(t, fs, "/out/cut."+ending, content(t, fs, tree(t, fs, "/out")[0])[:100])
		if _, err := readAll(t, c, tableOf(t, c, "a BIGINT", "path", "/out/cut."+ending, "format", "json"), 10, nil); err == nil || errs.ClassOf(err) != errs.Corruption {
			t.Errorf("%s cut off: %v", compression, err)
		}
	}
}

func TestAnotherJobsFileIsNotOverwritten(t *testing.T) {
	fs := vfs.NewMem()
	c := testConnector(fs)
	table := tableOf(t, c, "a BIGINT", "path", "/out", "format", "json")
	for i := range 2 { // two runs whose engines name their job alike
		k := newTask(t, c, table, "job-1")
		k.must(k.write(fmt.Sprintf("+ a=%d", i)))
		k.checkpoint(1)
		k.must(k.writer.Close())
	}
	if rows, err := readAll(t, c, table, 10, nil); err != nil || len(rows) != 2 {
		t.Errorf("%v, %v", rows, err)
	}
}

// Who reads a folder may take its files away; a job that is started again commits
// its last checkpoint once more.
func TestCommitIsRepeatedWhateverBecameOfTheFiles(t *testing.T) {
	fs := vfs.NewMem()
	c := testConnector(fs)
	table := tableOf(t, c, "p BIGINT, a BIGINT", "path", "/out", "format", "json")
	table.PartitionKeys = []string{"p"}
	k := newTask(t, c, table, "j")
	k.must(k.write("+ p=1 a=1", "+ p=2 a=2"))
	p, err := k.writer.Prepare(context.Background(), 1, false)
	k.must(err)
	k.must(k.commit.Commit(context.Background(), 1, p.Committables))
	files := tree(t, fs, "/out")
	k.must(fs.Rename(files[0], "/taken.json"))
	k.must(fs.RemoveAll(filepath.Dir(files[1])))
	k.must(k.commit.Commit(context.Background(), 1, p.Committables))
	if left := tree(t, fs, "/out"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestRecoverRemovesOnlyThisJobsLeftovers(t *testing.T) {
	fs := vfs.NewMem()
	c := testConnector(fs)
	table := tableOf(t, c, "p BIGINT, a BIGINT", "path", "/out", "format", "json")
	table.PartitionKeys = []string{"p"}
	for _, job := range []string{"mine", "mine2"} {
		k := newTask(t, c, table, job)
		k.must(k.write("+ p=1 a=1"))
	}
	k := newTask(t, c, table, "mine")
	k.must(k.commit.Recover(context.Background(), "mine"))
	if files := tree(t, fs, "/out"); len(files) != 1 || !strings.Contains(files[0], ".part-mine2~") {
		t.Errorf("left: %v", files)
	}
}

func TestFullDiskIsAResourceErrorAndLeavesNothingVisible(t *testing.T) {
	fs := vfs.NewMem()
	full := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileWrite {
			return syscall.ENOSPC
		}
		return nil
	})
	c := testConnector(errorfs.Wrap(fs, full))
	table := tableOf(t, c, "a BIGINT", "path", "/out", "format", "json")
	k := newTask(t, c, table, "j")
	k.must(k.write("+ a=1"))
	_, err := k.writer.Prepare(context.Background(), 1, false)
	if err == nil || errs.ClassOf(err) != errs.Resource || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("%v", err)
	}
	k.must(k.writer.Close())
	if files := tree(t, fs, "/out"); len(files) != 0 {
		t.Errorf("left: %v", files)
	}
}

// TestCrashAtEachWrite cuts a run at its k-th change of the disk, for every k, and
// goes on from what a crash leaves: every row is in the files exactly once.
func TestCrashAtEachWrite(t *testing.T) {
	const epochs = 4
	for cut := int64(0); ; cut++ {
		for seed := range uint64(3) {
			fs := vfs.NewCrashableMem()
			run := crashRun{t: t, fs: fs, r: rand.New(rand.NewPCG(seed, uint64(cut)))}
			finished := run.until(cut, epochs)
			if !finished {
				run.crash()
				if !run.until(-1, epochs) {
					t.Fatal("the second run was cut")
				}
			}
			run.check(epochs)
			if finished {
				return
			}
		}
	}
}

// crashRun is a job over several starts. published is what its checkpoints hold.
type crashRun struct {
	t         *testing.T
	fs        *vfs.MemFS
	r         *rand.Rand
	published uint64
	pending   [][]byte
}

// until runs the job from its last checkpoint to the end, or to the cut-th change
// of the disk, and reports whether it finished.
func (c *crashRun) until(cut int64, epochs uint64) (finished bool) {
	left := cut
	inject := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if cut < 0 || op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		if left--; left < 0 {
			return syscall.EIO
		}
		return nil
	})
	conn := testConnector(errorfs.Wrap(c.fs, inject))
	table := crashTable(c.t, conn)
	ctx := context.Background()
	s, err := conn.Sink(table)
	if err != nil {
		c.t.Fatal(err)
	}
	commit, _ := s.Committer(ctx)
	if commit.Commit(ctx, c.published, c.pending) != nil || commit.Recover(ctx, "j") != nil {
		return false
	}
	w, err := s.Writer(ctx, connector.WriterEnv{Alloc: memory.DefaultAllocator, Job: "j", Tasks: 1}, nil)
	if err != nil {
		return false
	}
	for epoch := c.published + 1; epoch <= epochs; epoch++ {
		for i := range uint64(3) {
			if w.Write(ctx, batchOf(c.t, table, fmt.Sprintf("+ a=%d p=%d", epoch*10+i, i%2))) != nil {
				return false
			}
		}
		p, err := w.Prepare(ctx, epoch, epoch == epochs)
		if err != nil {
			return false
		}
		c.published, c.pending = epoch, p.Committables
		if commit.Commit(ctx, epoch, p.Committables) != nil {
			return false
		}
	}
	return w.Close() == nil
}

func crashTable(t testing.TB, c *Connector) connector.Table {
	table := tableOf(t, c, "a BIGINT, p BIGINT", "path", "/out/deep", "format", "json")
	table.PartitionKeys = []string{"p"}
	return table
}

// crash loses what was not made durable, or any part of it.
func (c *crashRun) crash() {
	c.fs = c.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: c.r.IntN(101), RNG: c.r})
}

func (c *crashRun) check(epochs uint64) {
	c.t.Helper()
	conn := testConnector(c.fs)
	rows, err := readAll(c.t, conn, crashTable(c.t, conn), 10, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	var want []string
	for epoch := uint64(1); epoch <= epochs; epoch++ {
		for i := range uint64(3) {
			want = append(want, fmt.Sprintf("+I a=%d p=%d", epoch*10+i, i%2))
		}
	}
	sort.Strings(rows)
	sort.Strings(want)
	if fmt.Sprint(rows) != fmt.Sprint(want) {
		c.t.Fatalf("rows %v\nwant %v", rows, want)
	}
	for _, path := range tree(c.t, c.fs, "/out") {
		if strings.Contains(path, temporaryMark) {
			c.t.Fatalf("left over: %s", path)
		}
	}
}
