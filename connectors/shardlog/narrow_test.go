package shardlog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// key is a small hash key.
func key(n uint64) HashKey { return HashKey{0, n} }

// TestSplitWantsTwoKeysOnEachSide has the bounds that Kinesis has.
func TestSplitWantsTwoKeysOnEachSide(t *testing.T) {
	for _, c := range []struct {
		first, last, at uint64
		fits            bool
	}{
		{0, 9, 0, false}, {0, 9, 1, false}, {0, 9, 2, true}, {0, 9, 8, true}, {0, 9, 9, false}, {0, 9, 10, false},
		{5, 5, 5, false}, {5, 6, 6, false}, {5, 7, 7, false}, {5, 8, 6, false}, {5, 8, 7, true}, {5, 8, 8, false},
	} {
		if got := splits(key(c.first), key(c.last), key(c.at)); got != c.fits {
			t.Errorf("%d to %d at %d: %t", c.first, c.last, c.at, got)
		}
	}
	for last := range uint64(40) {
		if half := middle(key(0), key(last)); splits(key(0), key(last), half) != (last >= 3) {
			t.Errorf("0 to %d at its half %s", last, half)
		}
	}
}

// narrow makes a stream s whose shards have the hash keys 0 to 1, 2 to 5, and the rest.
func narrow(t *testing.T, w *world) *Stream {
	t.Helper()
	if err := w.store.Declare(Declaration{Name: "s", Shards: 1, Retention: MinRetention, OnDemand: true}); err != nil {
		t.Fatal(err)
	}
	st := mustStream(t, w, "s")
	for _, split := range []struct {
		shard uint32
		at    uint64
	}{{0, 6}, {1, 2}} {
		if err := st.Split(shardID(split.shard), key(split.at)); err != nil {
			t.Fatal(err)
		}
	}
	return st
}

// TestRefusedSplitsTellTheWay names shard, range, key and remedy.
func TestRefusedSplitsTellTheWay(t *testing.T) {
	st := narrow(t, newWorld(t, vfs.NewMem()))
	for _, c := range []struct {
		shard uint32
		at    uint64
		want  string
	}{
		{3, 1, "stream s: shardId-000000000003 takes the hash keys from 0 to 1 and can't be split at 1 " +
			"(a shard of fewer than four hash keys can't be split: merge it with its neighbour)"},
		{4, 3, "stream s: shardId-000000000004 takes the hash keys from 2 to 5 and can't be split at 3 " +
			"(choose a key greater than 2 + 1 and less than 5, such as 4)"},
	} {
		if err := st.Split(shardID(c.shard), key(c.at)); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestScaleLeavesNarrowShardsWhole doubles the shards of a stream two of which are too
// narrow to be halved for long.
func TestScaleLeavesNarrowShardsWhole(t *testing.T) {
	for target := 1; target <= 40; target += 3 {
		w := newWorld(t, vfs.NewMem())
		st := narrow(t, w)
		if err := st.Scale(target); err != nil {
			t.Fatal(err)
		}
		if st.Open() != target {
			t.Errorf("%d shards, want %d", st.Open(), target)
		}
		checkCover(t, st)
		w.put("s", numbered(0, 50)...)
	}
}

// TestAdaptLeavesNarrowShardsWhole loads shards of two and of four hash keys.
func TestAdaptLeavesNarrowShardsWhole(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	st := narrow(t, w)
	var records []Record
	for i := range 8000 {
		records = append(records, Record{PartitionKey: "k", ExplicitHashKey: fmt.Sprint(i % 6), Data: []byte("x")})
	}
	if _, err := st.Append(records); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Second)
	if _, err := w.store.Adapt(); err != nil {
		t.Fatal(err)
	}
	if got := shape(t, st); !strings.HasPrefix(got, "0 1< 2<* 3<1* 4<1*") {
		t.Errorf("got %s", got)
	}
	for _, keys := range [][]HashKey{{key(2), key(3)}, {key(2), key(5)}, {key(3), key(3)}} {
		if at, ok := median(keys, key(2), key(5)); ok {
			t.Errorf("%v are divided at %s", keys, at)
		}
	}
	if at, ok := median([]HashKey{key(2), key(3), key(4)}, key(2), key(5)); !ok || at != key(4) {
		t.Errorf("divided at %s, %t", at, ok)
	}
}
