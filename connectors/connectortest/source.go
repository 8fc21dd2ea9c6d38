// Package connectortest is the contract suite that every connector passes: tables
// of named behaviours, run against a connector's sources and sinks.
package connectortest

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Source is a bounded source under test.
type Source struct {
	// Make gives a new source over the same data, as after a restart.
	Make func(t testing.TB) connector.Source
	// Schema is the table's schema.
	Schema types.Schema
	// Rows is how many rows all splits hold together, at least 3.
	Rows int
	// Pruned is a projection to push down; nil for sources that take none.
	Pruned types.Schema
	// Parallelism is what Discover is told; 0 means 1.
	Parallelism int
}

// RunSource runs the behaviours of sources.
func RunSource(t *testing.T, s Source) {
	for _, b := range []struct {
		name string
		run  func(t *testing.T, s Source)
	}{
		{"reads every row once and ends", readsAll},
		{"keeps to the batch size", keepsBatchSize},
		{"resumes from each position", resumes},
		{"stays at the end", staysAtTheEnd},
		{"finds no split twice", findsNoSplitTwice},
		{"obeys a cancelled context", obeysCancel},
		{"gives the pruned columns", prunes},
		{"closes unread", closesUnread},
	} {
		t.Run(b.name, func(t *testing.T) { b.run(t, s) })
	}
}

func (s Source) discover(t testing.TB, src connector.Source) []connector.Split {
	t.Helper()
	splits, err := src.Discover(context.Background(), nil, max(1, s.Parallelism))
	if err != nil {
		t.Fatal(err)
	}
	return splits
}

// env gives a reader's environment whose memory must be free at the test's end.
func env(t testing.TB, batchRows int) connector.ReaderEnv {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	t.Cleanup(func() { alloc.AssertSize(t, 0) })
	return connector.ReaderEnv{Alloc: alloc, BatchRows: batchRows, Bad: connector.NewBadCounter(connector.BadFail, nil)}
}

// step is one batch as text and the position after it.
type step struct {
	rows     []string
	position []byte
}

// read reads a split from a position to its end.
func read(t testing.TB, src connector.Source, split connector.Split, position []byte, e connector.ReaderEnv) []step {
	t.Helper()
	r, err := src.Open(context.Background(), split, position, e)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	steps := []step{{position: r.Position()}}
	for idle := 0; ; {
		batch, err := r.Next(context.Background(), nil)
		if err != nil && !errors.Is(err, connector.ErrEndOfSplit) {
			t.Fatal(err)
		}
		if batch.Rows() > e.BatchRows {
			t.Fatalf("a batch of %d rows, more than %d", batch.Rows(), e.BatchRows)
		}
		if batch.Rows() > 0 {
			steps = append(steps, step{rows: stream.FormatRows(batch), position: r.Position()})
			idle = 0
		} else if idle++; idle > 1_000_000 {
			t.Fatal("the reader gives nothing and does not end")
		}
		batch.Release()
		if err != nil {
			return steps
		}
	}
}

func rowsOf(steps []step) []string {
	var rows []string
	for _, s := range steps {
		rows = append(rows, s.rows...)
	}
	return rows
}

// all reads every split.
func (s Source) all(t testing.TB, src connector.Source, batchRows int) []string {
	t.Helper()
	var rows []string
	for _, split := range s.discover(t, src) {
		rows = append(rows, rowsOf(read(t, src, split, nil, env(t, batchRows)))...)
	}
	return rows
}

func readsAll(t *testing.T, s Source) {
	src := s.Make(t)
	if !src.Bounded() {
		t.Fatal("the suite wants a bounded source")
	}
	if rows := s.all(t, src, 1024); len(rows) != s.Rows {
		t.Errorf("%d rows, want %d", len(rows), s.Rows)
	}
}

func keepsBatchSize(t *testing.T, s Source) {
	want := s.all(t, s.Make(t), 1024)
	for _, n := range []int{1, 2, 3, 7} {
		if got := s.all(t, s.Make(t), n); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("with batches of %d rows the rows differ", n)
		}
	}
}

// resumePointsMax bounds the positions tried per split.
const resumePointsMax = 64

func resumes(t *testing.T, s Source) {
	for _, n := range []int{1, 3} {
		src := s.Make(t)
		for _, split := range s.discover(t, src) {
			steps := read(t, src, split, nil, env(t, n))
			want := rowsOf(steps)
			stride := max(1, len(steps)/resumePointsMax)
			before := 0
			for i, st := range steps {
				before += len(st.rows)
				if i%stride != 0 && i != len(steps)-1 {
					continue
				}
				got := rowsOf(read(t, s.Make(t), split, st.position, env(t, 5)))
				if strings.Join(got, "\n") != strings.Join(want[before:], "\n") {
					t.Fatalf("split %s resumed after row %d: %d rows, want %d\n%v\n%v", split.ID, before, len(got), len(want)-before, head(got), head(want[before:]))
				}
			}
		}
	}
}

func head(rows []string) []string { return rows[:min(3, len(rows))] }

func staysAtTheEnd(t *testing.T, s Source) {
	src := s.Make(t)
	for _, split := range s.discover(t, src) {
		e := env(t, 100)
		steps := read(t, src, split, nil, e)
		r, err := src.Open(context.Background(), split, steps[len(steps)-1].position, e)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			batch, err := r.Next(context.Background(), nil)
			if !errors.Is(err, connector.ErrEndOfSplit) || batch.Rows() != 0 {
				t.Errorf("split %s: at its end %d rows, %v", split.ID, batch.Rows(), err)
			}
			batch.Release()
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func findsNoSplitTwice(t *testing.T, s Source) {
	src := s.Make(t)
	var known []connector.SplitID
	seen := map[connector.SplitID]bool{}
	for _, split := range s.discover(t, src) {
		if seen[split.ID] {
			t.Errorf("two splits are named %s", split.ID)
		}
		seen[split.ID] = true
		known = append(known, split.ID)
	}
	for _, again := range []connector.Source{src, s.Make(t)} {
		if more, err := again.Discover(context.Background(), known, max(1, s.Parallelism)); err != nil || len(more) > 0 {
			t.Errorf("found again: %d splits, %v", len(more), err)
		}
	}
}

func obeysCancel(t *testing.T, s Source) {
	src := s.Make(t)
	ctx, cancel := context.WithCancel(context.Background())
	r, err := src.Open(context.Background(), s.discover(t, src)[0], nil, env(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	batch, err := r.Next(ctx, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%d rows, %v", batch.Rows(), err)
	}
	batch.Release()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func closesUnread(t *testing.T, s Source) {
	src := s.Make(t)
	for _, split := range s.discover(t, src) {
		r, err := src.Open(context.Background(), split, nil, env(t, 10))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Sorted gives rows in order, for comparisons of bags.
func Sorted(rows []string) string {
	rows = append([]string(nil), rows...)
	sort.Strings(rows)
	return fmt.Sprint(rows)
}
