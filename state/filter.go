package state

import "unsafe"

// filter tells of most keys that are not in the backing that they are not, without
// a read. It never denies a key that was added; nothing is taken out, and the
// owner builds it anew when too much of it is stale (see Table.forget).
//
// It is a list of blocked Bloom filters, each several times as large as the one
// before: a key sets one bit in each word of one block, so that a test costs one
// cache miss a layer.
type filter struct {
	layers []filterLayer
	// count is the number of keys added; bytes what the layers take, limit what
	// they may: past it the last layer takes all further keys and gets less sharp.
	count        int
	bytes, limit int64
	pool         *chunkPool
}

type filterLayer struct {
	blocks []filterBlock
	words  []uint64 // the blocks' memory
	room   int      // the keys it takes before the next layer
}

type filterBlock [8]uint32

const (
	filterBlockBytes = int(unsafe.Sizeof(filterBlock{}))
	// filterKeysPerBlock makes 16 bits a key: less than one of 100 absent keys passes.
	filterKeysPerBlock = 16
	filterFirstBlocks  = 64
	filterGrowth       = 4
)

// filterSalts are odd multipliers, one for each word of a block.
var filterSalts = filterBlock{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

func (l *filterLayer) block(hash uint64) *filterBlock {
	return &l.blocks[(hash>>32)*uint64(len(l.blocks))>>32]
}

func (b *filterBlock) has(hash uint32) bool {
	for i, salt := range filterSalts {
		if b[i]&(1<<(hash*salt>>27)) == 0 {
			return false
		}
	}
	return true
}

// has reports whether a key with that hash may have been added.
func (f *filter) has(hash uint64) bool {
	for i := len(f.layers) - 1; i >= 0; i-- {
		if f.layers[i].block(hash).has(uint32(hash)) {
			return true
		}
	}
	return false
}

// add adds a key.
func (f *filter) add(hash uint64) {
	if f.has(hash) {
		return
	}
	n := len(f.layers)
	if n == 0 || f.layers[n-1].room == 0 {
		f.extend()
		n = len(f.layers)
	}
	l := &f.layers[n-1]
	l.room = max(0, l.room-1)
	f.count++
	b := l.block(hash)
	for i, salt := range filterSalts {
		b[i] |= 1 << (uint32(hash) * salt >> 27)
	}
}

// extend adds a layer, unless that would pass the limit.
func (f *filter) extend() {
	blocks := filterFirstBlocks
	if n := len(f.layers); n > 0 {
		blocks = filterGrowth * len(f.layers[n-1].blocks)
		if f.limit > 0 && f.bytes+int64(blocks*filterBlockBytes) > f.limit {
			return
		}
	}
	words := f.pool.words(blocks * filterBlockBytes / 8)
	f.bytes += int64(len(words) * 8)
	f.layers = append(f.layers, filterLayer{
		blocks: unsafe.Slice((*filterBlock)(unsafe.Pointer(unsafe.SliceData(words))), blocks),
		words:  words, room: blocks * filterKeysPerBlock,
	})
}

// reset empties the filter.
func (f *filter) reset() {
	for _, l := range f.layers {
		f.pool.releaseWords(l.words)
	}
	*f = filter{limit: f.limit, pool: f.pool}
}
