package statetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

func slicedMultiTwin(t *testing.T, open Opener) {
	seeds(t, func(t *testing.T, rng *rand.Rand) {
		twin := map[int64]map[string][]string{}
		var parts []*state.SlicedMulti
		c := newCluster(t, open, rng, func(task int, s *state.Store) {
			d, err := s.SlicedMulti(state.MultiSpec{ID: "slices", Width: 8})
			must(t, err)
			if task == 0 {
				parts = nil
			}
			parts = append(parts, d)
		})
		for range 150 {
			end := rng.Int64N(12)*1000 - 3000
			batch := pick(rng, stringKey, 60)
			switch rng.IntN(8) {
			case 0:
				delete(twin, end)
				for _, d := range parts {
					must(t, d.Drop(end))
				}
			case 1, 2, 3:
				checkMultiSlice(t, parts, twin[end], end, batch)
			default:
				if twin[end] == nil {
					twin[end] = map[string][]string{}
				}
				putIntoSlice(t, rng, parts, twin[end], end, batch)
			}
			c.event()
		}
	})
}

// putIntoSlice puts an entry to each key of a batch.
func putIntoSlice(t *testing.T, rng *rand.Rand, parts []*state.SlicedMulti, twin map[string][]string, end int64, batch [][]byte) {
	t.Helper()
	keys := &rowcodec.Keys{}
	for task, part := range split(batch, len(parts)) {
		if len(part) == 0 {
			continue
		}
		m := parts[task].Slice(end)
		slots := slotsFor(len(part))
		must(t, m.Upsert(batchOf(keys, part), slots))
		for i, s := range slots {
			key, sub := string(part[i]), fmt.Sprint(rng.IntN(20))
			if _, inserted := m.Put(s, []byte(sub)); inserted == slices.Contains(twin[key], sub) {
				t.Fatalf("slice %d key %q sub %q: inserted is %v", end, key, sub, inserted)
			} else if inserted {
				twin[key] = append(twin[key], sub)
			}
		}
	}
}

func checkMultiSlice(t *testing.T, parts []*state.SlicedMulti, twin map[string][]string, end int64, batch [][]byte) {
	t.Helper()
	keys := &rowcodec.Keys{}
	for task, part := range split(batch, len(parts)) {
		if len(part) == 0 || !slices.Contains(parts[task].Ends(), end) {
			continue
		}
		m := parts[task].Slice(end)
		slots := slotsFor(len(part))
		must(t, m.Find(batchOf(keys, part), slots))
		for i, s := range slots {
			var got []string
			if s != state.NoSlot {
				for e := m.First(s); e != state.NoEntry; e = m.Next(e) {
					got = append(got, string(m.Sub(e)))
				}
			}
			if want := twin[string(part[i])]; !slices.Equal(got, want) {
				t.Fatalf("slice %d key %q has %q, want %q", end, part[i], got, want)
			}
		}
	}
}
