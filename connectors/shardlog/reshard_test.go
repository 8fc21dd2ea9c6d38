package shardlog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// shape shows a stream's shards: number, parents, and * for open ones.
func shape(t testing.TB, st *Stream) string {
	t.Helper()
	d, err := st.Describe()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range d.Shards {
		text := strings.TrimLeft(strings.TrimPrefix(string(s.ID), shardPrefix), "0")
		if text == "" {
			text = "0"
		}
		for _, p := range s.Parents {
			text += "<" + fmt.Sprint(strings.TrimLeft(strings.TrimPrefix(string(p), shardPrefix)+" ", "0"))
		}
		if s.Ending.IsZero() {
			text += "*"
		}
		out = append(out, strings.ReplaceAll(text, " ", ""))
	}
	return strings.Join(out, " ")
}

// checkCover fails unless the open shards cover all hash keys once, and children's
// numbers are greater than their parents'.
func checkCover(t testing.TB, st *Stream) {
	t.Helper()
	d, err := st.Describe()
	if err != nil {
		t.Fatal(err)
	}
	var open []ShardDescription
	ending := map[ShardID]Sequence{}
	for _, s := range d.Shards {
		if s.Ending.IsZero() {
			open = append(open, s)
		}
		ending[s.ID] = s.Ending
		for _, p := range s.Parents {
			if end, ok := ending[p]; ok && s.Starting.Compare(end) <= 0 {
				t.Errorf("%s starts at %s, not behind the end %s of its parent %s", s.ID, s.Starting, end, p)
			}
		}
	}
	slices.SortFunc(open, func(a, b ShardDescription) int {
		if a.FirstHash.Less(b.FirstHash) {
			return -1
		}
		return 1
	})
	if open[0].FirstHash != (HashKey{}) || open[len(open)-1].LastHash != maxHashKey() {
		t.Errorf("the open shards do not reach from the first to the last hash key: %s", shape(t, st))
	}
	for i := 1; i < len(open); i++ {
		if open[i].FirstHash.previous() != open[i-1].LastHash {
			t.Errorf("a hole between %s and %s", open[i-1].ID, open[i].ID)
		}
	}
}

func TestSplitAndMerge(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	if err := w.store.CreateStream("s", 1, MinRetention); err != nil {
		t.Fatal(err)
	}
	st := mustStream(t, w, "s")
	steps := []struct {
		do   func() error
		want string
	}{
		{func() error { return st.Split(shardID(0), HashKey{1 << 63, 0}) }, "0 1<* 2<*"},
		{func() error { return st.Split(shardID(2), HashKey{3 << 62, 0}) }, "0 1<* 2< 3<2* 4<2*"},
		{func() error { return st.Merge(shardID(3), shardID(1)) }, "0 1< 2< 3<2 4<2* 5<3<1*"},
		{func() error { return st.Merge(shardID(5), shardID(4)) }, "0 1< 2< 3<2 4<2 5<3<1 6<5<4*"},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := shape(t, st); got != step.want {
			t.Errorf("got %s, want %s", got, step.want)
		}
		checkCover(t, st)
	}
	w.reopen()
	if got, want := shape(t, mustStream(t, w, "s")), steps[len(steps)-1].want; got != want {
		t.Errorf("after a restart: %s, want %s", got, want)
	}
}

// TestScaleMakesTheGenerationsThatAWSMakes has totals of open and closed shards as
// they were recorded from AWS.
func TestScaleMakesTheGenerationsThatAWSMakes(t *testing.T) {
	for _, c := range []struct{ from, to, total int }{{2, 4, 6}, {4, 5, 15}, {10, 13, 37}, {4, 2, 6}, {5, 3, 7}, {10, 3, 17}, {3, 3, 3}, {1, 7, 16}} {
		w := newWorld(t, vfs.NewMem())
		if err := w.store.CreateStream("s", c.from, MinRetention); err != nil {
			t.Fatal(err)
		}
		st := mustStream(t, w, "s")
		if err := st.Scale(c.to); err != nil {
			t.Fatal(err)
		}
		d, err := st.Describe()
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Shards) != c.total || len(st.table.Load().open) != c.to {
			t.Errorf("%d to %d: %d shards, %d of them open; want %d", c.from, c.to, len(d.Shards), len(st.table.Load().open), c.total)
		}
		checkCover(t, st)
	}
}

func TestReshardingRefusals(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	if err := w.store.CreateStream("s", 3, MinRetention); err != nil {
		t.Fatal(err)
	}
	st := mustStream(t, w, "s")
	if err := st.Split(shardID(0), HashKey{1, 0}); err != nil {
		t.Fatal(err)
	}
	for want, do := range map[string]func() error{
		"already merged or split": func() error { return st.Split(shardID(0), HashKey{2, 0}) },
		"don't touch":             func() error { return st.Merge(shardID(3), shardID(2)) },
		"can't be split at":       func() error { return st.Split(shardID(2), HashKey{1, 0}) },
		"there is no shard":       func() error { return st.Merge(shardID(1), shardID(99)) },
		"can't have 0 shards":     func() error { return st.Scale(0) },
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if got, want := shape(t, st), "0 1* 2* 3<* 4<*"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// readLineage reads all shards, parents before children, and gives the data.
func readLineage(st *Stream) ([]string, error) {
	var out []string
	for _, id := range st.ShardIDs() {
		it, err := st.Iterator(id, TrimHorizon())
		if err != nil {
			return nil, err
		}
		for it.Ready() {
			entries, err := it.Next(context.Background(), nil)
			if err == ErrShardEnd {
				break
			}
			if err != nil {
				return nil, err
			}
			for _, e := range entries {
				out = append(out, string(e.PartitionKey)+"="+string(e.Data))
			}
		}
		it.Close()
	}
	return out, nil
}

// TestAppendsGoOnWhileResharding appends from several goroutines, each with keys of
// its own, while shards are split and merged. Every record is there once, and each
// key's in order, parents read before children.
func TestAppendsGoOnWhileResharding(t *testing.T) {
	const writers, batches = 4, 60
	w := newWorld(t, vfs.NewMem())
	if err := w.store.CreateStream("s", 2, MinRetention); err != nil {
		t.Fatal(err)
	}
	st := mustStream(t, w, "s")
	var wg sync.WaitGroup
	for writer := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := range batches {
				var records []Record
				for key := range 3 {
					records = append(records, Record{PartitionKey: fmt.Sprintf("%d-%d", writer, key), Data: fmt.Appendf(nil, "%05d", n)})
				}
				if _, err := st.Append(records); err != nil {
					t.Errorf("append: %v", err)
					return
				}
			}
		}()
	}
	for _, target := range []int{5, 3, 8, 2, 4} {
		if err := st.Scale(target); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	checkCover(t, st)
	checkLineage(t, st, writers*3, batches)
}

// checkLineage is checkKeys of all that a stream's shards hold.
func checkLineage(t testing.TB, st *Stream, keys, each int) {
	t.Helper()
	got, err := readLineage(st)
	if err != nil {
		t.Fatal(err)
	}
	checkKeys(t, got, keys, each)
}

// checkKeys fails unless each key has the numbers 0, 1, 2, … once and in order.
func checkKeys(t testing.TB, got []string, keys, each int) {
	t.Helper()
	next := map[string]int{}
	for _, g := range got {
		key, data, _ := strings.Cut(g, "=")
		if want := fmt.Sprintf("%05d", next[key]); data != want {
			t.Fatalf("key %s: got %s, want %s", key, data, want)
		}
		next[key]++
	}
	if len(next) != keys {
		t.Errorf("%d keys, want %d", len(next), keys)
	}
	for key, n := range next {
		if n != each {
			t.Errorf("key %s has %d records, want %d", key, n, each)
		}
	}
}

// TestReshardingIsAtomic cuts the power at the k-th write of a split, with nothing
// of the unsynced data kept: afterwards the stream has its old shards or its new
// ones, takes records, and has lost none.
func TestReshardingIsAtomic(t *testing.T) {
	for k := int64(0); ; k++ {
		mem := vfs.NewCrashableMem()
		options := Options{FS: mem, Now: newClock().now, TrimEvery: -1}
		s, err := Open("log", options)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CreateStream("s", 2, MinRetention); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append("s", []Record{{PartitionKey: "a", Data: []byte("00000")}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		fs, count := cutAfter(mem, k)
		cut := options
		cut.FS = fs
		if s, err := Open("log", cut); err == nil {
			st, _ := s.Stream("s")
			_ = st.Scale(3) // it fails where the power is cut
			_ = s.Close()
		}
		options.FS = mem.CrashClone(vfs.CrashCloneCfg{})
		after, err := Open("log", options)
		if err != nil {
			t.Fatalf("cut at %d: %v", k, err)
		}
		st, err := after.Stream("s")
		if err != nil {
			t.Fatalf("cut at %d: %v", k, err)
		}
		if n := len(st.ShardIDs()); n != 2 && n != 7 {
			t.Errorf("cut at %d: %d shards", k, n)
		}
		checkCover(t, st)
		if _, err := st.Append([]Record{{PartitionKey: "a", Data: []byte("00001")}}); err != nil {
			t.Fatalf("cut at %d: %v", k, err)
		}
		got, err := readLineage(st)
		if err != nil {
			t.Fatalf("cut at %d: %v", k, err)
		}
		checkKeys(t, got, 1, 2)
		after.Close()
		if count.Load() <= k {
			return
		}
	}
}

// TestTransactionsFollowTheirShards commits a transaction after two reshardings,
// and once more, as after a crash: each record is there once.
func TestTransactionsFollowTheirShards(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	if err := w.store.CreateStream("s", 2, MinRetention); err != nil {
		t.Fatal(err)
	}
	st := mustStream(t, w, "s")
	tx := st.newTransaction(ownerHash("job", "table"))
	for i := range 50 {
		if err := tx.add(&Record{PartitionKey: fmt.Sprint(i), Data: []byte("00000")}); err != nil {
			t.Fatal(err)
		}
	}
	file, err := tx.prepare(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []int{4, 1} {
		if err := st.Scale(target); err != nil {
			t.Fatal(err)
		}
	}
	path := w.fs.PathJoin(st.dir, pendingDir, file)
	if err := vfs.Copy(w.fs, path, path+".copy"); err != nil {
		t.Fatal(err)
	}
	if err := st.commitPending(file); err != nil {
		t.Fatal(err)
	}
	// The file is back, as if its removal had not been durable, and the shards
	// remember what they have.
	if err := w.fs.Rename(path+".copy", path); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	st = mustStream(t, w, "s")
	if err := st.Scale(3); err != nil {
		t.Fatal(err)
	}
	if err := st.commitPending(file); err != nil {
		t.Fatal(err)
	}
	checkLineage(t, st, 50, 1)
}

func TestClosedShardsExpire(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	if err := w.store.CreateStream("s", 1, MinRetention); err != nil {
		t.Fatal(err)
	}
	st := mustStream(t, w, "s")
	if _, err := st.Append([]Record{{PartitionKey: "a", Data: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	if err := st.Scale(2); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(MinRetention - time.Hour)
	if _, err := w.store.Trim(); err != nil {
		t.Fatal(err)
	}
	if got, want := shape(t, st), "0 1<* 2<*"; got != want {
		t.Errorf("before its time: %s, want %s", got, want)
	}
	w.clock.advance(2 * time.Hour)
	if _, err := w.store.Trim(); err != nil {
		t.Fatal(err)
	}
	if got, want := shape(t, st), "1<* 2<*"; got != want {
		t.Errorf("after its time: %s, want %s", got, want)
	}
	w.reopen()
	checkCover(t, mustStream(t, w, "s"))
}
