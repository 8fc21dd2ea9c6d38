package groupagg

import "github.com/thalweg/thalweg/operators/agg"

// lateHeap is a heap that keeps what a batch replaces until settle, since the
// former results of the batch's groups still refer to it.
type lateHeap struct {
	under agg.Heap
	stale []uint64
}

var _ agg.Heap = (*lateHeap)(nil)

// Get implements agg.Heap.
func (h *lateHeap) Get(ref uint64) []byte { return h.under.Get(ref) }

// Put implements agg.Heap.
func (h *lateHeap) Put(old uint64, b []byte) uint64 {
	h.Free(old)
	return h.under.Put(0, b)
}

// Free implements agg.Heap.
func (h *lateHeap) Free(ref uint64) {
	if ref != 0 {
		h.stale = append(h.stale, ref)
	}
}

// settle frees what was replaced.
func (h *lateHeap) settle() {
	for _, ref := range h.stale {
		h.under.Free(ref)
	}
	h.stale = h.stale[:0]
}
