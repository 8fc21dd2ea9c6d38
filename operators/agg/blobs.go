package agg

// Blobs is a Heap of byte strings that live for one evaluation.
type Blobs [][]byte

var _ Heap = (*Blobs)(nil)

// Get implements Heap.
func (b *Blobs) Get(ref uint64) []byte {
	if ref == 0 {
		return nil
	}
	return (*b)[ref-1]
}

// Put implements Heap.
func (b *Blobs) Put(old uint64, v []byte) uint64 {
	if len(v) == 0 {
		return 0
	}
	if old != 0 {
		(*b)[old-1] = append((*b)[old-1][:0], v...)
		return old
	}
	*b = append(*b, append([]byte(nil), v...))
	return uint64(len(*b))
}

// Free implements Heap.
func (b *Blobs) Free(ref uint64) {
	if ref != 0 {
		(*b)[ref-1] = nil
	}
}
