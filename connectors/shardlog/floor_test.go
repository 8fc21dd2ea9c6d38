package shardlog

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
)

// drainShard reads a shard from a position on, over what is lost.
func drainShard(t *testing.T, w *world, at Position) (texts []string, losses []error) {
	t.Helper()
	it, err := w.store.Iterator("s", shardID(0), at)
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	for it.Ready() {
		more, err := readAll(it)
		texts = append(texts, more...)
		if err == nil {
			continue
		}
		if errs.ClassOf(err) != errs.Corruption {
			t.Fatal(err)
		}
		losses = append(losses, err)
	}
	return texts, losses
}

// newest is the path of a shard's newest segment.
func newest(t *testing.T, fs vfs.FS) string {
	t.Helper()
	files, err := listShard(fs, segmentDir)
	if err != nil || len(files.segments) == 0 {
		t.Fatal(err)
	}
	return files.segments[len(files.segments)-1].path
}

// TestAGoneNewestSegmentTakesNoNumberBack removes the newest segment, or all of them,
// between the lives of a store: numbers grow, the loss is named as long as it is there,
// and a reader goes on from where it was.
func TestAGoneNewestSegmentTakesNoNumberBack(t *testing.T) {
	for name, all := range map[string]bool{"newest": false, "all": true} {
		t.Run(name, func(t *testing.T) {
			fs := vfs.NewMem()
			w := newWorld(t, fs)
			w.options.SegmentBytes = 700
			w.reopen()
			w.create("s", 1)
			last := Sequence{}
			for life := range 4 {
				for i := range 9 {
					results := w.put("s", numbered(life*1000+3*i, life*1000+3*i+3)...)
					if results[0].Sequence.Compare(last) <= 0 {
						t.Fatalf("life %d: number %s after %s", life, results[0].Sequence, last)
					}
					last = results[2].Sequence
				}
				if err := w.store.Close(); err != nil {
					t.Fatal(err)
				}
				gone := newest(t, fs)
				files, err := listShard(fs, segmentDir)
				if err != nil {
					t.Fatal(err)
				}
				for i := range files.segments {
					if all || i == len(files.segments)-1 {
						if err := fs.Remove(files.segments[i].path); err != nil {
							t.Fatal(err)
						}
					}
				}
				w.open()
				for range 2 { // and after a restart
					texts, losses := drainShard(t, w, TrimHorizon())
					if len(losses) == 0 || !strings.Contains(losses[len(losses)-1].Error(), gone) || all && len(texts) > 0 {
						t.Errorf("life %d: %d records, losses %v; %s is gone", life, len(texts), losses, gone)
					}
					if texts, _ := drainShard(t, w, AfterSequence(last)); len(texts) > 0 {
						t.Errorf("life %d: behind the last record are %q", life, texts)
					}
					w.reopen()
				}
			}
			w.put("s", "last")
			w.clock.advance(MinRetention + time.Hour)
			if _, err := w.store.Trim(); err != nil {
				t.Fatal(err)
			}
			if names, err := fs.List(segmentDir); err != nil || len(names) != 2 {
				t.Errorf("a segment and the floor are left: %v, %v", names, err)
			}
		})
	}
}

// TestFloorsAreRaised gives more numbers than a floor has room for, by appends and by a
// transaction.
func TestFloorsAreRaised(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.options.SegmentBytes = 50
	w.reopen()
	w.create("s", 1)
	st := mustStream(t, w, "s")
	s := st.shards()[0]
	check := func() {
		t.Helper()
		files, err := listShard(w.fs, segmentDir)
		if err != nil {
			t.Fatal(err)
		}
		f, end := files.floor, s.view.Load().end
		if f != s.floor || f.limit < end || segmentDir+"/"+segmentName(f.first) != newest(t, w.fs) {
			t.Errorf("floor %+v, in memory %+v, end %d, newest %s", f, s.floor, end, newest(t, w.fs))
		}
	}
	for i := range 20 {
		w.put("s", numbered(0, 10*i+1)...)
		check()
	}
	w.store.options.SegmentBytes = 1 << 20
	w.put("s", "begins a segment")
	s.floor.limit = s.view.Load().end // as if its room were used up
	w.put("s", numbered(0, 10)...)
	check()
	s.floor.limit = s.view.Load().end
	if err := commitOne(st); err != nil {
		t.Fatal(err)
	}
	check()
}

func TestFloorIsReadAsItIsWritten(t *testing.T) {
	f := floor{7, 1 << 40}
	if got, ok := parseFloor(f.name()); !ok || got != f {
		t.Errorf("got %v, %t", got, ok)
	}
	for _, name := range []string{"", floorSuffix, "7" + floorSuffix, "7-" + floorSuffix, "8-7" + floorSuffix, "0-7" + floorSuffix, "7-8", "7-8-9" + floorSuffix} {
		if f, ok := parseFloor(name); ok {
			t.Errorf("%q is %+v", name, f)
		}
	}
}

// TestSegmentsRemovedUnderARunningStore removes an older segment: its records are named
// as lost, once, the others are read by number and by time, and retention goes on.
func TestSegmentsRemovedUnderARunningStore(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.options.SegmentBytes, w.options.TailBytes = 20_000, 1
	w.reopen()
	w.create("s", 1)
	const total = 300
	pad := strings.Repeat("x", 1000)
	for i := range total {
		w.put("s", numbered(i, i+1)[0]+pad)
		w.clock.advance(time.Minute)
	}
	segments := mustStream(t, w, "s").shards()[0].view.Load().segments
	gone := segments[2]
	missing := int(segments[3].first - gone.first)
	if err := w.fs.Remove(gone.path); err != nil {
		t.Fatal(err)
	}
	texts, losses := drainShard(t, w, TrimHorizon())
	if len(losses) != 1 || !strings.Contains(losses[0].Error(), gone.path) || len(texts) != total-missing {
		t.Errorf("%d records, losses %v", len(texts), losses)
	}
	since := newClock().now().Add(time.Duration(gone.first) * time.Minute)
	if texts, _ := drainShard(t, w, AtTime(since)); len(texts) != total-int(gone.first)+1-missing {
		t.Errorf("%d records by time", len(texts))
	}
	w.clock.advance(MinRetention - 30*time.Minute)
	done, err := w.store.Trim()
	if err != nil || done.Segments < 4 {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestFloorsAreDurable cuts the power at the k-th writing operation and removes each
// shard's newest segment on top: no acknowledged number is given again.
func TestFloorsAreDurable(t *testing.T) {
	for k := int64(0); ; k++ {
		mem := vfs.NewCrashableMem()
		fs, count := cutAfter(mem, k)
		c := crashRun(fs)
		for seed := range crashSeeds(3) {
			clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed) * 40, RNG: rand.New(rand.NewPCG(uint64(k), seed))})
			if c.created {
				c.checkFloors(t, clone, k)
			}
		}
		if count.Load() <= k {
			return
		}
	}
}

func (c *crashed) checkFloors(t *testing.T, fs vfs.FS, k int64) {
	t.Helper()
	for number := range uint32(2) {
		id := shardID(number)
		files, err := listShard(fs, "log/streams/s/"+string(id))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(files.segments); n > 0 {
			if err := fs.Remove(files.segments[n-1].path); err != nil {
				t.Fatal(err)
			}
		}
	}
	s, err := Open("log", Options{FS: fs, Now: newClock().now, TrimEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for number := range uint32(2) {
		results, err := s.Append("s", []Record{{PartitionKey: "k", ExplicitHashKey: rangeStart(int(number), 2).String()}})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range c.acked[shardID(number)] {
			if c.numbers[text] >= results[0].Sequence.Index {
				t.Fatalf("cut at %d: number %d of %s was given again", k, c.numbers[text], shardID(number))
			}
		}
	}
}
