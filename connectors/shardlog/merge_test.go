package shardlog

import (
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// demand is a stream on demand whose load a test chooses.
type demand struct {
	*world
	st *Stream
	n  int
}

// newDemand makes one whose shards are merged after twenty quiet seconds.
func newDemand(t *testing.T, shards int) *demand {
	w := newWorld(t, vfs.NewMem())
	w.options.MergeAfter = 20 * time.Second
	w.reopen()
	if err := w.store.Declare(Declaration{Name: "s", Shards: shards, Retention: MinRetention, OnDemand: true}); err != nil {
		t.Fatal(err)
	}
	return &demand{world: w, st: mustStream(t, w, "s")}
}

// seconds lets so many pass, with so many records a second into the open shards from a
// place on, and gives what was done.
func (d *demand) seconds(n, perSecond, from int) (total Adapted) {
	d.t.Helper()
	for range n {
		d.clock.advance(time.Second)
		for _, route := range d.st.table.Load().open[min(from, d.st.Open()):] {
			records := make([]Record, perSecond)
			for i := range records {
				d.n++
				records[i] = Record{PartitionKey: fmt.Sprint(d.n), ExplicitHashKey: route.first.String(), Data: []byte("x")}
			}
			if _, err := d.st.Append(records); err != nil {
				d.t.Fatal(err)
			}
		}
		done, err := d.store.Adapt()
		if err != nil {
			d.t.Fatal(err)
		}
		total.Splits += done.Splits
		total.Merges += done.Merges
	}
	return total
}

func (d *demand) want(what string, got Adapted, splits, merges, open int) {
	d.t.Helper()
	if got != (Adapted{splits, merges}) || d.st.Open() != open {
		d.t.Fatalf("%s: %+v, %d shards; want %d splits and %d merges, %d shards", what, got, d.st.Open(), splits, merges, open)
	}
	checkCover(d.t, d.st)
}

// TestAdaptMergesQuietShards lets a stream of two shards grow to eight and fall silent:
// it halves itself once in a while, and not below the two that it began with.
func TestAdaptMergesQuietShards(t *testing.T) {
	d := newDemand(t, 2)
	if err := d.st.Scale(8); err != nil {
		t.Fatal(err)
	}
	d.want("when first seen", d.seconds(1, 1, 0), 0, 0, 8)
	d.want("for a while", d.seconds(19, 1, 0), 0, 0, 8)
	d.want("after it", d.seconds(1, 1, 0), 0, 4, 4)
	d.want("for a while more", d.seconds(20, 1, 0), 0, 0, 4)
	d.want("after it", d.seconds(1, 1, 0), 0, 2, 2)
	d.want("for long", d.seconds(200, 0, 0), 0, 0, 2)
	got, err := readLineage(d.st)
	if err != nil || len(got) != d.n {
		t.Errorf("%d records of %d, %v", len(got), d.n, err)
	}
}

// TestAdaptKeepsWhatIsUsed merges no shard that takes more than a little, and none whose
// neighbours do.
func TestAdaptKeepsWhatIsUsed(t *testing.T) {
	const some = adaptRecordsPerSecond/quietPart + 1
	d := newDemand(t, 1)
	if err := d.st.Scale(8); err != nil {
		t.Fatal(err)
	}
	d.want("each takes some", d.seconds(50, some, 0), 0, 0, 8)
	d.want("all but the first three do", d.seconds(20, some, 3), 0, 1, 7)
	if open := d.st.table.Load().open; open[0].shard.number < open[6].shard.number || open[1].first != rangeStart(2, 8) {
		t.Errorf("not the first two were merged: %s", shape(t, d.st))
	}
	d.want("a quiet one beside a new one", d.seconds(20, some, 2), 0, 0, 7)
	d.want("both for long", d.seconds(1, some, 2), 0, 1, 6)
}

// TestAdaptBeginsToWatchAnew does so after a restart, also for shards that nobody has
// opened since, and knows how many shards it keeps.
func TestAdaptBeginsToWatchAnew(t *testing.T) {
	d := newDemand(t, 3)
	if err := d.st.Scale(6); err != nil {
		t.Fatal(err)
	}
	d.want("for a while", d.seconds(19, 0, 0), 0, 0, 6)
	d.reopen()
	d.st = mustStream(t, d.world, "s")
	if done := d.seconds(20, 0, 0); done.Merges != 0 {
		t.Errorf("after a restart: %+v", done)
	}
	if done, err := d.store.Adapt(); err != nil || done.Merges != 0 { // at the same time
		t.Fatalf("%+v, %v", done, err)
	}
	d.want("a while after it", d.seconds(1, 0, 0), 0, 3, 3)
	d.want("for ever", d.seconds(200, 0, 0), 0, 0, 3)
}

// TestKeptShards are those a stream had when it became one on demand, those it was told
// to keep, and four in streams of older versions.
func TestKeptShards(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*Stream) error
		open    int
	}{
		"became on demand": {func(st *Stream) error { return st.SetOnDemand(false) }, 8},
		"told to keep":     {func(st *Stream) error { return st.KeepShards(7) }, 7},
		"older version":    {func(st *Stream) error { return st.KeepShards(0) }, 4},
		"as it was":        {func(st *Stream) error { return st.SetOnDemand(true) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDemand(t, 1)
			if err := d.st.Scale(8); err != nil {
				t.Fatal(err)
			}
			if err := c.prepare(d.st); err != nil {
				t.Fatal(err)
			}
			if err := d.st.SetOnDemand(true); err != nil {
				t.Fatal(err)
			}
			d.reopen()
			d.st = mustStream(t, d.world, "s")
			d.seconds(100, 0, 0)
			if d.st.Open() != c.open {
				t.Errorf("%d shards, want %d", d.st.Open(), c.open)
			}
		})
	}
}
