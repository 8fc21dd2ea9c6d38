package statetest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

func slicedTwin(t *testing.T, open Opener) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		twin := map[int64]map[string]uint64{}
		var parts []*state.Sliced
		c := newCluster(t, open, rng, func(task int, s *state.Store) {
			d, err := s.Sliced(state.SlicedSpec{ID: "slices", Layout: state.Layout{Width: 8}})
			must(t, err)
			if task == 0 {
				parts = nil
			}
			parts = append(parts, d)
		})
		for range 150 {
			end := rng.Int64N(12)*1000 - 3000
			if rng.IntN(8) == 0 {
				delete(twin, end)
				for _, d := range parts {
					must(t, d.Drop(end))
				}
			} else {
				countSlice(t, parts, twin, end, pick(rng, wordKey, 300))
			}
			checkSlices(t, parts, twin)
			c.event()
		}
	})
}

// countSlice adds one to each key of a batch in the slice ending at end.
func countSlice(t *testing.T, parts []*state.Sliced, twin map[int64]map[string]uint64, end int64, batch [][]byte) {
	t.Helper()
	keys := &rowcodec.Keys{}
	if twin[end] == nil {
		twin[end] = map[string]uint64{}
	}
	for task, part := range split(batch, len(parts)) {
		if len(part) == 0 {
			continue
		}
		table, err := parts[task].Slice(end)
		must(t, err)
		slots := slotsFor(len(part))
		must(t, table.Upsert(batchOf(keys, part), slots))
		for i, s := range slots {
			n := word(table.Row(s), 0)
			if *n != twin[end][string(part[i])] {
				t.Fatalf("slice %d key %x: count %d, want %d", end, part[i], *n, twin[end][string(part[i])])
			}
			*n++
			twin[end][string(part[i])]++
			table.MarkDirty(s)
		}
	}
}

func checkSlices(t *testing.T, parts []*state.Sliced, twin map[int64]map[string]uint64) {
	t.Helper()
	var ends []int64
	for _, d := range parts {
		own := d.Ends()
		if !slices.IsSorted(own) {
			t.Fatalf("ends %v are not ascending", own)
		}
		ends = append(ends, own...)
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	if want := slices.Sorted(maps.Keys(twin)); !slices.Equal(ends, want) {
		t.Fatalf("ends are %v, want %v", ends, want)
	}
	for end, rows := range twin {
		total := 0
		for _, d := range parts {
			table := d.Lookup(end)
			if table == nil {
				continue
			}
			must(t, table.Scan(func(s state.Slot) error {
				total++
				if got, want := *word(table.Row(s), 0), rows[string(table.Key(s))]; got != want {
					t.Fatalf("slice %d key %x: scanned %d, want %d", end, table.Key(s), got, want)
				}
				return nil
			}))
		}
		if total != len(rows) {
			t.Fatalf("slice %d has %d keys, want %d", end, total, len(rows))
		}
	}
}
