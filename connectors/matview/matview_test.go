package matview

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/connectortest"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var schema = types.Schema{{Name: "k", Type: types.Of(types.BigInt)}, {Name: "s", Type: types.StringType()}}

// world is a store that can be closed and opened again.
type world struct {
	testing.TB
	fs    vfs.FS
	now   time.Time
	store *Store
}

func newWorld(t testing.TB) *world {
	w := &world{TB: t, fs: vfs.NewMem(), now: time.UnixMilli(1_700_000_000_000)}
	w.open()
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) open() {
	w.Helper()
	var err error
	if w.store, err = Open("views", Options{FS: w.fs, Now: func() time.Time { return w.now }}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) reopen() {
	w.Helper()
	if err := w.store.Close(); err != nil {
		w.Fatal(err)
	}
	w.open()
}

func (w *world) create() ID {
	w.Helper()
	id, err := w.store.Create()
	if err != nil {
		w.Fatal(err)
	}
	return id
}

func (w *world) table(id ID, mode string) connector.Table {
	w.Helper()
	options, err := New().Spec().Parse(map[string]string{OptionView: FormatID(id), OptionMode: mode})
	if err != nil {
		w.Fatal(err)
	}
	return connector.Table{Name: "v", Schema: schema, Options: options, Env: connector.Env{Shared: func(string) any { return w.store }}}
}

func (w *world) source(id ID, mode string) connector.Source {
	w.Helper()
	s, err := New().Source(w.table(id, mode))
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// commit makes an epoch of what tasks write.
func (w *world) commit(id ID, job string, epoch uint64, tasks ...[]string) {
	w.Helper()
	ctx := context.Background()
	s, err := New().Sink(w.table(id, ModeFollow))
	if err != nil {
		w.Fatal(err)
	}
	var committables [][]byte
	for task, lines := range tasks {
		writer, err := s.Writer(ctx, connector.WriterEnv{Alloc: memory.DefaultAllocator, Job: job, Task: task, Tasks: len(tasks)}, nil)
		if err != nil {
			w.Fatal(err)
		}
		b, err := stream.ParseRows(memory.DefaultAllocator, schema, lines)
		if err != nil {
			w.Fatal(err)
		}
		if err := writer.Write(ctx, b); err != nil {
			w.Fatal(err)
		}
		b.Release()
		p, err := writer.Prepare(ctx, epoch, false)
		if err != nil {
			w.Fatal(err)
		}
		committables = append(committables, p.Committables...)
	}
	c, err := s.Committer(ctx)
	if err != nil {
		w.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if err := c.Commit(ctx, epoch, committables); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *world) reader(src connector.Source, split connector.Split, at []byte, rows int) connector.Reader {
	w.Helper()
	r, err := src.Open(context.Background(), split, at, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: rows, Bad: connector.NewBadCounter(connector.BadFail, nil)})
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// read reads until the end, or until there is nothing for now, at most n batches.
func read(t testing.TB, r connector.Reader, n int) (rows []string, ended bool) {
	t.Helper()
	idle := make(chan struct{})
	close(idle)
	for range n {
		b, err := r.Next(context.Background(), idle)
		more := stream.FormatRows(b)
		b.Release()
		rows = append(rows, more...)
		if errors.Is(err, connector.ErrEndOfSplit) {
			return rows, true
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(more) == 0 {
			return rows, false
		}
	}
	return rows, false
}

// discover gives the one split.
func discover(t testing.TB, src connector.Source) connector.Split {
	t.Helper()
	splits, err := src.Discover(context.Background(), nil, 4)
	if err != nil || len(splits) != 1 {
		t.Fatalf("%d splits, %v", len(splits), err)
	}
	return splits[0]
}

func (w *world) contents(id ID) []string {
	w.Helper()
	src := w.source(id, ModeSnapshot)
	r := w.reader(src, discover(w, src), nil, 100)
	defer r.Close()
	rows, ended := read(w, r, 1000)
	if !ended {
		w.Fatal("a snapshot does not end")
	}
	slices.Sort(rows)
	return rows
}

func TestSinkContract(t *testing.T) {
	w := newWorld(t)
	var id ID
	connectortest.RunSink(t, connectortest.Sink{
		Make: func(t testing.TB) func() connector.Sink {
			id = w.create()
			return func() connector.Sink {
				s, err := New().Sink(w.table(id, ModeFollow))
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
		},
		Batch: func(t testing.TB, n int) stream.Batch {
			b, err := stream.ParseRows(memory.DefaultAllocator, schema, []string{fmt.Sprintf("+ k=%d s=a", n), fmt.Sprintf("+ k=%d s=b", n)})
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		Visible: func(testing.TB) []string { return w.contents(id) },
	})
}

func TestSourceContract(t *testing.T) {
	w := newWorld(t)
	id := w.create()
	var lines []string
	for i := range 50 {
		lines = append(lines, fmt.Sprintf("+ k=%d s=x%d", i/2, i/4))
	}
	w.commit(id, "j", 1, lines)
	connectortest.RunSource(t, connectortest.Source{
		Make: func(testing.TB) connector.Source { return w.source(id, ModeSnapshot) }, Schema: schema, Rows: 50, Pruned: schema[1:],
	})
	connectortest.Blocking(t, w.source(id, ModeFollow))
}

// twin is a view as a map, with its contents after each commit.
type twin map[string]int

func (m twin) change(r *rand.Rand) []string {
	var lines []string
	for range r.IntN(8) {
		row := fmt.Sprintf("k=%d s=%d", r.IntN(4), r.IntN(3))
		if r.IntN(2) == 0 && m[row] > 0 {
			lines = append(lines, "- "+row)
			m[row]--
			continue
		}
		lines = append(lines, "+ "+row)
		m[row]++
	}
	return lines
}

func (m twin) rows() []string {
	out := []string{}
	for row, n := range m {
		for range n {
			out = append(out, "+I "+row)
		}
	}
	slices.Sort(out)
	return out
}

// fold is the table that changes make.
func fold(t testing.TB, rows []string) []string {
	t.Helper()
	m := twin{}
	for _, row := range rows {
		if row[:2] == "+I" {
			m[row[3:]]++
		} else if m[row[3:]]--; m[row[3:]] < 0 {
			t.Fatalf("%s is taken back before it is there", row[3:])
		}
	}
	return m.rows()
}

// TestReadersSeeTheView lets a follower and a reader of a snapshot go on between
// commits, stopped and started again at any place, and compares them with a map.
func TestReadersSeeTheView(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 9))
		w := newWorld(t)
		id, want := w.create(), twin{}
		epoch := uint64(0)
		commit := func() {
			epoch++
			// Only the tasks together have no row less than nothing.
			var tasks [3][]string
			for _, line := range want.change(r) {
				to := r.IntN(len(tasks))
				tasks[to] = append(tasks[to], line)
			}
			w.commit(id, "j", epoch, tasks[:]...)
		}
		for range r.IntN(4) {
			commit()
		}
		type following struct {
			src   connector.Source
			split connector.Split
			at    []byte
			rows  []string
			ended bool
			want  []string
		}
		var readers []*following
		for _, mode := range []string{ModeFollow, ModeSnapshot} {
			src := w.source(id, mode)
			readers = append(readers, &following{src: src, split: discover(t, src), want: want.rows()})
		}
		step := func(f *following, batches int) {
			reader := w.reader(f.src, f.split, f.at, 1+r.IntN(5))
			rows, ended := read(t, reader, batches)
			f.rows, f.ended, f.at = append(f.rows, rows...), ended, reader.Position()
			if err := reader.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for range 1 + r.IntN(8) {
			commit()
			for _, f := range readers {
				step(f, r.IntN(3))
			}
			if r.IntN(4) == 0 {
				w.reopen()
			}
		}
		for i, f := range readers {
			step(f, 10_000)
			if i == 0 {
				f.want = want.rows()
			}
			if got := fold(t, f.rows); !slices.Equal(got, f.want) || f.ended != (i == 1) {
				t.Fatalf("seed %d, reader %d (ended %t):\n got %q\nwant %q", seed, i, f.ended, got, f.want)
			}
		}
		if got := w.contents(id); !slices.Equal(got, want.rows()) {
			t.Fatalf("seed %d: the view is %q, not %q", seed, got, want.rows())
		}
	}
}

func TestSpilledChangesAreCommitted(t *testing.T) {
	w := newWorld(t)
	id, ctx := w.create(), context.Background()
	v, err := w.store.view(id)
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{w.table(id, ModeFollow)}
	opened, err := s.Writer(ctx, connector.WriterEnv{Job: "j", Tasks: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	writer := opened.(*writer)
	for i := range 3 {
		b, err := stream.ParseRows(memory.DefaultAllocator, schema, []string{fmt.Sprintf("+ k=%d s=a", i), "+ k=9 s=z"})
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
		if err := writer.spill(); err != nil {
			t.Fatal(err)
		}
	}
	prepared, err := writer.Prepare(ctx, 7, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&committer{v}).Commit(ctx, 7, prepared.Committables); err != nil {
		t.Fatal(err)
	}
	if got, want := w.contents(id), []string{"+I k=0 s=a", "+I k=1 s=a", "+I k=2 s=a", "+I k=9 s=z", "+I k=9 s=z", "+I k=9 s=z"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestChangesAreKeptForAWhile(t *testing.T) {
	w := newWorld(t)
	id := w.create()
	w.commit(id, "j", 1, []string{"+ k=1 s=a"})
	src := w.source(id, ModeFollow)
	split := discover(t, src)
	reader := w.reader(src, split, nil, 10)
	read(t, reader, 10)
	at := reader.Position()
	reader.Close()
	w.commit(id, "j", 2, []string{"+ k=2 s=a"})
	w.now = w.now.Add(Retention + time.Hour)
	w.commit(id, "j", 3, []string{"+ k=3 s=a"})
	reader = w.reader(src, split, at, 10)
	defer reader.Close()
	if _, err := reader.Next(context.Background(), nil); errs.ClassOf(err) != errs.User {
		t.Errorf("reading on after the retention gave %v", err)
	}
	if got := w.contents(id); len(got) != 3 {
		t.Errorf("the view holds %q", got)
	}
}

func TestDroppedViews(t *testing.T) {
	w := newWorld(t)
	first, second := w.create(), w.create()
	w.commit(first, "j", 1, []string{"+ k=1 s=a"})
	src := w.source(first, ModeFollow)
	reader := w.reader(src, discover(t, src), nil, 10)
	defer reader.Close()
	read(t, reader, 10)
	if err := w.store.Keep(map[ID]bool{second: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Next(context.Background(), nil); errs.ClassOf(err) != errs.User {
		t.Errorf("reading a dropped view gave %v", err)
	}
	w.reopen()
	if _, err := w.store.view(first); err == nil {
		t.Error("a dropped view is there again")
	}
	if third := w.create(); third <= second {
		t.Errorf("the ID %d is used again", third)
	}
}

func BenchmarkCommit(b *testing.B) {
	w := newWorld(b)
	id := w.create()
	const rows = 4096
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		lines := make([]string, rows)
		b.StopTimer()
		for j := range lines {
			lines[j] = fmt.Sprintf("+ k=%d s=some-text", i*rows+j)
		}
		b.StartTimer()
		w.commit(id, "j", uint64(i+1), lines)
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkSnapshot(b *testing.B) {
	w := newWorld(b)
	id := w.create()
	const rows = 200_000
	lines := make([]string, rows)
	for j := range lines {
		lines[j] = fmt.Sprintf("+ k=%d s=some-text", j)
	}
	w.commit(id, "j", 1, lines)
	b.ReportAllocs()
	for b.Loop() {
		src := w.source(id, ModeSnapshot)
		r := w.reader(src, discover(b, src), nil, 4096)
		n := 0
		for {
			batch, err := r.Next(context.Background(), nil)
			n += batch.Rows()
			batch.Release()
			if err != nil {
				break
			}
		}
		if r.Close(); n != rows {
			b.Fatalf("%d rows", n)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}
