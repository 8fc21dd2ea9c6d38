package aggstate_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
)

// TestBufferAgreesWithAMap counts keys of one word, of other lengths, and of both in
// turn.
func TestBufferAgreesWithAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	buffer := aggstate.NewBuffer(16)
	for round := range 30 {
		counts := map[string]uint64{}
		for batch := range 4 {
			var keys rowcodec.Keys
			for range 1 + r.IntN(3000) {
				key := fmt.Sprintf("%08d", r.IntN(2000))
				if round%3 == 1 || round%3 == 2 && batch >= 2 && r.IntN(4) == 0 {
					key += strings.Repeat("x", r.IntN(3))
				}
				keys.Append([]byte(key))
				counts[key]++
			}
			rows := make([]unsafe.Pointer, keys.Len())
			buffer.Upsert(&keys, rows)
			for _, row := range rows {
				*(*uint64)(unsafe.Add(row, 8))++
			}
		}
		if buffer.Len() != len(counts) {
			t.Fatalf("round %d: %d groups, want %d", round, buffer.Len(), len(counts))
		}
		for i, row := range buffer.Rows() {
			key := string(buffer.Key(i))
			if got := *(*uint64)(unsafe.Add(row, 8)); got != counts[key] {
				t.Fatalf("round %d: %s counted %d times, want %d", round, key, got, counts[key])
			}
			if buffer.Hash(i) != rowcodec.Hash([]byte(key)) {
				t.Fatalf("round %d: hash of %s", round, key)
			}
		}
		buffer.Reset()
	}
}

func TestBufferHeapKeepsStrings(t *testing.T) {
	heap := aggstate.NewBuffer(8).Heap()
	refs, want := make([]uint64, 20), make([]string, 20)
	for i := range 500 {
		at := i % len(refs)
		want[at] = strings.Repeat(string(rune('a'+at)), (i*7)%40)
		refs[at] = heap.Put(refs[at], []byte(want[at]))
	}
	for i, ref := range refs {
		if got := string(heap.Get(ref)); got != want[i] {
			t.Errorf("string %d = %q, want %q", i, got, want[i])
		}
	}
}
