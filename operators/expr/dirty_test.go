package expr

import "github.com/apache/arrow/go/v17/arrow/memory"

// dirtyAllocator hands out memory full of rubbish, as pools do, and spoils what is
// given back.
type dirtyAllocator struct {
	memory.Allocator
}

func dirty() memory.Allocator { return dirtyAllocator{memory.NewGoAllocator()} }

func (d dirtyAllocator) Allocate(size int) []byte { return spoil(d.Allocator.Allocate(size)) }

func (d dirtyAllocator) Reallocate(size int, b []byte) []byte {
	old := len(b)
	b = d.Allocator.Reallocate(size, b)
	if size > old {
		spoil(b[old:])
	}
	return b
}

func (d dirtyAllocator) Free(b []byte) { d.Allocator.Free(spoil(b)) }

func spoil(b []byte) []byte {
	for i := range b {
		b[i] = 0xa5
	}
	return b
}
