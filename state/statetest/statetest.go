// Package statetest is the contract suite that every state backing passes, and
// the obvious twins that hot tables are compared with.
package statetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/thalweg/thalweg/state"
)

// Options are what the suite asks of a store.
type Options struct {
	KeyGroups   state.GroupRange
	BudgetBytes int64
	// Restore are snapshots taken of stores that the same Opener made.
	Restore []state.Snapshot
}

// Opener makes a store with state.Options of the same names and the default
// number of groups. The suite closes the store and releases the images.
type Opener func(tb testing.TB, options Options) *state.Store

// behaviour is one promise of the contract.
type behaviour struct {
	name string
	run  func(t *testing.T, open Opener)
}

// behaviours lists the promises.
func behaviours() []behaviour {
	return []behaviour{
		{"an empty store has no image", emptyStoreHasNoImage},
		{"an image does not change with later writes", imageIsImmutable},
		{"two snapshots without changes are equal", unchangedSnapshot},
		{"a closed store refuses", closedStoreRefuses},
		{"deleting everything frees the memory", deletingFrees},
		{"long strings are kept and freed", longStrings},
		{"a table behaves as a map", tableTwin},
		{"a table with string keys behaves as a map", tableStringTwin},
		{"a table with a TTL forgets on time", tableTTL},
		{"slices behave as maps and drop whole", slicedTwin},
		{"an unordered multi behaves as lists", func(t *testing.T, open Opener) { multiTwin(t, open, false) }},
		{"an ordered multi behaves as sorted lists", func(t *testing.T, open Opener) { multiTwin(t, open, true) }},
		{"an appended multi behaves as lists", appendedTwin},
		{"appended entries keep their order past the budget", appendedInOrder},
		{"slices of a multi behave as lists and drop whole", slicedMultiTwin},
		{"a multi with a TTL forgets on time", multiTTL},
		{"a key of 100,000 entries is whole after a restore", bigKey},
		{"timers fire in order once", timersTwin},
		{"cells come back from all tasks", cellsMerge},
		{"state of another shape is refused", shapeIsChecked},
		{"scopes keep tables apart", scopesAreApart},
	}
}

// Run runs the suite.
func Run(t *testing.T, open Opener) {
	for _, b := range behaviours() {
		t.Run(b.name, func(t *testing.T) { b.run(t, open) })
	}
}

// seeds are the seeds of one twin test; a failure names its seed in the test's
// path.
func seeds(t *testing.T, run func(t *testing.T, rng *rand.Rand)) {
	n := 8
	if testing.Short() {
		n = 1
	}
	for seed := range n {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { run(t, rand.New(rand.NewPCG(uint64(seed), 7))) })
	}
}

// budgets are the memory budgets that twins run with: none, and tiny ones.
func budget(rng *rand.Rand) int64 { return []int64{0, 0, 4 << 10, 16 << 10, 1}[rng.IntN(5)] }

// cluster is the tasks of one stage: stores over disjoint ranges of key groups.
type cluster struct {
	t      *testing.T
	open   Opener
	rng    *rand.Rand
	stores []*state.Store
	epoch  uint64
	now    int64
	// attach opens the tables of a store.
	attach func(task int, s *state.Store)
}

const groups = 128

func newCluster(t *testing.T, open Opener, rng *rand.Rand, attach func(task int, s *state.Store)) *cluster {
	c := &cluster{t: t, open: open, rng: rng, attach: attach}
	c.start(1+rng.IntN(3), nil)
	t.Cleanup(c.close)
	return c
}

func (c *cluster) start(tasks int, snaps []state.Snapshot) {
	c.stores = nil
	for task := range tasks {
		s := c.open(c.t, Options{KeyGroups: state.TaskGroups(task, tasks, groups), BudgetBytes: budget(c.rng), Restore: snaps})
		s.SetNow(c.now)
		c.stores = append(c.stores, s)
		c.attach(task, s)
	}
}

func (c *cluster) close() {
	for _, s := range c.stores {
		must(c.t, s.Close())
	}
	c.stores = nil
}

// tick moves time on.
func (c *cluster) tick(now int64) {
	c.now = now
	for _, s := range c.stores {
		s.SetNow(now)
	}
}

// snapshot takes a snapshot of every task.
func (c *cluster) snapshot() []state.Snapshot {
	c.epoch++
	var snaps []state.Snapshot
	for _, s := range c.stores {
		snap, err := s.Snapshot(context.Background(), c.epoch)
		must(c.t, err)
		snaps = append(snaps, snap)
	}
	return snaps
}

// restart restores all state into another number of tasks.
func (c *cluster) restart() {
	snaps := c.snapshot()
	c.close()
	c.start(1+c.rng.IntN(3), snaps)
	release(c.t, snaps)
}

// event does what happens to a store between batches: sometimes a snapshot, a
// trim or a restart.
func (c *cluster) event() {
	switch c.rng.IntN(12) {
	case 0, 1:
		release(c.t, c.snapshot())
	case 2:
		c.restart()
	case 3:
		for _, s := range c.stores {
			must(c.t, s.Trim())
		}
	}
}

func release(t *testing.T, snaps []state.Snapshot) {
	t.Helper()
	for _, s := range snaps {
		if s.Image != nil {
			must(t, s.Image.Release())
		}
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
