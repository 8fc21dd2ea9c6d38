package connectortest

import (
	"context"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
)

// Sink is an exactly-once sink under test.
type Sink struct {
	// Make gives a new sink onto a new, empty outside; again gives another one
	// onto the same, as after a restart.
	Make func(t testing.TB) (again func() connector.Sink)
	// Batch makes the n-th batch of rows, different for each n. The caller
	// releases it.
	Batch func(t testing.TB, n int) stream.Batch
	// Visible reads what the outside shows of the sink that Make was called for
	// last, as stream.FormatRows prints it.
	Visible func(t testing.TB) []string
}

// RunSink runs the behaviours of exactly-once sinks.
func RunSink(t *testing.T, s Sink) {
	for _, b := range []struct {
		name string
		run  func(t *testing.T, s Sink)
	}{
		{"shows rows at the commit and not before", showsAtCommit},
		{"may commit twice", commitsTwice},
		{"commits after a restart", commitsAfterRestart},
		{"loses what was not prepared", losesUnprepared},
		{"recovers what was prepared and never published", recovers},
		{"keeps what other tasks of the job prepared", keepsOtherTasks},
		{"prepares an empty epoch", preparesEmpty},
	} {
		t.Run(b.name, func(t *testing.T) { b.run(t, s) })
	}
}

// job is the job's name in all behaviours.
const job = "job-1"

// run is a sink at work.
type run struct {
	Sink
	t      testing.TB
	sink   connector.Sink
	commit connector.Committer
}

func start(t testing.TB, s Sink, sink connector.Sink) *run {
	t.Helper()
	commit, err := sink.Committer(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := commit.Close(); err != nil {
			t.Error(err)
		}
	})
	return &run{Sink: s, t: t, sink: sink, commit: commit}
}

func (r *run) writer(task int, restored ...[]byte) connector.Writer {
	r.t.Helper()
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	r.t.Cleanup(func() { alloc.AssertSize(r.t, 0) })
	w, err := r.sink.Writer(context.Background(), connector.WriterEnv{Alloc: alloc, Job: job, Task: task, Tasks: 2}, restored)
	if err != nil {
		r.t.Fatal(err)
	}
	return w
}

// write writes the n-th batch and gives its rows.
func (r *run) write(w connector.Writer, n int) []string {
	r.t.Helper()
	batch := r.Batch(r.t, n)
	defer batch.Release()
	if err := w.Write(context.Background(), batch); err != nil {
		r.t.Fatal(err)
	}
	return stream.FormatRows(batch)
}

func (r *run) prepare(w connector.Writer, epoch uint64) connector.Prepared {
	r.t.Helper()
	p, err := w.Prepare(context.Background(), epoch, false)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *run) publish(epoch uint64, p ...connector.Prepared) {
	r.t.Helper()
	var all [][]byte
	for _, one := range p {
		all = append(all, one.Committables...)
	}
	if err := r.commit.Commit(context.Background(), epoch, all); err != nil {
		r.t.Fatal(err)
	}
}

func (r *run) recover() {
	r.t.Helper()
	if err := r.commit.Recover(context.Background(), job); err != nil {
		r.t.Fatal(err)
	}
}

func (r *run) close(w connector.Writer) {
	r.t.Helper()
	if err := w.Close(); err != nil {
		r.t.Error(err)
	}
}

// expect compares what the outside shows.
func (r *run) expect(what string, want ...[]string) {
	r.t.Helper()
	var all []string
	for _, w := range want {
		all = append(all, w...)
	}
	if got := Sorted(r.Visible(r.t)); got != Sorted(all) {
		r.t.Errorf("%s: the outside shows %s, want %s", what, got, Sorted(all))
	}
}

func showsAtCommit(t *testing.T, s Sink) {
	r := start(t, s, s.Make(t)())
	w := r.writer(0)
	defer r.close(w)
	first := r.write(w, 1)
	r.expect("written")
	p := r.prepare(w, 1)
	r.expect("prepared")
	second := r.write(w, 2)
	r.publish(1, p)
	r.expect("committed", first)
	r.publish(2, r.prepare(w, 2))
	r.expect("committed again", first, second)
}

func commitsTwice(t *testing.T, s Sink) {
	r := start(t, s, s.Make(t)())
	w := r.writer(0)
	defer r.close(w)
	rows := r.write(w, 1)
	p := r.prepare(w, 1)
	r.publish(1, p)
	r.publish(1, p)
	r.expect("committed twice", rows)
}

func commitsAfterRestart(t *testing.T, s Sink) {
	again := s.Make(t)
	r := start(t, s, again())
	w := r.writer(0)
	first := r.write(w, 1)
	p := r.prepare(w, 1)
	r.write(w, 2) // lost with the process
	r.close(w)
	r = start(t, s, again())
	r.publish(1, p)
	r.recover()
	w = r.writer(0, p.State)
	defer r.close(w)
	third := r.write(w, 3)
	r.publish(2, r.prepare(w, 2))
	r.expect("after the restart", first, third)
}

func losesUnprepared(t *testing.T, s Sink) {
	r := start(t, s, s.Make(t)())
	w := r.writer(0)
	r.write(w, 1)
	r.close(w)
	r.expect("closed")
}

func recovers(t *testing.T, s Sink) {
	again := s.Make(t)
	r := start(t, s, again())
	w := r.writer(0)
	first := r.write(w, 1)
	p := r.prepare(w, 1)
	r.publish(1, p)
	r.write(w, 2)
	r.prepare(w, 2) // never published
	r.write(w, 3)
	// The process dies: the writer is closed when all is over, to free its memory.
	t.Cleanup(func() { _ = w.Close() })
	r = start(t, s, again())
	r.publish(1, p)
	r.recover()
	r.expect("recovered", first)
	after := r.writer(0, p.State)
	defer r.close(after)
	second := r.write(after, 2)
	r.publish(2, r.prepare(after, 2))
	r.expect("going on", first, second)
}

func keepsOtherTasks(t *testing.T, s Sink) {
	r := start(t, s, s.Make(t)())
	one, other := r.writer(0), r.writer(1)
	defer r.close(other)
	first, second := r.write(one, 1), r.write(other, 2)
	p, q := r.prepare(one, 1), r.prepare(other, 1)
	r.close(one)
	r.publish(1, p, q)
	r.expect("both tasks", first, second)
}

func preparesEmpty(t *testing.T, s Sink) {
	r := start(t, s, s.Make(t)())
	w := r.writer(0)
	defer r.close(w)
	r.publish(1, r.prepare(w, 1))
	rows := r.write(w, 1)
	r.publish(2, r.prepare(w, 2))
	r.publish(3, r.prepare(w, 3))
	r.expect("three epochs", rows)
}
