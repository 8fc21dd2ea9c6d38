package statetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

// timer is a timer of the twin; its order is the order of firing.
type timer struct {
	time int64
	key  string
}

func (a timer) compare(b timer) int {
	if a.time != b.time {
		return int(a.time - b.time)
	}
	return slices.Compare([]byte(a.key), []byte(b.key))
}

func timersTwin(t *testing.T, open Opener) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		twin := map[timer]bool{}
		var parts []*state.Timers
		c := newCluster(t, open, rng, func(task int, s *state.Store) {
			timers, err := s.Timers("timers")
			must(t, err)
			if task == 0 {
				parts = nil
			}
			parts = append(parts, timers)
		})
		for range 300 {
			for range rng.IntN(10) {
				x := timer{rng.Int64N(200) - 50 + c.now, string(stringKey(rng.IntN(50)))}
				own := parts[taskOf([]byte(x.key), len(parts))]
				if rng.IntN(4) == 0 {
					own.Delete(x.time, []byte(x.key))
					delete(twin, x)
					continue
				}
				own.Register(x.time, []byte(x.key), rowcodec.Hash([]byte(x.key)))
				twin[x] = true
			}
			if rng.IntN(4) == 0 {
				c.now += rng.Int64N(60)
				popDue(t, parts, twin, c.now, rng)
			}
			c.event()
		}
	})
}

// popDue fires what is due in every task and compares it with the twin. Some
// timers register another one when they fire.
func popDue(t *testing.T, parts []*state.Timers, twin map[timer]bool, upTo int64, rng *rand.Rand) {
	t.Helper()
	for task, timers := range parts {
		var got []timer
		must(t, timers.PopDue(upTo, func(time int64, key []byte) error {
			x := timer{time, string(key)}
			if !twin[x] || taskOf(key, len(parts)) != task {
				t.Fatalf("timer %d of %q fired and was not set", time, key)
			}
			delete(twin, x)
			got = append(got, x)
			if rng.IntN(4) == 0 {
				again := timer{time + 1 + rng.Int64N(100), x.key}
				twin[again] = true
				timers.Register(again.time, key, rowcodec.Hash(key))
			}
			return nil
		}))
		if !slices.IsSortedFunc(got, timer.compare) {
			t.Fatalf("timers fired out of order: %v", got)
		}
		if least, ok := timers.Min(); ok && least <= upTo {
			t.Fatalf("Min is %d after all up to %d fired", least, upTo)
		}
	}
	for x := range twin {
		if x.time <= upTo {
			t.Fatalf("timer %d of %q did not fire by %d", x.time, x.key, upTo)
		}
	}
}

func cellsMerge(t *testing.T, open Opener) {
	rng := rand.New(rand.NewPCG(1, 1))
	c := &cluster{t: t, open: open, rng: rng, attach: func(int, *state.Store) {}}
	c.start(3, nil)
	t.Cleanup(c.close)
	for task, s := range c.stores {
		s.Scope("op").Cell("watermark").Set(fmt.Append(nil, task))
	}
	for range 2 { // a cell that nobody sets again survives
		snaps := c.snapshot()
		c.close()
		c.start(2, snaps)
		release(t, snaps)
		for _, s := range c.stores {
			got := s.Scope("op").Cell("watermark").Get()
			if len(got) != 3 || string(got[0]) != "0" || string(got[2]) != "2" {
				t.Fatalf("restored cells are %q", got)
			}
		}
	}
	cell := c.stores[0].Scope("op").Cell("watermark")
	cell.Set([]byte("9"))
	if got := cell.Get(); len(got) != 1 || string(got[0]) != "9" {
		t.Fatalf("the cell set is %q", got)
	}
}
