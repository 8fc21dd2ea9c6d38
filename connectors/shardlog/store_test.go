package shardlog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/internal/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manualClock is a clock that tests move.
type manualClock struct{ millis atomic.Int64 }

func newClock() *manualClock {
	c := &manualClock{}
	c.millis.Store(1_700_000_000_000)
	return c
}

func (c *manualClock) now() time.Time          { return time.UnixMilli(c.millis.Load()) }
func (c *manualClock) advance(d time.Duration) { c.millis.Add(d.Milliseconds()) }

// world is a store under test.
type world struct {
	t       testing.TB
	fs      vfs.FS
	clock   *manualClock
	options Options
	store   *Store
}

func newWorld(t testing.TB, fs vfs.FS) *world {
	t.Helper()
	w := &world{t: t, fs: fs, clock: newClock()}
	w.options = Options{FS: fs, Now: w.clock.now, TrimEvery: -1}
	w.open()
	t.Cleanup(func() { w.store.Close() })
	return w
}

func (w *world) open() {
	w.t.Helper()
	s, err := Open("log", w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = s
}

func (w *world) reopen() {
	w.t.Helper()
	if err := w.store.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.open()
}

func (w *world) create(name string, shards int) {
	w.t.Helper()
	if err := w.store.CreateStream(name, shards, MinRetention); err != nil {
		w.t.Fatal(err)
	}
}

// put appends records whose key and data are the given texts.
func (w *world) put(stream string, texts ...string) []Result {
	w.t.Helper()
	results, err := w.store.Append(stream, textRecords(texts))
	if err != nil {
		w.t.Fatal(err)
	}
	return results
}

func textRecords(texts []string) []Record {
	records := make([]Record, len(texts))
	for i, text := range texts {
		records[i] = Record{PartitionKey: text, Data: []byte(text)}
	}
	return records
}

func numbered(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf("record-%06d", i))
	}
	return out
}

// read reads a shard to its present end.
func (w *world) read(stream string, shard uint32, at Position) []string {
	w.t.Helper()
	it, err := w.store.Iterator(stream, shardID(shard), at)
	if err != nil {
		w.t.Fatal(err)
	}
	defer it.Close()
	texts, err := readAll(it)
	if err != nil {
		w.t.Fatal(err)
	}
	return texts
}

// readAll reads to the present end and checks what always holds.
func readAll(it *Iterator) ([]string, error) {
	var texts []string
	var last Entry
	for it.Ready() {
		entries, err := it.Next(context.Background(), nil)
		if err != nil {
			return texts, err
		}
		for _, e := range entries {
			if string(e.PartitionKey) != string(e.Data) {
				return nil, fmt.Errorf("key %q with data %q", e.PartitionKey, e.Data)
			}
			if last.Sequence.Index > 0 && (e.Sequence.Compare(last.Sequence) <= 0 || e.ArrivalMillis < last.ArrivalMillis) {
				return nil, fmt.Errorf("%+v comes after %+v", e, last)
			}
			last = e
			texts = append(texts, string(e.Data))
		}
	}
	return texts, nil
}

func same(t testing.TB, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d: %.200q", len(got), len(want), got)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("record %d is %q, want %q", i, got[i], want[i])
		}
	}
}

func TestRecordsComeBackInOrder(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("orders", 1)
	w.put("orders", numbered(0, 10)...)
	w.put("orders", numbered(10, 5000)...)
	same(t, w.read("orders", 0, TrimHorizon()), numbered(0, 5000))
	w.reopen()
	same(t, w.read("orders", 0, TrimHorizon()), numbered(0, 5000))
	w.put("orders", numbered(5000, 5010)...)
	same(t, w.read("orders", 0, TrimHorizon()), numbered(0, 5010))
}

func TestEmptyAndLargeRecords(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	want := []string{"", "x", strings.Repeat("y", 1000), ""}
	w.put("s", want...)
	large := strings.Repeat("z", maxRecordBytes)
	if _, err := w.store.Append("s", []Record{{Data: []byte(large)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Append("s", []Record{{PartitionKey: "k", Data: []byte(large)}}); errs.ClassOf(err) != errs.User {
		t.Errorf("too large: %v", err)
	}
	w.reopen()
	it, _ := w.store.Iterator("s", shardID(0), TrimHorizon())
	defer it.Close()
	var got []string
	for it.Ready() {
		entries, err := it.Next(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, string(e.Data))
		}
	}
	same(t, got, append(want, large))
}

func TestIteratorPositions(t *testing.T) {
	for _, reopened := range []bool{false, true} {
		t.Run(fmt.Sprintf("reopened %v", reopened), func(t *testing.T) {
			w := newWorld(t, vfs.NewMem())
			w.options.SegmentBytes = 4000
			w.reopen()
			w.create("s", 1)
			start := w.clock.now()
			var results []Result
			for i := range 1000 {
				results = append(results, w.put("s", numbered(i, i+1)...)...)
				w.clock.advance(time.Second)
			}
			if reopened {
				w.reopen()
			}
			all := numbered(0, 1000)
			for _, i := range []int{0, 1, 17, 499, 500, 998, 999} {
				seq := results[i].Sequence
				same(t, w.read("s", 0, AtSequence(seq)), all[i:])
				same(t, w.read("s", 0, AfterSequence(seq)), all[i+1:])
				at := start.Add(time.Duration(i) * time.Second)
				same(t, w.read("s", 0, AtTime(at)), all[i:])
				same(t, w.read("s", 0, AtTime(at.Add(-time.Millisecond))), all[i:])
				same(t, w.read("s", 0, AtTime(at.Add(time.Millisecond))), all[i+1:])
			}
			same(t, w.read("s", 0, Latest()), nil)
			same(t, w.read("s", 0, AtTime(start.Add(-time.Hour))), all)
			d, err := mustStream(t, w, "s").Describe()
			if err != nil {
				t.Fatal(err)
			}
			same(t, w.read("s", 0, AtSequence(d.Shards[0].Starting)), all)
			same(t, w.read("s", 0, AfterSequence(d.Shards[0].Starting)), all)
			for _, bad := range []Sequence{
				{Created: d.Shards[0].Starting.Created + 1, Index: 5}, {Created: d.Shards[0].Starting.Created, Index: 5, Shard: 1},
				{Created: d.Shards[0].Starting.Created, Index: 1002},
			} {
				if _, err := w.store.Iterator("s", shardID(0), AtSequence(bad)); err == nil || errs.ClassOf(err) != errs.User {
					t.Errorf("%+v: %v", bad, err)
				}
			}
		})
	}
}

func mustStream(t testing.TB, w *world, name string) *Stream {
	t.Helper()
	st, err := w.store.Stream(name)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestKeysChooseShards(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 7)
	texts := numbered(0, 500)
	results := w.put("s", texts...)
	d, err := mustStream(t, w, "s").Describe()
	if err != nil {
		t.Fatal(err)
	}
	want := map[ShardID][]string{}
	for i, text := range texts {
		k := hashOf(text)
		for _, s := range d.Shards {
			if !k.Less(s.FirstHash) && !s.LastHash.Less(k) {
				want[s.ID] = append(want[s.ID], text)
				if results[i].ShardID != s.ID {
					t.Errorf("%s went to %s, belongs to %s", text, results[i].ShardID, s.ID)
				}
			}
		}
	}
	for i, s := range d.Shards {
		same(t, w.read("s", uint32(i), TrimHorizon()), want[s.ID])
		if len(want[s.ID]) == 0 {
			t.Errorf("%s has no record", s.ID)
		}
	}
	for i, s := range d.Shards {
		r, err := w.store.Append("s", []Record{
			{PartitionKey: "same", ExplicitHashKey: s.FirstHash.String()}, {PartitionKey: "same", ExplicitHashKey: s.LastHash.String()},
		})
		if err != nil || r[0].ShardID != s.ID || r[1].ShardID != s.ID {
			t.Errorf("shard %d: %v, %v", i, r, err)
		}
	}
	if r, err := w.store.Append("s", []Record{{}, {ExplicitHashKey: "-1"}}); r != nil || errs.ClassOf(err) != errs.User {
		t.Errorf("bad hash key: %v, %v", r, err)
	}
}

func TestDeclaringStreams(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("clicks", 2)
	for _, bad := range []func() error{
		func() error { return w.store.CreateStream("clicks", 1, MinRetention) },
		func() error { return w.store.CreateStream("../x", 1, MinRetention) },
		func() error { return w.store.CreateStream("x", 0, MinRetention) },
		func() error { return w.store.CreateStream("x", 1, time.Hour) },
		func() error { _, err := w.store.Stream("click"); return err },
		func() error { return w.store.DeleteStream("x") },
		func() error { _, err := w.store.Iterator("clicks", "shardId-9", Latest()); return err },
	} {
		if err := bad(); err == nil || errs.ClassOf(err) != errs.User {
			t.Errorf("got %v", err)
		}
	}
	if _, err := w.store.Stream("click"); !strings.Contains(err.Error(), "did you mean clicks") {
		t.Errorf("got %v", err)
	}
	if err := mustStream(t, w, "clicks").SetRetention(48 * time.Hour); err != nil {
		t.Fatal(err)
	}
	w.put("clicks", numbered(0, 10)...)
	w.reopen()
	if d, err := mustStream(t, w, "clicks").Describe(); err != nil || d.Retention != 48*time.Hour || len(d.Shards) != 2 {
		t.Errorf("%+v, %v", d, err)
	}
	it, err := w.store.Iterator("clicks", shardID(0), Latest())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.DeleteStream("clicks"); err != nil {
		t.Fatal(err)
	}
	if _, err := it.Next(context.Background(), nil); err == nil || errs.ClassOf(err) != errs.User {
		t.Errorf("reading a deleted stream: %v", err)
	}
	w.reopen()
	if got := w.store.Streams(); len(got) != 0 {
		t.Errorf("streams %v", got)
	}
	w.create("clicks", 1)
	same(t, w.read("clicks", 0, TrimHorizon()), nil)
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := Open(dir, Options{}); err == nil || errs.ClassOf(err) != errs.Resource || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
}

func TestReadersWait(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	it, err := w.store.Iterator("s", shardID(0), Latest())
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	wake := make(chan struct{}, 1)
	wake <- struct{}{}
	if entries, err := it.Next(context.Background(), wake); err != nil || len(entries) != 0 {
		t.Errorf("woken: %v, %v", entries, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := it.Next(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	got := make(chan string)
	go func() {
		entries, err := it.Next(context.Background(), nil)
		if err != nil || len(entries) != 1 {
			got <- fmt.Sprintf("%v, %v", entries, err)
			return
		}
		got <- string(entries[0].Data)
	}()
	w.put("s", "hello")
	if g := <-got; g != "hello" {
		t.Errorf("got %s", g)
	}
	done := make(chan error)
	go func() {
		_, err := it.Next(context.Background(), nil)
		done <- err
	}()
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || errs.ClassOf(err) != errs.Resource {
		t.Errorf("closed: %v", err)
	}
	if _, err := w.store.Append("s", textRecords([]string{"x"})); err == nil {
		t.Error("a closed store takes records")
	}
}

func TestRetentionRemovesWholeSegments(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.options.SegmentBytes = 2000
	w.reopen()
	w.create("s", 1)
	var results []Result
	for i := range 48 {
		results = append(results, w.put("s", numbered(i*20, i*20+20)...)...)
		w.clock.advance(time.Hour)
	}
	it, err := w.store.Iterator("s", shardID(0), TrimHorizon())
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	if _, err := it.Next(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	trimmed, err := w.store.Trim()
	if err != nil || trimmed.Segments == 0 {
		t.Fatalf("%+v, %v", trimmed, err)
	}
	left := w.read("s", 0, TrimHorizon())
	same(t, left, numbered(int(trimmed.Records), 48*20))
	if len(left) < 24*20 || len(left) > 28*20 {
		t.Errorf("%d records are left of 24 hours with 20 each", len(left))
	}
	// An old position goes on at the horizon, also of a reader that is under way.
	same(t, w.read("s", 0, AtSequence(results[5].Sequence)), left)
	rest, err := readAll(it)
	if err != nil || it.Trimmed() == 0 {
		t.Fatalf("%d trimmed, %v", it.Trimmed(), err)
	}
	same(t, rest[len(rest)-len(left):], left)
	w.reopen()
	same(t, w.read("s", 0, TrimHorizon()), left)
	// Even when all records are gone, numbers go on.
	w.clock.advance(48 * time.Hour)
	for range 2 {
		if _, err := w.store.Trim(); err != nil {
			t.Fatal(err)
		}
		same(t, w.read("s", 0, TrimHorizon()), nil)
		w.reopen()
	}
	next := w.put("s", "again")[0].Sequence
	if next.Index != results[len(results)-1].Sequence.Index+1 {
		t.Errorf("numbers go on at %d after %d", next.Index, results[len(results)-1].Sequence.Index)
	}
	same(t, w.read("s", 0, TrimHorizon()), []string{"again"})
	if d, _ := mustStream(t, w, "s").Describe(); d.Shards[0].Bytes > 500 {
		t.Errorf("%d bytes are left", d.Shards[0].Bytes)
	}
}
