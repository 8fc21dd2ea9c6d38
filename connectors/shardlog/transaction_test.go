package shardlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
)

// bigTransaction prepares a transaction of several blocks per shard and gives its
// file's name.
func bigTransaction(st *Stream, records int) (string, error) {
	t := st.newTransaction(ownerHash("job", "table"))
	for i := range records {
		data := bytes.Repeat([]byte{byte('a' + i%26)}, 60_000)
		if err := t.add(&Record{PartitionKey: fmt.Sprint(i), Data: data}); err != nil {
			return "", errors.Join(err, t.discard())
		}
	}
	return t.prepare(1)
}

// countRecords counts each shard's records.
func countRecords(s *Store, shards int) ([]int, error) {
	counts := make([]int, shards)
	for shard := range shards {
		it, err := s.Iterator("s", shardID(uint32(shard)), TrimHorizon())
		if err != nil {
			return nil, err
		}
		for it.Ready() {
			entries, err := it.Next(context.Background(), nil)
			if err != nil {
				return nil, err
			}
			counts[shard] += len(entries)
		}
		it.Close()
	}
	return counts, nil
}

// TestTransactionsAreAtomicInAShard cuts the power at the k-th write of the commit
// of a transaction of several blocks: each shard shows all of it or nothing, and
// when the commit is repeated, all of it once.
func TestTransactionsAreAtomicInAShard(t *testing.T) {
	const records, shards = 30, 2
	for k := int64(0); ; k++ {
		mem := vfs.NewCrashableMem()
		clock := newClock()
		options := Options{FS: mem, Now: clock.now, TrimEvery: -1}
		s, err := Open("log", options)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CreateStream("s", shards, MinRetention); err != nil {
			t.Fatal(err)
		}
		st, _ := s.Stream("s")
		file, err := bigTransaction(st, records)
		if err != nil {
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
			_ = st.commitPending(file) // it fails where the power is cut
			_ = s.Close()
		}
		for seed := range crashSeeds(3) {
			options.FS = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed) * 45, RNG: rand.New(rand.NewPCG(uint64(k), seed))})
			if err := checkAtomic(options, file, records, shards); err != nil {
				t.Fatalf("cut after %d operations, seed %d: %v", k, seed, err)
			}
		}
		if count.Load() <= k {
			if k < 15 {
				t.Fatalf("only %d operations", k)
			}
			return
		}
	}
}

func checkAtomic(options Options, file string, records, shards int) error {
	s, err := Open("log", options)
	if err != nil {
		return err
	}
	defer s.Close()
	before, err := countRecords(s, shards)
	if err != nil {
		return err
	}
	st, err := s.Stream("s")
	if err != nil {
		return err
	}
	for range 2 {
		if err := st.commitPending(file); err != nil {
			return err
		}
	}
	after, err := countRecords(s, shards)
	if err != nil {
		return err
	}
	total := 0
	for i := range after {
		total += after[i]
		if before[i] != 0 && before[i] != after[i] {
			return fmt.Errorf("shard %d showed %d of %d records", i, before[i], after[i])
		}
	}
	if total != records {
		return fmt.Errorf("%d records, want %d", total, records)
	}
	return nil
}

// TestTransactionsAreRememberedOverSegments commits, keeps the file as a crash
// would, ends the segment several times, reopens, and commits again.
func TestTransactionsAreRememberedOverSegments(t *testing.T) {
	fs := vfs.NewMem()
	w := newWorld(t, fs)
	w.options.SegmentBytes = 100
	w.reopen()
	w.create("s", 1)
	st := mustStream(t, w, "s")
	file, err := bigTransaction(st, 5)
	if err != nil {
		t.Fatal(err)
	}
	path := "log/streams/s/pending/" + file
	content := readFile(t, fs, path)
	if err := st.shards()[0].open(); err != nil {
		t.Fatal(err)
	}
	c, err := readCatalogue(path, vfs.NewMemFile(content))
	if err != nil {
		t.Fatal(err)
	}
	blocks := pendingBlocks{c.Shards[0], blockReader{file: vfs.NewMemFile(content)}, int64(len(content)), path}
	if err := st.shards()[0].commitTransaction(c.ID, &blocks); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		w.put("s", numbered(i, i+1)...)
		w.reopen()
	}
	if err := mustStream(t, w, "s").commitPending(file); err != nil {
		t.Fatal(err)
	}
	if counts, err := countRecords(w.store, 1); err != nil || counts[0] != 10 {
		t.Errorf("%v records, want 10; %v", counts, err)
	}
	if live := mustStream(t, w, "s").shards()[0].live; len(live) != 0 {
		t.Errorf("%d transactions are still remembered", len(live))
	}
}

func TestDamagedTransaction(t *testing.T) {
	fs := vfs.NewMem()
	w := newWorld(t, fs)
	w.create("s", 1)
	st := mustStream(t, w, "s")
	file, err := bigTransaction(st, 5)
	if err != nil {
		t.Fatal(err)
	}
	path := "log/streams/s/pending/" + file
	whole := readFile(t, fs, path)
	for at := 0; at < len(whole); at += 1 + len(whole)/97 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1
		replaceFile(t, fs, path, damaged)
		if err := st.commitPending(file); err == nil || errs.ClassOf(err) != errs.Corruption {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	if counts, err := countRecords(w.store, 1); err != nil || counts[0] != 0 {
		t.Errorf("%v records are visible, %v", counts, err)
	}
	replaceFile(t, fs, path, whole)
	if err := st.commitPending(file); err != nil {
		t.Fatal(err)
	}
	if counts, _ := countRecords(w.store, 1); counts[0] != 5 {
		t.Errorf("%v records, want 5", counts)
	}
}

// TestManyIdleShards opens a thousand shards with a record each.
func TestManyIdleShards(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1000)
	var records []Record
	for i := range 1000 {
		records = append(records, Record{ExplicitHashKey: rangeStart(i, 1000).String(), Data: []byte("x")})
	}
	for range 2 {
		if _, err := w.store.Append("s", records); err != nil {
			t.Fatal(err)
		}
		w.reopen()
	}
	counts, err := countRecords(w.store, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range counts {
		if n != 2 {
			t.Fatalf("shard %d has %d records", i, n)
		}
	}
}

// TestATransactionSpansAReshard prepares records for a shard and, after its split, for its children: all of them
// come, once, also when the commit is repeated.
func TestATransactionSpansAReshard(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	st := mustStream(t, w, "s")
	tx := st.newTransaction(ownerHash("job", "table"))
	for i := range 100 {
		if i == 50 {
			if err := st.Scale(2); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.add(&Record{PartitionKey: fmt.Sprint(i), Data: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	file, err := tx.prepare(1)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := st.commitPending(file); err != nil {
			t.Fatal(err)
		}
		described, err := st.Describe()
		if err != nil {
			t.Fatal(err)
		}
		records := uint64(0)
		for _, s := range described.Shards {
			records += s.Next.Index - 1
		}
		if records != 100 {
			t.Errorf("%d records of 100", records)
		}
	}
}

// TestAStreamNamedAsADeletedOne makes streams with the prefix that deleted ones once had.
func TestAStreamNamedAsADeletedOne(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	for _, name := range []string{"a", ".deleted-a", ".deleted-b"} {
		w.create(name, 1)
	}
	if err := w.store.DeleteStream("a"); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	if got := fmt.Sprint(w.store.Streams()); got != "[.deleted-a .deleted-b]" {
		t.Errorf("streams %s", got)
	}
}
