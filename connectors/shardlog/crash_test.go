package shardlog

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

var errCut = errors.New("the power is out")

// cutAfter lets n writing operations through and fails all later ones.
func cutAfter(fs vfs.FS, n int64) (vfs.FS, *atomic.Int64) {
	var count atomic.Int64
	return errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && count.Add(1) > n {
			return errCut
		}
		return nil
	})), &count
}

// crashSeeds is how many states of the disk are tried per cut.
func crashSeeds(most uint64) uint64 {
	if testing.Short() {
		return 1 + most/4
	}
	return most
}

// crashed is what a run got acknowledged before the cut.
type crashed struct {
	created bool
	// acked are the texts acknowledged per shard, in order; tried holds all texts.
	acked   map[ShardID][]string
	tried   map[string]bool
	numbers map[string]uint64
}

// crashRun appends to a stream, over several segments and one reopening, until
// something fails.
func crashRun(fs vfs.FS) (c crashed) {
	clock := newClock()
	c = crashed{acked: map[ShardID][]string{}, tried: map[string]bool{}, numbers: map[string]uint64{}}
	options := Options{FS: fs, Now: clock.now, TrimEvery: -1, SegmentBytes: 900}
	for life := range 2 {
		s, err := Open("log", options)
		if err != nil {
			return c
		}
		if life == 0 {
			if err := s.CreateStream("s", 2, MinRetention); err != nil {
				s.Close()
				return c
			}
			c.created = true
		}
		for i := range 12 {
			texts := numbered(life*1000+i*10, life*1000+i*10+3)
			for _, text := range texts {
				c.tried[text] = true
			}
			clock.advance(time.Minute)
			results, _ := s.Append("s", textRecords(texts))
			for k, r := range results {
				if r.Err == nil {
					c.acked[r.ShardID] = append(c.acked[r.ShardID], texts[k])
					c.numbers[texts[k]] = r.Sequence.Index
				}
			}
		}
		if s.Close() != nil {
			return c
		}
	}
	return c
}

// TestCrashAtEachWrite cuts the power at the k-th writing operation, for each k,
// and demands of what is on disk: every acknowledged record is there once, in
// order and under its number, and nothing is there that wasn't appended.
func TestCrashAtEachWrite(t *testing.T) {
	for k := int64(0); ; k++ {
		mem := vfs.NewCrashableMem()
		fs, count := cutAfter(mem, k)
		c := crashRun(fs)
		for seed := range crashSeeds(6) {
			clone := mem.CrashClone(vfs.CrashCloneCfg{
				UnsyncedDataPercent: int(seed) * 20, RNG: rand.New(rand.NewPCG(uint64(k), seed)),
			})
			if err := c.check(clone, k); err != nil {
				t.Fatalf("cut after %d operations, seed %d: %v", k, seed, err)
			}
		}
		if count.Load() <= k {
			if k < 100 {
				t.Fatalf("only %d operations", k)
			}
			return
		}
	}
}

func (c *crashed) check(fs vfs.FS, k int64) error {
	clock := newClock()
	clock.advance(24 * time.Hour)
	s, err := Open("log", Options{FS: fs, Now: clock.now, TrimEvery: -1})
	if err != nil {
		return err
	}
	defer s.Close()
	if len(s.Streams()) == 0 {
		if c.created {
			return errors.New("the stream is gone")
		}
		return nil
	}
	for shard := range uint32(2) {
		id := shardID(shard)
		if err := c.checkShard(s, id); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		// Life goes on: one more record lands behind the others, readable.
		explicit := rangeStart(int(shard), 2).String()
		r, err := s.Append("s", []Record{{PartitionKey: "after", ExplicitHashKey: explicit, Data: []byte("after")}})
		if err != nil {
			return err
		}
		for _, text := range c.acked[id] {
			if c.numbers[text] >= r[0].Sequence.Index {
				return fmt.Errorf("number %d was used twice", r[0].Sequence.Index)
			}
		}
		it, err := s.Iterator("s", id, AtSequence(r[0].Sequence))
		if err != nil {
			return err
		}
		if texts, err := readAll(it); err != nil || !slices.Equal(texts, []string{"after"}) {
			return fmt.Errorf("after the crash: %q, %w", texts, err)
		}
		it.Close()
	}
	return nil
}

func (c *crashed) checkShard(s *Store, id ShardID) error {
	it, err := s.Iterator("s", id, TrimHorizon())
	if err != nil {
		return err
	}
	defer it.Close()
	texts, err := readAll(it)
	if err != nil {
		return err
	}
	next := 0
	for _, text := range texts {
		if !c.tried[text] {
			return fmt.Errorf("%q was never appended", text)
		}
		if next < len(c.acked[id]) && c.acked[id][next] == text {
			next++
		} else if slices.Contains(c.acked[id], text) {
			return fmt.Errorf("%q is there twice or out of order", text)
		}
	}
	if next < len(c.acked[id]) {
		return fmt.Errorf("%q was acknowledged and is not there, in %q", c.acked[id][next], texts)
	}
	return nil
}

// TestDiskFullIsSurvived fails writes for a while: those appends fail, others
// don't, and nothing acknowledged is lost.
func TestDiskFullIsSurvived(t *testing.T) {
	full := false
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			return errCut
		}
		return nil
	}))
	w := newWorld(t, fs)
	w.create("s", 1)
	w.put("s", "a", "b")
	full = true
	for range 3 {
		if r, err := w.store.Append("s", textRecords([]string{"lost"})); !errors.Is(err, errCut) || r[0].Err == nil {
			t.Fatalf("%v, %v", r, err)
		}
	}
	same(t, w.read("s", 0, TrimHorizon()), []string{"a", "b"})
	full = false
	w.put("s", "c")
	same(t, w.read("s", 0, TrimHorizon()), []string{"a", "b", "c"})
	w.reopen()
	same(t, w.read("s", 0, TrimHorizon()), []string{"a", "b", "c"})
}
