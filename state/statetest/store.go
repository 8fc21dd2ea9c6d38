package statetest

import (
	"context"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

var wordSpec = state.TableSpec{ID: "words", Layout: state.Layout{Width: 8}}

// single opens one store over all key groups with a table of words.
func single(t *testing.T, open Opener, restore ...state.Snapshot) (*state.Store, *state.Table) {
	t.Helper()
	s := open(t, Options{KeyGroups: state.TaskGroups(0, 1, groups), Restore: restore})
	t.Cleanup(func() { must(t, s.Close()) })
	table, err := s.Table(wordSpec)
	must(t, err)
	return s, table
}

// bump adds n to the word of a key and returns the result.
func bump(t *testing.T, table *state.Table, key int, n uint64) uint64 {
	t.Helper()
	var keys rowcodec.Keys
	slots := slotsFor(1)
	must(t, table.Upsert(batchOf(&keys, [][]byte{wordKey(key)}), slots))
	p := word(table.Row(slots[0]), 0)
	*p += n
	table.MarkDirty(slots[0])
	return *p
}

func snap(t *testing.T, s *state.Store, epoch uint64) state.Snapshot {
	t.Helper()
	out, err := s.Snapshot(context.Background(), epoch)
	must(t, err)
	t.Cleanup(func() { release(t, []state.Snapshot{out}) })
	return out
}

func emptyStoreHasNoImage(t *testing.T, open Opener) {
	s, _ := single(t, open)
	if got := snap(t, s, 1); got.Image != nil {
		t.Fatalf("an empty store gave the image %v", got.Image)
	}
}

func imageIsImmutable(t *testing.T, open Opener) {
	s, table := single(t, open)
	bump(t, table, 1, 5)
	first := snap(t, s, 1)
	bump(t, table, 1, 5)
	bump(t, table, 2, 1)
	second := snap(t, s, 2)
	_, old := single(t, open, first)
	if got := bump(t, old, 1, 0); got != 5 {
		t.Fatalf("the first image holds %d, want 5", got)
	}
	if n, err := old.Len(); err != nil || n != 1 {
		t.Fatalf("the first image holds %d keys (%v), want 1", n, err)
	}
	_, new := single(t, open, second)
	if got := bump(t, new, 1, 0); got != 10 {
		t.Fatalf("the second image holds %d, want 10", got)
	}
}

func closedStoreRefuses(t *testing.T, open Opener) {
	s, table := single(t, open)
	m, err := s.Multi(state.MultiSpec{ID: "multi", Appended: true})
	must(t, err)
	timers, err := s.Timers("timers")
	must(t, err)
	bump(t, table, 1, 5)
	must(t, s.Close())
	var keys rowcodec.Keys
	batchOf(&keys, [][]byte{wordKey(1)})
	slots := slotsFor(1)
	_, lenErr := table.Len()
	_, snapErr := s.Snapshot(context.Background(), 1)
	for call, err := range map[string]error{
		"Upsert": table.Upsert(&keys, slots), "Find": table.Find(&keys, slots), "Len": lenErr,
		"Scan":         table.Scan(func(state.Slot) error { return nil }),
		"Multi.Upsert": m.Upsert(&keys, slots), "Multi.Find": m.Find(&keys, slots), "Multi.Extend": m.Extend(&keys, slots),
		"PopDue":   timers.PopDue(1, func(int64, []byte) error { return nil }),
		"Snapshot": snapErr,
	} {
		if errs.ClassOf(err) != errs.Bug {
			t.Errorf("%s after Close gave %v", call, err)
		}
	}
}

func unchangedSnapshot(t *testing.T, open Opener) {
	s, table := single(t, open)
	bump(t, table, 1, 5)
	release(t, []state.Snapshot{mustSnap(t, s, 1)})
	one, two := snap(t, s, 2), snap(t, s, 3)
	for _, from := range []state.Snapshot{one, two} {
		_, restored := single(t, open, from)
		if got := bump(t, restored, 1, 0); got != 5 {
			t.Fatalf("epoch %d holds %d, want 5", from.Epoch, got)
		}
	}
}

func mustSnap(t *testing.T, s *state.Store, epoch uint64) state.Snapshot {
	t.Helper()
	out, err := s.Snapshot(context.Background(), epoch)
	must(t, err)
	return out
}

func shapeIsChecked(t *testing.T, open Opener) {
	s, table := single(t, open)
	bump(t, table, 1, 1)
	from := snap(t, s, 1)
	restored := open(t, Options{KeyGroups: state.TaskGroups(0, 1, groups), Restore: []state.Snapshot{from}})
	t.Cleanup(func() { must(t, restored.Close()) })
	_, err := restored.Table(state.TableSpec{ID: wordSpec.ID, Layout: state.Layout{Width: 16}})
	if err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), "width=8") {
		t.Fatalf("opening a table of another width gave %v", err)
	}
	if _, err := s.Table(wordSpec); err == nil || errs.ClassOf(err) != errs.Bug {
		t.Fatalf("opening a table twice gave %v", err)
	}
}

func scopesAreApart(t *testing.T, open Opener) {
	s, table := single(t, open)
	other, err := s.Scope("a").Scope("b").Table(wordSpec)
	must(t, err)
	bump(t, table, 1, 1)
	bump(t, other, 1, 2)
	if a, b := bump(t, table, 1, 0), bump(t, other, 1, 0); a != 1 || b != 2 {
		t.Fatalf("two tables of one name in two scopes hold %d and %d", a, b)
	}
}

func deletingFrees(t *testing.T, open Opener) {
	s, table := single(t, open)
	m, err := s.Multi(state.MultiSpec{ID: "multi", Width: 8})
	must(t, err)
	empty := s.LiveBytes()
	var keys rowcodec.Keys
	var batch [][]byte
	for n := range 1000 {
		batch = append(batch, stringKey(n))
	}
	slots := slotsFor(len(batch))
	must(t, table.Upsert(batchOf(&keys, batch), slots))
	many := slotsFor(len(batch))
	must(t, m.Upsert(&keys, many))
	for i, slot := range many {
		for n := range 1 + i%3 {
			m.Put(slot, stringKey(n))
		}
	}
	release(t, []state.Snapshot{mustSnap(t, s, 1)})
	for i := range slots {
		table.Delete(slots[i])
		for e := m.First(many[i]); e != state.NoEntry; e = m.First(many[i]) {
			m.Remove(many[i], e)
		}
	}
	release(t, []state.Snapshot{mustSnap(t, s, 2)})
	// The indexes keep their size; nothing else may stay.
	if live := s.LiveBytes(); live > empty+3*8*4096 {
		t.Fatalf("%d bytes are live after everything was deleted, %d before", live, empty)
	}
	if n, err := table.Len(); n != 0 || err != nil {
		t.Fatalf("%d keys (%v) after everything was deleted", n, err)
	}
}

func longStrings(t *testing.T, open Opener) {
	s := open(t, Options{KeyGroups: state.TaskGroups(0, 1, groups), BudgetBytes: 1 << 20})
	t.Cleanup(func() { must(t, s.Close()) })
	table, err := s.Table(state.TableSpec{ID: "long", Layout: state.Layout{Width: 8, Refs: []int{0}}})
	must(t, err)
	var keys rowcodec.Keys
	slots := slotsFor(1)
	for n := range 60 {
		text := strings.Repeat(string(rune('a'+n%26)), []int{70 << 10, 3, 200 << 10, 64<<10 + 1, 64 << 10, 17 << 20}[n%5+n/55])
		must(t, table.Upsert(batchOf(&keys, [][]byte{wordKey(n % 20)}), slots))
		p := word(table.Row(slots[0]), 0)
		*p = table.Heap().Put(*p, []byte(text))
		table.MarkDirty(slots[0])
		if got := string(table.Heap().Get(*p)); got != text {
			t.Fatalf("string %d of %d bytes came back with %d", n, len(text), len(got))
		}
	}
	if held, live := s.MemoryBytes(), s.LiveBytes(); held < live || live > 40<<20 {
		t.Fatalf("%d bytes are held and %d live with a budget of 1 MiB", held, live)
	}
}
