package statetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

// appendedTwin grows keys, with and without bringing them into memory, and compares
// them with lists.
func appendedTwin(t *testing.T, open Opener) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		x := newMultis(t, open, rng, state.MultiSpec{ID: "rows", Width: 8, Appended: true})
		space := 1 + rng.IntN(60)
		for range 300 {
			keys := pick(rng, stringKey, space)
			switch rng.IntN(5) {
			case 0:
				x.check(keys)
			case 1:
				x.grow(keys, (*state.Multi).Upsert, true)
			default:
				x.grow(keys, (*state.Multi).Extend, false)
			}
			x.c.event()
		}
	})
}

// grow appends random entries to the keys, whose slots find gives, and changes the
// first of some. Only whole keys can be looked at.
func (x *multis) grow(keys [][]byte, find func(*state.Multi, *rowcodec.Keys, []state.Slot) error, whole bool) {
	for task, part := range split(keys, len(x.parts)) {
		m := x.parts[task]
		slots := slotsFor(len(part))
		must(x.c.t, find(m, batchOf(&x.keys, part), slots))
		for i, s := range slots {
			key := string(part[i])
			for range x.c.rng.IntN(4) {
				sub, payload := x.randomSub(), x.c.rng.Uint64()
				*word(m.Payload(m.Append(s, []byte(sub))), 0) = payload
				x.twin[key] = append(x.twin[key], item{sub: sub, payload: payload})
			}
			if items := x.twin[key]; whole && len(items) > 0 && x.c.rng.IntN(3) == 0 {
				items[0].payload++
				*word(m.Payload(m.First(s)), 0)++
				m.MarkDirty(s, m.First(s))
			}
			if whole {
				x.same(m, s, key)
			}
		}
	}
}

// appendedInOrder appends to many keys past the budget, and goes on after a restore
// that does not fit in memory, where new keys come once: what was evicted comes back in
// order, before what is in memory.
func appendedInOrder(t *testing.T, open Opener) {
	const distinct, rounds, batch = 500, 20, 50
	options := Options{KeyGroups: state.TaskGroups(0, 1, groups), BudgetBytes: 64 << 10}
	var m *state.Multi
	start := func() *state.Store {
		s := open(t, options)
		t.Cleanup(func() { must(t, s.Close()) })
		var err error
		m, err = s.Multi(state.MultiSpec{ID: "rows", Appended: true})
		must(t, err)
		return s
	}
	s := start()
	var keys rowcodec.Keys
	var all [][]byte
	for n := range 2 * distinct {
		all = append(all, wordKey(n))
	}
	slots := slotsFor(batch)
	for round := range rounds {
		used := distinct
		if round == rounds/2 {
			used = 2 * distinct
		}
		for from := 0; from < used; from += batch {
			must(t, m.Extend(batchOf(&keys, all[from:from+batch]), slots))
			for i, slot := range slots {
				m.Append(slot, fmt.Appendf(nil, "%d/%d", from+i, round))
			}
		}
		if round == rounds/2-1 {
			options.Restore = []state.Snapshot{snap(t, s, 1)}
			s = start()
		}
	}
	for n, key := range all {
		must(t, m.Find(batchOf(&keys, [][]byte{key}), slots[:1]))
		if slots[0] == state.NoSlot {
			t.Fatalf("key %d is lost", n)
		}
		e := m.First(slots[0])
		for round := range rounds {
			if n >= distinct && round != rounds/2 {
				continue
			}
			if want := fmt.Sprintf("%d/%d", n, round); e == state.NoEntry || string(m.Sub(e)) != want {
				t.Fatalf("entry %d of key %d is not %q", round, n, want)
			}
			e = m.Next(e)
		}
		if e != state.NoEntry {
			t.Fatalf("key %d has too many entries", n)
		}
	}
}
