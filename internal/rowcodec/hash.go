package rowcodec

import (
	"math/bits"
	"unsafe"

	"github.com/zeebo/xxh3"
)

// Hash is the 64-bit hash of an encoded key. It is a function of the bytes alone
// and stable across versions: key groups and hash order on disk follow from it.
func Hash(key []byte) uint64 {
	switch len(key) {
	case 8:
		return hash8(load64(unsafe.Pointer(unsafe.SliceData(key))))
	case 16:
		p := unsafe.Pointer(unsafe.SliceData(key))
		return hash16(load64(p), load64(unsafe.Add(p, 8)))
	}
	return xxh3.Hash(key)
}

// hash8 is a bijective mix of one word (two rounds of multiply and xor-shift), so
// 8-byte keys never collide on all 64 bits.
func hash8(x uint64) uint64 {
	x ^= x >> 32
	x *= 0xe9846af9b1a615d
	x ^= x >> 32
	x *= 0xe9846af9b1a615d
	x ^= x >> 28
	return x
}

// hash16 folds the 128-bit product of both words and mixes the result.
func hash16(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0xa0761d6478bd642f, b^0xe7037ed1a0b428db)
	return hash8(hi ^ lo ^ bits.RotateLeft64(a, 32) ^ b)
}

func load64(p unsafe.Pointer) uint64 { return *(*uint64)(p) }
