package pebblestate

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestARunSortsAsAMap compares sorted runs with the last write of each key.
func TestARunSortsAsAMap(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var memory blocks
		var r run
		twin := map[string][]byte{}
		prefix := make([]byte, rng.IntN(20))
		for n := range rng.IntN(300) {
			key := append(slices.Clone(prefix), fmt.Sprint(rng.IntN(200))...)
			value := bytes.Repeat([]byte{byte(n)}, rng.IntN(4))
			if rng.IntN(4) == 0 {
				value = nil
			} else if value == nil {
				value = []byte{}
			}
			r.add(&memory, key, value, value == nil)
			twin[string(key)] = value
		}
		r.sort()
		want := slices.Sorted(maps.Keys(twin))
		if len(r.writes) != len(want) {
			t.Fatalf("seed %d: %d writes, want %d", seed, len(r.writes), len(want))
		}
		for i, key := range want {
			w := &r.writes[i]
			got := r.value(w)
			if string(r.key(w)) != key || !bytes.Equal(got, twin[key]) || (got == nil) != (twin[key] == nil) {
				t.Fatalf("seed %d: write %d is %q = %v, want %q = %v", seed, i, r.key(w), got, key, twin[key])
			}
			if at, found := r.seek([]byte(key)); at != i || !found {
				t.Fatalf("seed %d: key %q found at %d (%v), not %d", seed, key, at, found, i)
			}
			if at, found := r.seek([]byte(key + "\x00")); at != i+1 || found {
				t.Fatalf("seed %d: what follows key %q found at %d (%v)", seed, key, at, found)
			}
		}
	}
}

func BenchmarkSort(b *testing.B) {
	const n = 250_000
	rng := rand.New(rand.NewPCG(1, 1))
	var memory blocks
	var source run
	key, value := make([]byte, 29), make([]byte, 200)
	for range n {
		key[1] = byte(rng.IntN(128))
		for i := 8; i < 12; i++ {
			key[i] = byte(rng.Uint32())
		}
		source.add(&memory, key, value, false)
	}
	for b.Loop() {
		r := run{blocks: source.blocks, writes: slices.Clone(source.writes)}
		r.sort()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
