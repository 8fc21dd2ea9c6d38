package state

import "unsafe"

// arena holds entries of one size in chunks. The first chunk starts small and
// doubles by copying, so that a table of few keys costs little; all others are of
// full size and never move.
type arena struct {
	// chunks point at the chunks' first entries.
	chunks []unsafe.Pointer
	// stride is the size of an entry, a multiple of 8.
	stride uintptr
	// shift and mask split a slot into chunk and entry.
	shift uint8
	mask  Slot
	// next is the first slot never handed out, room the number of slots in chunks.
	next, room Slot
	free       []Slot
	mem        [][]byte
	pool       *chunkPool
	// fixed makes the first chunk of full size too, so that no entry ever moves.
	fixed bool
}

const (
	chunkBytesMax   = 2 << 20
	firstSlots      = 16
	chunkSlotsLeast = 64
)

func newArena(stride int, pool *chunkPool) arena {
	slots, shift := chunkSlotsLeast, uint8(6)
	for slots*2*stride <= chunkBytesMax {
		slots, shift = slots*2, shift+1
	}
	return arena{stride: uintptr(stride), shift: shift, mask: Slot(slots - 1), pool: pool}
}

// at is the entry of slot s.
func (a *arena) at(s Slot) unsafe.Pointer {
	return unsafe.Add(a.chunks[s>>(a.shift&31)], uintptr(s&a.mask)*a.stride)
}

// take hands out a slot; its entry holds old bytes. Entries of the first chunk
// may move.
func (a *arena) take() Slot {
	if n := len(a.free); n > 0 {
		s := a.free[n-1]
		a.free = a.free[:n-1]
		return s
	}
	if a.next == a.room {
		a.extend()
	}
	a.next++
	return a.next - 1
}

func (a *arena) put(s Slot) { a.free = append(a.free, s) }

func (a *arena) extend() {
	full := a.mask + 1
	if a.fixed || a.room >= full {
		a.add(a.pool.take(int(full) * int(a.stride)))
		a.room += full
		return
	}
	slots := min(full, max(firstSlots, 2*a.room))
	mem := a.pool.take(int(slots) * int(a.stride))
	if len(a.mem) == 0 {
		a.add(mem)
	} else {
		copy(mem, a.mem[0])
		a.pool.put(a.mem[0])
		a.mem[0], a.chunks[0] = mem, unsafe.Pointer(unsafe.SliceData(mem))
	}
	a.room = slots
}

func (a *arena) add(mem []byte) {
	a.mem = append(a.mem, mem)
	a.chunks = append(a.chunks, unsafe.Pointer(unsafe.SliceData(mem)))
}

// reset gives all chunks back.
func (a *arena) reset() {
	for _, m := range a.mem {
		a.pool.put(m)
	}
	a.mem, a.chunks, a.free, a.next, a.room = nil, nil, nil, 0, 0
}
