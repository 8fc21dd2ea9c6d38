package lookup_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/lookup"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a source of one split a line list; its rows may be changed between loads.
type shelf struct {
	schema types.Schema

	mu     sync.Mutex
	splits [][]string
	err    error
	loads  int
}

func (s *shelf) Apply(connector.Pushdown) (connector.Applied, error) { return connector.Applied{}, nil }
func (s *shelf) Bounded() bool                                       { return true }

func (s *shelf) Discover(context.Context, []connector.SplitID, int) ([]connector.Split, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	var splits []connector.Split
	for i := range s.splits {
		splits = append(splits, connector.Split{Payload: []byte{byte(i)}})
	}
	return splits, s.err
}

func (s *shelf) Open(_ context.Context, split connector.Split, _ []byte, env connector.ReaderEnv) (connector.Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &reader{schema: s.schema, lines: s.splits[split.Payload[0]], alloc: env.Alloc}, nil
}

func (s *shelf) set(err error, splits ...[]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.splits, s.err = splits, err
}

// reader gives a row at a time, the last with the end.
type reader struct {
	schema types.Schema
	lines  []string
	alloc  memory.Allocator
}

func (r *reader) Next(context.Context, <-chan struct{}) (stream.Batch, error) {
	if len(r.lines) == 0 {
		return stream.Batch{}, connector.ErrEndOfSplit
	}
	b, err := stream.ParseRows(r.alloc, r.schema, r.lines[:1])
	if r.lines = r.lines[1:]; len(r.lines) == 0 && err == nil {
		err = connector.ErrEndOfSplit
	}
	return b, err
}

func (r *reader) Position() []byte   { return nil }
func (r *reader) Lag() connector.Lag { return connector.Lag{} }
func (r *reader) Close() error       { return nil }

// ask gives the rows for keys as text, with the number of their key.
func ask(t *testing.T, f connector.Lookup, alloc memory.Allocator, keys ...string) (string, error) {
	t.Helper()
	schema, err := stream.ParseSchema("k BIGINT")
	if err != nil {
		t.Fatal(err)
	}
	b, err := stream.ParseRows(alloc, schema, keys)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Release()
	rows, of, err := f.Rows(context.Background(), []arrow.Array{b.Column(0)}, len(keys))
	if err != nil {
		return "", err
	}
	defer rows.Release()
	var lines []string
	for i, line := range stream.FormatRows(rows) {
		lines = append(lines, string(rune('0'+of[i]))+": "+strings.TrimPrefix(line, "+I "))
	}
	return strings.Join(lines, ", "), nil
}

func open(t *testing.T, s *shelf, every time.Duration, alloc memory.Allocator) connector.Lookup {
	t.Helper()
	var err error
	if s.schema, err = stream.ParseSchema("v STRING, k BIGINT"); err != nil {
		t.Fatal(err)
	}
	f, err := lookup.Open(context.Background(), lookup.Config{
		Source: s, Every: every, Request: connector.LookupRequest{Schema: s.schema, Keys: []int{1}, Alloc: alloc, BatchRows: 10},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRowsOfKeysInOrder(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	s := &shelf{splits: [][]string{{"+I v=a k=1", "+I v=b k=2"}, {}, {"+I v=c k=1", "+I v=d k=NULL"}}}
	f := open(t, s, 0, alloc)
	got, err := ask(t, f, alloc, "+I k=2", "+I k=1", "+I k=NULL", "+I k=9", "+I k=1")
	if want := "0: v=b k=2, 1: v=a k=1, 1: v=c k=1, 4: v=a k=1, 4: v=c k=1"; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	empty := open(t, &shelf{}, 0, alloc)
	if got, err := ask(t, empty, alloc, "+I k=1"); err != nil || got != "" {
		t.Errorf("an empty table has %q, %v", got, err)
	}
	if err := empty.Close(); err != nil {
		t.Error(err)
	}
}

func TestReloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer alloc.AssertSize(t, 0)
		down := errors.New("the file is gone")
		s := &shelf{splits: [][]string{{"+I v=old k=1"}}}
		f := open(t, s, time.Minute, alloc)
		var got []string
		note := func() {
			text, err := ask(t, f, alloc, "+I k=1")
			if err != nil {
				text = err.Error()
			}
			got = append(got, text)
		}
		for _, step := range []struct {
			err  error
			line string
		}{{nil, "+I v=new k=1"}, {down, ""}, {nil, "+I v=newer k=1"}} {
			s.set(step.err, []string{step.line})
			note()
			<-time.After(61 * time.Second) // of the bubble's clock
			synctest.Wait()
			note()
		}
		want := []string{"0: v=old k=1", "0: v=new k=1", "0: v=new k=1", down.Error(), down.Error(), "0: v=newer k=1"}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestTableThatDoesNotFitIsRefused(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	s := &shelf{}
	var err error
	if s.schema, err = stream.ParseSchema("v STRING, k BIGINT"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.splits = append(s.splits, slices.Repeat([]string{"+I v=" + strings.Repeat("x", 1<<18) + " k=1"}, 2))
	}
	cfg := lookup.Config{Source: s, Request: connector.LookupRequest{Schema: s.schema, Keys: []int{1}, Alloc: alloc, BatchRows: 10, MemoryBytes: 1 << 20}}
	if _, err := lookup.Open(context.Background(), cfg); errs.ClassOf(err) != errs.Resource || !strings.Contains(err.Error(), "does not fit into 1 MiB") {
		t.Errorf("six rows of 256 KiB: %v", err)
	}
	cfg.Request.MemoryBytes = 2 << 20
	f, err := lookup.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
