package state

import (
	"math/bits"
	"unsafe"
)

// Heap keeps the byte strings of a table's rows. A reference is a word to be
// stored in a row at one of its Layout.Refs; 0 stands for no bytes. The table
// frees the references of rows that are deleted, evicted or dropped, writes the
// strings with their rows and reads them back.
type Heap struct {
	// blocks are chunks of memory; a reference names one by its index + 1.
	blocks [][]byte
	// frees are lists of free blocks by size class.
	frees [heapClasses][]uint64
	// spare are unused entries of blocks: strings longer than heapSharedMax have a
	// block of their own, which Free gives back whole.
	spare []int
	// current is the newest shared block; tail to end of it was never handed out.
	current, tail, end int
	// live is the number of bytes in use, held the number of bytes of all blocks.
	live, held int64
	pool       *chunkPool
}

// A reference is `length 24 | block+1 23 | offset/8 17`.
const (
	refOffsetBits = 17
	refBlockBits  = 23
	refLengthMax  = 1<<24 - 1
	// heapBlockMax is the size of a shared block, heapSharedMax the longest string
	// that shares one.
	heapBlockMax   = 1 << (refOffsetBits + 3)
	heapBlockFirst = 1 << 10
	heapSharedMax  = 64 << 10
	heapClasses    = 64
)

// classOf is the size class for n bytes: four classes to each power of two.
func classOf(n int) int {
	if n <= 32 {
		return (n + 7) / 8
	}
	top := bits.Len(uint(n-1)) - 1 // 2^top < n ≤ 2^(top+1), top ≥ 5
	return 5 + (top-5)*4 + (n-1-1<<top)>>(top-2)
}

// classBytes is the size of a class's blocks, a multiple of 8.
func classBytes(class int) int {
	if class <= 4 {
		return class * 8
	}
	top, quarter := 5+(class-5)/4, (class-5)%4
	return 1<<top + (quarter+1)<<(top-2)
}

// Get gives the bytes of a reference, to be read only.
func (h *Heap) Get(ref uint64) []byte {
	if ref == 0 {
		return nil
	}
	n := int(ref >> (refBlockBits + refOffsetBits))
	block := h.blocks[int(ref>>refOffsetBits)&(1<<refBlockBits-1)-1]
	if n == refLengthMax {
		return block
	}
	at := int(ref&(1<<refOffsetBits-1)) * 8
	return block[at : at+n : at+n]
}

// Put stores b in place of old, which becomes invalid, and returns its reference;
// no bytes give 0.
func (h *Heap) Put(old uint64, b []byte) uint64 {
	if len(b) == 0 {
		h.Free(old)
		return 0
	}
	if old != 0 && len(b) <= heapSharedMax {
		if n := int(old >> (refBlockBits + refOffsetBits)); n <= heapSharedMax && classOf(n) == classOf(len(b)) {
			ref := old&(1<<(refBlockBits+refOffsetBits)-1) | uint64(len(b))<<(refBlockBits+refOffsetBits)
			copy(h.Get(ref), b)
			return ref
		}
	}
	// b may alias old's bytes, so it is copied before old is freed.
	ref := h.alloc(len(b))
	copy(h.Get(ref), b)
	h.Free(old)
	return ref
}

// Free gives a reference's bytes back.
func (h *Heap) Free(ref uint64) {
	if ref == 0 {
		return
	}
	n := int(ref >> (refBlockBits + refOffsetBits))
	if n > heapSharedMax {
		i := int(ref>>refOffsetBits)&(1<<refBlockBits-1) - 1
		h.live -= int64(len(h.blocks[i]))
		h.held -= int64(len(h.blocks[i]))
		h.pool.used -= int64(len(h.blocks[i]))
		h.blocks[i] = nil
		h.spare = append(h.spare, i)
		return
	}
	class := classOf(n)
	h.live -= int64(classBytes(class))
	h.frees[class] = append(h.frees[class], ref&(1<<(refBlockBits+refOffsetBits)-1))
}

// alloc makes room for n ≥ 1 bytes and returns their reference.
func (h *Heap) alloc(n int) uint64 {
	if n > heapSharedMax {
		return h.allocOwn(n)
	}
	class := classOf(n)
	size := classBytes(class)
	h.live += int64(size)
	length := uint64(n) << (refBlockBits + refOffsetBits)
	if list := h.frees[class]; len(list) > 0 {
		h.frees[class] = list[:len(list)-1]
		return length | list[len(list)-1]
	}
	if h.tail+size > h.end {
		h.newBlock(size)
	}
	at := h.tail
	h.tail += size
	return length | uint64(h.current+1)<<refOffsetBits | uint64(at/8)
}

// newBlock starts a shared block that has room for size bytes. Blocks double up to
// the full size.
func (h *Heap) newBlock(size int) {
	want := heapBlockFirst
	if h.held > 0 {
		want = heapBlockFirst << min(10, bits.Len64(uint64(h.held/heapBlockFirst)))
	}
	for want < size {
		want *= 2
	}
	h.end = min(want, heapBlockMax)
	h.current, h.tail = h.addBlock(h.pool.take(h.end)), 0
}

func (h *Heap) allocOwn(n int) uint64 {
	h.pool.used += int64(n)
	i := h.addBlock(make([]byte, n))
	h.live += int64(n)
	return uint64(min(n, refLengthMax))<<(refBlockBits+refOffsetBits) | uint64(i+1)<<refOffsetBits
}

func (h *Heap) addBlock(mem []byte) int {
	h.held += int64(len(mem))
	if n := len(h.spare); n > 0 {
		i := h.spare[n-1]
		h.spare = h.spare[:n-1]
		h.blocks[i] = mem
		return i
	}
	h.blocks = append(h.blocks, mem)
	return len(h.blocks) - 1
}

// reset gives everything back.
func (h *Heap) reset() {
	for _, b := range h.blocks {
		if len(b) > heapBlockMax || len(b)&(len(b)-1) != 0 {
			h.pool.used -= int64(len(b)) // a block of its own: not worth keeping
		} else if b != nil {
			h.pool.put(b)
		}
	}
	*h = Heap{pool: h.pool}
}

func refAt(row unsafe.Pointer, offset int) *uint64 { return (*uint64)(unsafe.Add(row, offset)) }
