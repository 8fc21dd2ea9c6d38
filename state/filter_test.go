package state

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// TestFilterDeniesNoKeyItHolds adds keys over many layers: all must be found, and
// few others, also past the limit of memory.
func TestFilterDeniesNoKeyItHolds(t *testing.T) {
	const keys = 300_000
	hash := func(k int) uint64 { return rowcodec.Hash(binary.LittleEndian.AppendUint64(nil, uint64(k))) }
	for _, c := range []struct {
		limit   int64
		falsely int
	}{{0, keys / 100}, {64 << 10, keys}} {
		f := filter{limit: c.limit, pool: &chunkPool{}}
		for k := range keys {
			f.add(hash(k))
		}
		falsely := 0
		for k := range keys {
			if !f.has(hash(k)) {
				t.Fatalf("limit %d: key %d is denied", c.limit, k)
			}
			if f.has(hash(keys + k)) {
				falsely++
			}
		}
		if falsely > c.falsely || c.limit > 0 && f.bytes > c.limit {
			t.Errorf("limit %d: %d of %d absent keys pass; %d bytes", c.limit, falsely, keys, f.bytes)
		}
		f.reset()
		if f.has(hash(1)) || f.bytes != 0 {
			t.Error("a reset filter holds keys")
		}
		f.pool.close()
	}
}

// BenchmarkFilterHas looks up absent keys among a million.
func BenchmarkFilterHas(b *testing.B) {
	f, r := filter{pool: &chunkPool{}}, rand.New(rand.NewPCG(1, 2))
	defer f.pool.close()
	for range 1_000_000 {
		f.add(r.Uint64())
	}
	found := 0
	for b.Loop() {
		if f.has(r.Uint64()) {
			found++
		}
	}
	b.ReportMetric(float64(found)/float64(b.N), "passed")
}
