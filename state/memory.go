package state

import (
	"unsafe"

	"github.com/thalweg/thalweg/internal/pages"
)

// chunkPool hands out the memory of a store's tables and recycles it between
// them, since slices come and go all the time. Large pieces lie outside Go's heap;
// they are given back to the system by put or by close, after which nothing may
// use them.
type chunkPool struct {
	free map[int][][]byte
	// mapped are the pieces outside Go's heap by their first byte.
	mapped map[*byte][]byte
	// used are the bytes handed out by take, kept those waiting in free.
	used, kept int64
}

const (
	// chunkKeepBytesMax bounds the memory that waits for reuse.
	chunkKeepBytesMax = 16 << 20
	// mapBytesLeast is the size from which a piece lies outside Go's heap.
	mapBytesLeast = 128 << 10
)

// take hands out memory with undefined contents.
func (p *chunkPool) take(size int) []byte {
	p.used += int64(size)
	if list := p.free[size]; len(list) > 0 {
		m := list[len(list)-1]
		p.free[size] = list[:len(list)-1]
		p.kept -= int64(size)
		return m
	}
	return p.grab(size)
}

// put takes back what take handed out.
func (p *chunkPool) put(m []byte) {
	p.used -= int64(len(m))
	if p.kept+int64(len(m)) > chunkKeepBytesMax {
		p.release(m)
		return
	}
	if p.free == nil {
		p.free = map[int][][]byte{}
	}
	p.kept += int64(len(m))
	p.free[len(m)] = append(p.free[len(m)], m)
}

// grab makes zeroed memory that is not counted.
func (p *chunkPool) grab(size int) []byte {
	if p == nil || size < mapBytesLeast {
		return make([]byte, size)
	}
	m := pages.Map(size)
	if m == nil {
		return make([]byte, size)
	}
	if p.mapped == nil {
		p.mapped = map[*byte][]byte{}
	}
	p.mapped[unsafe.SliceData(m)] = m
	return m
}

// release frees what grab made.
func (p *chunkPool) release(m []byte) {
	if p == nil || len(m) < mapBytesLeast {
		return
	}
	if own, ok := p.mapped[unsafe.SliceData(m)]; ok {
		delete(p.mapped, unsafe.SliceData(m))
		pages.Unmap(own)
	}
}

// words is grab for words.
func (p *chunkPool) words(n int) []uint64 {
	if n*8 < mapBytesLeast {
		return make([]uint64, n)
	}
	m := p.grab(n * 8)
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(m))), n)
}

// releaseWords is release for words.
func (p *chunkPool) releaseWords(w []uint64) {
	if len(w)*8 >= mapBytesLeast {
		p.release(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), len(w)*8))
	}
}

// close gives everything back to the system.
func (p *chunkPool) close() {
	for _, m := range p.mapped {
		pages.Unmap(m)
	}
	*p = chunkPool{}
}
