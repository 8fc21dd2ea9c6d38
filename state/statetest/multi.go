package statetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

// item is an entry of the twin.
type item struct {
	sub     string
	payload uint64
	changed int64
}

// multis is a Multi in each task of a cluster, beside its twin.
type multis struct {
	c       *cluster
	spec    state.MultiSpec
	parts   []*state.Multi
	twin    map[string][]item
	keys    rowcodec.Keys
	subs    int
	longSub bool
}

func newMultis(t *testing.T, open Opener, rng *rand.Rand, spec state.MultiSpec) *multis {
	x := &multis{spec: spec, twin: map[string][]item{}, subs: 1 + rng.IntN(80), longSub: rng.IntN(2) == 0}
	x.c = newCluster(t, open, rng, func(task int, s *state.Store) {
		m, err := s.Scope("join").Multi(spec)
		must(t, err)
		if task == 0 {
			x.parts = nil
		}
		x.parts = append(x.parts, m)
	})
	return x
}

func multiTwin(t *testing.T, open Opener, ordered bool) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		x := newMultis(t, open, rng, state.MultiSpec{ID: "entries", Width: 8, Ordered: ordered})
		space := 1 + rng.IntN(60)
		for range 200 {
			if rng.IntN(5) == 0 {
				x.check(pick(rng, stringKey, space))
			} else {
				x.change(pick(rng, stringKey, space))
			}
			x.c.event()
		}
	})
}

func (x *multis) randomSub() string {
	n := x.c.rng.IntN(x.subs)
	if x.longSub {
		return fmt.Sprintf("%d-%0*d", n%7, 1+n%90, n)
	}
	return fmt.Sprintf("%03d", n)
}

// change puts, changes and removes random entries of the keys.
func (x *multis) change(keys [][]byte) {
	for task, part := range split(keys, len(x.parts)) {
		m := x.parts[task]
		slots := slotsFor(len(part))
		must(x.c.t, m.Upsert(batchOf(&x.keys, part), slots))
		for i, s := range slots {
			for range x.c.rng.IntN(8) {
				if x.c.rng.IntN(3) == 0 {
					x.remove(m, s, string(part[i]))
				} else {
					x.put(m, s, string(part[i]))
				}
			}
			x.same(m, s, string(part[i]))
		}
	}
}

func (x *multis) put(m *state.Multi, s state.Slot, key string) {
	sub := x.randomSub()
	items := x.twin[key]
	at := slices.IndexFunc(items, func(i item) bool { return i.sub == sub })
	if e := m.Get(s, []byte(sub)); (e != state.NoEntry) != (at >= 0) {
		x.c.t.Fatalf("key %q sub %q: Get found %v", key, sub, at < 0)
	}
	e, inserted := m.Put(s, []byte(sub))
	if inserted != (at < 0) {
		x.c.t.Fatalf("key %q sub %q: Put inserted %v", key, sub, inserted)
	}
	if at < 0 {
		at = len(items)
		if x.spec.Ordered {
			at = slices.IndexFunc(items, func(i item) bool { return i.sub > sub })
			if at < 0 {
				at = len(items)
			}
		}
		items = slices.Insert(items, at, item{sub: sub})
	}
	items[at].payload++
	items[at].changed = x.c.now
	*word(m.Payload(e), 0)++
	m.MarkDirty(s, e)
	x.twin[key] = items
}

func (x *multis) remove(m *state.Multi, s state.Slot, key string) {
	items := x.twin[key]
	if len(items) == 0 {
		return
	}
	at := x.c.rng.IntN(len(items))
	e := m.Get(s, []byte(items[at].sub))
	if e == state.NoEntry {
		x.c.t.Fatalf("key %q sub %q is not there", key, items[at].sub)
	}
	m.Remove(s, e)
	x.twin[key] = slices.Delete(items, at, at+1)
	if len(x.twin[key]) == 0 {
		delete(x.twin, key)
	}
}

// check compares what Find gives.
func (x *multis) check(keys [][]byte) {
	for task, part := range split(keys, len(x.parts)) {
		m := x.parts[task]
		slots := slotsFor(len(part))
		must(x.c.t, m.Find(batchOf(&x.keys, part), slots))
		for i, s := range slots {
			if (s != state.NoSlot) != (len(x.twin[string(part[i])]) > 0) {
				x.c.t.Fatalf("key %q: found is %v with %d entries", part[i], s != state.NoSlot, len(x.twin[string(part[i])]))
			}
			if s != state.NoSlot {
				x.same(m, s, string(part[i]))
			}
		}
	}
}

// same compares all entries of a key, forwards and backwards.
func (x *multis) same(m *state.Multi, s state.Slot, key string) {
	x.c.t.Helper()
	want := x.twin[key]
	if m.Count(s) != len(want) || string(m.Key(s)) != key {
		x.c.t.Fatalf("key %q: %d entries of %q, want %d", key, m.Count(s), m.Key(s), len(want))
	}
	e := m.First(s)
	for i, w := range want {
		if e == state.NoEntry || !bytes.Equal(m.Sub(e), []byte(w.sub)) || *word(m.Payload(e), 0) != w.payload {
			x.c.t.Fatalf("key %q entry %d is not %+v", key, i, w)
		}
		if i == len(want)-1 && m.Last(s) != e {
			x.c.t.Fatalf("key %q: Last is not the last entry", key)
		}
		next := m.Next(e)
		if next != state.NoEntry && m.Prev(next) != e {
			x.c.t.Fatalf("key %q entry %d: Prev of Next is another", key, i)
		}
		e = next
	}
	if e != state.NoEntry {
		x.c.t.Fatalf("key %q has more than %d entries", key, len(want))
	}
}

// multiTTL checks that an entry is there for its TTL and gone then.
func multiTTL(t *testing.T, open Opener) {
	const ttl = 640
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		x := newMultis(t, open, rng, state.MultiSpec{ID: "ttl", Width: 8, Ordered: rng.IntN(2) == 0, TTL: ttl * 1e6})
		for range 200 {
			x.c.tick(x.c.now + rng.Int64N(100))
			for task, part := range split(pick(rng, wordKey, 10), len(x.parts)) {
				m := x.parts[task]
				slots := slotsFor(len(part))
				must(t, m.Upsert(batchOf(&x.keys, part), slots))
				for i, s := range slots {
					x.forget(m, s, string(part[i]), ttl)
					x.same(m, s, string(part[i]))
					x.put(m, s, string(part[i]))
				}
			}
			x.c.event()
		}
	})
}

// forget drops from the twin what the Multi dropped, which must be due.
func (x *multis) forget(m *state.Multi, s state.Slot, key string, ttl int64) {
	x.twin[key] = slices.DeleteFunc(x.twin[key], func(i item) bool {
		gone := m.Get(s, []byte(i.sub)) == state.NoEntry
		if gone && i.changed+ttl > x.c.now || !gone && i.changed+ttl <= x.c.now {
			x.c.t.Fatalf("at %d: entry changed at %d is gone: %v", x.c.now, i.changed, gone)
		}
		return gone
	})
}

func bigKey(t *testing.T, open Opener) {
	const entries = 100_000
	for _, ordered := range []bool{false, true} {
		t.Run(fmt.Sprintf("ordered=%v", ordered), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 1))
			var m *state.Multi
			c := &cluster{t: t, open: open, rng: rng}
			c.attach = func(_ int, s *state.Store) {
				var err error
				m, err = s.Multi(state.MultiSpec{ID: "big", Width: 8, Ordered: ordered})
				must(t, err)
			}
			c.start(1, nil)
			t.Cleanup(c.close)
			var keys rowcodec.Keys
			slots := slotsFor(1)
			must(t, m.Upsert(batchOf(&keys, [][]byte{wordKey(1)}), slots))
			for _, n := range rng.Perm(entries) {
				e, _ := m.Put(slots[0], wordKey(n))
				*word(m.Payload(e), 0) = uint64(n)
			}
			snaps := c.snapshot()
			c.close()
			c.start(1, snaps)
			release(t, snaps)
			must(t, m.Find(batchOf(&keys, [][]byte{wordKey(1)}), slots))
			if slots[0] == state.NoSlot || m.Count(slots[0]) != entries {
				t.Fatalf("the key is not whole after the restore")
			}
			for n := range entries {
				e := m.Get(slots[0], wordKey(n))
				if e == state.NoEntry || *word(m.Payload(e), 0) != uint64(n) {
					t.Fatalf("entry %d is lost", n)
				}
			}
		})
	}
}
