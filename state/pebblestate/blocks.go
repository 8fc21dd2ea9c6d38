package pebblestate

import (
	"sync"
	"unsafe"

	"github.com/thalweg/thalweg/internal/pages"
)

// blocks is empty memory for runs, outside Go's heap, which would let garbage grow to
// the size of all that waits. The task takes it, and the queue's goroutine puts it back.
type blocks struct {
	mu    sync.Mutex
	spare [][]byte
	// mapped are the blocks outside Go's heap by their first byte.
	mapped map[*byte][]byte
}

const (
	// runBlockBytes is the size of a block; a larger row has one of its own, and the
	// first block of a run is small, as many runs are.
	runBlockBytes   = 2 << 20
	firstBlockBytes = 16 << 10
	// spareBlocksMost is how many blocks are kept.
	spareBlocksMost = 16
)

// take gives an empty block with room for need bytes, the first of a run or a further
// one.
func (b *blocks) take(need int, first bool) []byte {
	if first {
		return make([]byte, 0, max(need, firstBlockBytes))
	}
	if need > runBlockBytes {
		return make([]byte, 0, need)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.spare); n > 0 {
		block := b.spare[n-1]
		b.spare = b.spare[:n-1]
		return block
	}
	block := pages.Map(runBlockBytes)
	if block == nil {
		return make([]byte, 0, runBlockBytes)
	}
	if b.mapped == nil {
		b.mapped = map[*byte][]byte{}
	}
	b.mapped[unsafe.SliceData(block)] = block
	return block[:0]
}

// put takes back blocks that nobody uses any more.
func (b *blocks) put(used [][]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, block := range used {
		own, isMapped := b.mapped[unsafe.SliceData(block)]
		switch {
		case !isMapped:
		case len(b.spare) < spareBlocksMost:
			b.spare = append(b.spare, block[:0])
		default:
			delete(b.mapped, unsafe.SliceData(block))
			pages.Unmap(own)
		}
	}
}

// close gives all memory back to the system; nothing may use it any more.
func (b *blocks) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, block := range b.mapped {
		pages.Unmap(block)
	}
	b.mapped, b.spare = nil, nil
}
