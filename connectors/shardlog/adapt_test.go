package shardlog

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestAdaptSplitsBusyShards loads one of two shards: it is split where half of its
// load lies, again and again, and the idle one is left alone.
func TestAdaptSplitsBusyShards(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	if err := w.store.Declare(Declaration{Name: "s", Shards: 2, Retention: MinRetention, OnDemand: true}); err != nil {
		t.Fatal(err)
	}
	st := mustStream(t, w, "s")
	busy, random := st.table.Load().open[0].shard, rand.New(rand.NewPCG(1, 2))
	round := func(records int) int {
		var texts []string
		for len(texts) < records {
			if text := fmt.Sprint("key-", random.Uint64()); st.table.Load().routeFor(hashOf(text)) < st.Open()-1 {
				texts = append(texts, text)
			}
		}
		w.put("s", texts...)
		w.clock.advance(time.Second)
		done, err := w.store.Adapt()
		if err != nil {
			t.Fatal(err)
		}
		return done.Splits
	}
	if n := round(400); n != 0 {
		t.Errorf("with 400 records a second %d splits", n)
	}
	if n := round(1200); n != 1 || st.Open() != 3 || !busy.isSealed() {
		t.Fatalf("with 1,200 records a second %d splits into %d shards", n, st.Open())
	}
	low, high := st.table.Load().open[0].shard, st.table.Load().open[1].shard
	round(1200)
	a, b := low.view.Load(), high.view.Load()
	if share := float64(a.end) / float64(a.end+b.end); share < 0.4 || share > 0.6 {
		t.Errorf("the lower half has %.0f%% of the load", 100*share)
	}
	if d, err := st.Describe(); err != nil || d.Shards[1].Closed != (time.Time{}) {
		t.Errorf("the idle shard was split: %v %v", d.Shards[1], err)
	}
}

// TestAdaptKeepsASingleKeyTogether loads a shard with one key, which no split helps,
// and leaves provisioned streams alone.
func TestAdaptKeepsASingleKeyTogether(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	for name, onDemand := range map[string]bool{"hot": true, "provisioned": false} {
		if err := w.store.Declare(Declaration{Name: name, Shards: 1, Retention: MinRetention, OnDemand: onDemand}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2000 {
		w.put("hot", "hot")
		w.put("provisioned", fmt.Sprint("key-", i))
	}
	w.clock.advance(time.Second)
	if n, err := w.store.Adapt(); n.Splits != 0 || err != nil {
		t.Errorf("%+v, %v", n, err)
	}
}

// TestAdaptStopsAtItsLimit and finds the mode again after a restart.
func TestAdaptStopsAtItsLimit(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.options.OnDemandShards = 3
	w.create("s", 1)
	if err := mustStream(t, w, "s").SetOnDemand(true); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	st := mustStream(t, w, "s")
	for range 4 {
		var texts []string
		for i := range 6000 {
			texts = append(texts, fmt.Sprint("key-", i))
		}
		w.put("s", texts...)
		w.clock.advance(time.Second)
		if _, err := w.store.Adapt(); err != nil {
			t.Fatal(err)
		}
	}
	if st.Open() != 3 {
		t.Errorf("%d shards, want 3", st.Open())
	}
}
