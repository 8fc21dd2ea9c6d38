package aggstate

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// Buffer is a hash table of groups that lives between two flushes only: no state
// behind it, nothing to restore. The local phase of an aggregation and the merging
// of slices use it. Rows keep their places until Reset; groups stand in the order
// they came. The zero Buffer is not ready: use NewBuffer.
//
// Keys of one word, which most are, are compared where they are found (invariant
// Words: while all keys have 8 bytes, words is in use and places is not).
type Buffer struct {
	width int
	// words and places have a power of two of entries: a group's index + 1, or 0.
	words    []wordPlace
	places   []uint32
	useBytes bool
	hashes   []uint64
	keys     []byte
	ends     []uint32 // ends of the groups' keys in keys
	rows     []unsafe.Pointer
	chunks   [][]uint64
	used     int // rows used in the last chunk in use
	chunk    int // chunk in use
	heap     bufferHeap
}

type wordPlace struct {
	word  uint64
	group uint32
}

const (
	// bufferChunkRows is how many rows are allocated at a time.
	bufferChunkRows = 1024
	placesLeast     = 2048
	wordBytes       = 8
)

// NewBuffer makes a buffer of rows of width bytes.
func NewBuffer(width int) *Buffer {
	return &Buffer{width: width, words: make([]wordPlace, placesLeast), places: make([]uint32, placesLeast)}
}

// Len is the number of groups.
func (b *Buffer) Len() int { return len(b.rows) }

// Rows are the rows of all groups in the order they came, valid until Reset.
func (b *Buffer) Rows() []unsafe.Pointer { return b.rows }

// Key is the key of group i.
func (b *Buffer) Key(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = b.ends[i-1]
	}
	return b.keys[start:b.ends[i]]
}

// Hash is the hash of group i's key.
func (b *Buffer) Hash(i int) uint64 { return b.hashes[i] }

// Upsert finds or adds the groups of keys and puts their rows in rows, zeroed for
// new groups.
func (b *Buffer) Upsert(keys *rowcodec.Keys, rows []unsafe.Pointer) {
	if keys.Len() == 0 {
		return
	}
	if !b.useBytes && keys.Width == wordBytes {
		b.upsertWords(keys, rows)
		return
	}
	if !b.useBytes {
		b.useBytes = true
		b.rehash(len(b.places))
	}
	b.upsertBytes(keys, rows)
}

func (b *Buffer) upsertWords(keys *rowcodec.Keys, rows []unsafe.Pointer) {
	n := keys.Len()
	for 2*(len(b.rows)+n) > len(b.words) {
		b.rehashWords()
	}
	words := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(keys.Data))), n)
	places, mask := b.words, uint64(len(b.words)-1)
	hashes, rows := keys.Hashes[:n], rows[:n]
	for i, word := range words {
		at := hashes[i] & mask
		for {
			place := &places[at&uint64(len(places)-1)]
			if place.group == 0 {
				rows[i] = b.add(keys.At(i), hashes[i])
				place.word, place.group = word, uint32(len(b.rows))
				break
			}
			if place.word == word {
				rows[i] = b.rows[place.group-1]
				break
			}
			at = (at + 1) & mask
		}
	}
}

func (b *Buffer) upsertBytes(keys *rowcodec.Keys, rows []unsafe.Pointer) {
	n := keys.Len()
	for 2*(len(b.rows)+n) > len(b.places) {
		b.rehash(2 * len(b.places))
	}
	mask := uint64(len(b.places) - 1)
	for i := range n {
		hash := keys.Hashes[i]
		at := hash & mask
		for {
			place := b.places[at]
			if place == 0 {
				rows[i] = b.add(keys.At(i), hash)
				b.places[at] = uint32(len(b.rows))
				break
			}
			if b.hashes[place-1] == hash && bytes.Equal(b.Key(int(place-1)), keys.At(i)) {
				rows[i] = b.rows[place-1]
				break
			}
			at = (at + 1) & mask
		}
	}
}

func (b *Buffer) add(key []byte, hash uint64) unsafe.Pointer {
	words := b.width / 8
	if len(b.chunks) == 0 || b.used == bufferChunkRows {
		if len(b.chunks) > 0 {
			b.chunk++
		}
		if b.chunk == len(b.chunks) {
			b.chunks = append(b.chunks, make([]uint64, bufferChunkRows*words))
		}
		b.used = 0
	}
	row := b.chunks[b.chunk][b.used*words : (b.used+1)*words]
	clear(row)
	b.used++
	b.keys = append(b.keys, key...)
	b.ends = append(b.ends, uint32(len(b.keys)))
	b.hashes = append(b.hashes, hash)
	p := unsafe.Pointer(&row[0])
	b.rows = append(b.rows, p)
	return p
}

// rehash gives places a size and enters all groups.
func (b *Buffer) rehash(size int) {
	for size < 2*len(b.rows) {
		size *= 2
	}
	b.places = make([]uint32, size)
	mask := uint64(len(b.places) - 1)
	for i, hash := range b.hashes {
		at := hash & mask
		for b.places[at] != 0 {
			at = (at + 1) & mask
		}
		b.places[at] = uint32(i + 1)
	}
}

func (b *Buffer) rehashWords() {
	b.words = make([]wordPlace, 2*len(b.words))
	mask := uint64(len(b.words) - 1)
	for i, hash := range b.hashes {
		at := hash & mask
		for b.words[at].group != 0 {
			at = (at + 1) & mask
		}
		b.words[at] = wordPlace{word: binary.NativeEndian.Uint64(b.keys[i*wordBytes:]), group: uint32(i + 1)}
	}
}

// Reset empties the buffer and keeps its memory.
func (b *Buffer) Reset() {
	if b.useBytes {
		clear(b.places)
	}
	clear(b.words)
	b.useBytes = false
	b.hashes, b.keys, b.ends, b.rows = b.hashes[:0], b.keys[:0], b.ends[:0], b.rows[:0]
	b.chunk, b.used = 0, 0
	b.heap.reset()
}

// Bytes is about how much memory the buffer holds.
func (b *Buffer) Bytes() int64 {
	total := cap(b.words)*int(unsafe.Sizeof(wordPlace{})) + 4*cap(b.places) + 8*cap(b.hashes) + cap(b.keys) + 4*cap(b.ends) + 8*cap(b.rows) +
		cap(b.heap.data) + int(unsafe.Sizeof(heapSpan{}))*cap(b.heap.spans)
	for _, chunk := range b.chunks {
		total += 8 * len(chunk)
	}
	return int64(total)
}

// Heap is the heap for the rows' var-length parts.
func (b *Buffer) Heap() *bufferHeap { return &b.heap }

// DecodeKeys gives the key columns of groups [from, to), owned by the caller.
func (b *Buffer) DecodeKeys(from, to int, types []arrow.DataType, decoder *rowcodec.KeyDecoder, alloc memory.Allocator) ([]arrow.Array, error) {
	list := make([][]byte, to-from)
	for i := range list {
		list[i] = b.Key(from + i)
	}
	return DecodeKeys(list, types, decoder, alloc)
}

// DecodeKeys turns encoded keys into key columns, owned by the caller.
func DecodeKeys(keys [][]byte, types []arrow.DataType, decoder *rowcodec.KeyDecoder, alloc memory.Allocator) ([]arrow.Array, error) {
	builders := make([]array.Builder, len(types))
	for i, t := range types {
		builders[i] = array.NewBuilder(alloc, t)
		builders[i].Reserve(len(keys))
		defer builders[i].Release()
	}
	if err := decoder.DecodeAll(keys, builders); err != nil {
		return nil, err
	}
	out := make([]arrow.Array, len(types))
	for i := range out {
		out[i] = builders[i].NewArray()
	}
	return out, nil
}

// bufferHeap is a heap that is only ever freed as a whole.
type bufferHeap struct {
	data []byte
	// spans[ref-1] is where a string lies.
	spans []heapSpan
}

type heapSpan struct{ start, length, room uint32 }

// Get implements agg.Heap.
func (h *bufferHeap) Get(ref uint64) []byte {
	if ref == 0 {
		return nil
	}
	s := h.spans[ref-1]
	return h.data[s.start : s.start+s.length]
}

// Put implements agg.Heap. A string that grows leaves its old place empty and takes
// half as much again, so that growing byte by byte costs little.
func (h *bufferHeap) Put(old uint64, b []byte) uint64 {
	if old == 0 {
		h.spans = append(h.spans, heapSpan{})
		old = uint64(len(h.spans))
	}
	s := &h.spans[old-1]
	if uint32(len(b)) > s.room {
		s.start, s.room = uint32(len(h.data)), uint32(len(b)+len(b)/2)
		h.data = append(h.data, make([]byte, s.room)...)
	}
	s.length = uint32(copy(h.data[s.start:s.start+s.room], b))
	return old
}

// Free implements agg.Heap.
func (h *bufferHeap) Free(ref uint64) {
	if ref != 0 {
		h.spans[ref-1].length = 0
	}
}

func (h *bufferHeap) reset() { h.data, h.spans = h.data[:0], h.spans[:0] }
