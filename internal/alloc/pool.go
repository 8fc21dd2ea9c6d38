package alloc

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Pool is an allocator that recycles memory in size classes: four to each power
// of two, from 64 B to 16 MiB; larger blocks come from the Go heap and go back to
// it. It is safe for concurrent use, since a batch may be released by another task
// than the one that made it.
type Pool struct {
	keepBytesMax int64
	live         atomic.Int64
	peak         atomic.Int64
	kept         atomic.Int64
	hits         atomic.Int64
	misses       atomic.Int64
	classes      [classCount]class
}

// class is the free list of one size.
type class struct {
	mu   sync.Mutex
	free [][]byte
	_    [64]byte // keeps the lists of two classes off one cache line
}

const (
	alignment    = 64
	classMinBits = 6  // 64 B
	classMaxBits = 24 // 16 MiB
	classCount   = (classMaxBits-classMinBits)*4 + 1
)

var _ memory.Allocator = (*Pool)(nil)

// KeepDefault is the memory that NewPool keeps for reuse when it is told 0.
const KeepDefault = 64 << 20

// NewPool makes a pool that keeps at most keepBytes of freed memory for reuse; 0
// means KeepDefault.
func NewPool(keepBytes int64) *Pool {
	if keepBytes == 0 {
		keepBytes = KeepDefault
	}
	return &Pool{keepBytesMax: keepBytes}
}

// Stats is what a pool counts.
type Stats struct {
	// LiveBytes were allocated and not freed yet, as asked for; PeakBytes is the
	// most there ever were. KeptBytes wait for reuse.
	LiveBytes, PeakBytes, KeptBytes int64
	// Reused counts allocations served from kept memory, Fresh the others.
	Reused, Fresh int64
}

// Stats reads the counters; they may be slightly apart in time.
func (p *Pool) Stats() Stats {
	return Stats{
		LiveBytes: p.live.Load(), PeakBytes: p.peak.Load(), KeptBytes: p.kept.Load(),
		Reused: p.hits.Load(), Fresh: p.misses.Load(),
	}
}

// classOf is the class for size ≥ 1 bytes, or classCount for none.
func classOf(size int) int {
	if size <= 1<<classMinBits {
		return 0
	}
	top := bits.Len(uint(size-1)) - 1 // 2^top < size ≤ 2^(top+1)
	if top >= classMaxBits {
		return classCount
	}
	return (top-classMinBits)*4 + (size-1-1<<top)>>(top-2) + 1
}

// classBytes is the size of a class's blocks, a multiple of 16 and, from 256 B on,
// of 64.
func classBytes(c int) int {
	if c == 0 {
		return 1 << classMinBits
	}
	top, quarter := classMinBits+(c-1)/4, (c-1)%4
	return 1<<top + (quarter+1)<<(top-2)
}

// Allocate gives size zeroed bytes.
func (p *Pool) Allocate(size int) []byte {
	if size <= 0 {
		return nil
	}
	p.count(int64(size))
	c := classOf(size)
	if c == classCount {
		p.misses.Add(1)
		return fresh(size, size)
	}
	if b := p.take(c); b != nil {
		b = b[:size]
		clear(b)
		return b
	}
	p.misses.Add(1)
	return fresh(size, classBytes(c))
}

// count adds to the live bytes and keeps their peak.
func (p *Pool) count(size int64) {
	live := p.live.Add(size)
	for {
		peak := p.peak.Load()
		if live <= peak || p.peak.CompareAndSwap(peak, live) {
			return
		}
	}
}

// fresh is aligned memory from the Go heap.
func fresh(size, capacity int) []byte {
	b := make([]byte, capacity+alignment)
	shift := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (alignment - 1))
	return b[shift : shift+size : shift+capacity]
}

func (p *Pool) take(c int) []byte {
	l := &p.classes[c]
	l.mu.Lock()
	n := len(l.free)
	if n == 0 {
		l.mu.Unlock()
		return nil
	}
	b := l.free[n-1]
	l.free[n-1] = nil
	l.free = l.free[:n-1]
	l.mu.Unlock()
	p.kept.Add(-int64(cap(b)))
	p.hits.Add(1)
	return b
}

// Reallocate resizes b, in place if its block is large enough. New bytes are
// zeroed.
func (p *Pool) Reallocate(size int, b []byte) []byte {
	if size <= 0 {
		p.Free(b)
		return nil
	}
	if size <= cap(b) && (size > cap(b)/4 || cap(b) <= 1024) {
		p.count(int64(size - len(b)))
		old := len(b)
		b = b[:size]
		if size > old {
			clear(b[old:])
		}
		return b
	}
	out := p.Allocate(size)
	copy(out, b)
	p.Free(b)
	return out
}

// Free takes b back. It must be as Allocate or Reallocate gave it, and may not be
// used any more.
func (p *Pool) Free(b []byte) {
	if cap(b) == 0 {
		return
	}
	p.live.Add(-int64(len(b)))
	poison(b[:cap(b)])
	c := classOf(cap(b))
	if c == classCount || classBytes(c) != cap(b) || p.kept.Load()+int64(cap(b)) > p.keepBytesMax {
		return
	}
	p.kept.Add(int64(cap(b)))
	l := &p.classes[c]
	l.mu.Lock()
	l.free = append(l.free, b)
	l.mu.Unlock()
}
