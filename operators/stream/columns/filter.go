package columns

import (
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Filter keeps the rows of arr where mask is TRUE (not FALSE, not NULL). Both
// have the same length.
func Filter(alloc memory.Allocator, arr arrow.Array, mask *array.Boolean) arrow.Array {
	sel := Selection(mask, make([]int32, 0, mask.Len()))
	if len(sel) == arr.Len() {
		arr.Retain()
		return arr
	}
	return Take(alloc, arr, sel)
}

// Selection appends the numbers of the rows where mask is TRUE to dst.
func Selection(mask *array.Boolean, dst []int32) []int32 {
	data := mask.Data()
	if data.Len() == 0 {
		return dst
	}
	values, offset, n := data.Buffers()[1].Bytes(), data.Offset(), data.Len()
	if mask.NullN() == 0 {
		return AppendSet(dst, values, nil, offset, n)
	}
	return AppendSet(dst, values, mask.NullBitmapBytes(), offset, n)
}

// AppendSet appends to dst the positions i in [0, n) whose bit offset+i is set
// in values and, unless valid is nil, in valid too.
func AppendSet(dst []int32, values, valid []byte, offset, n int) []int32 {
	for base := 0; base < n; base += 64 {
		word := loadBits(values, offset+base, min(64, n-base))
		if valid != nil {
			word &= loadBits(valid, offset+base, min(64, n-base))
		}
		if word == ^uint64(0) {
			for i := range int32(64) {
				dst = append(dst, int32(base)+i)
			}
			continue
		}
		for word != 0 {
			dst = append(dst, int32(base+bits.TrailingZeros64(word)))
			word &= word - 1
		}
	}
	return dst
}

// loadBits reads n ≤ 64 bits from bit position at, in the low bits of the word.
func loadBits(bitmap []byte, at, n int) uint64 {
	first, shift := at>>3, uint(at&7)
	var word uint64
	if first+8 <= len(bitmap) {
		word = binary.LittleEndian.Uint64(bitmap[first:]) >> shift
	} else {
		var tail [8]byte
		copy(tail[:], bitmap[first:])
		word = binary.LittleEndian.Uint64(tail[:]) >> shift
	}
	if shift > 0 && first+8 < len(bitmap) {
		word |= uint64(bitmap[first+8]) << (64 - shift)
	}
	if n < 64 {
		word &= 1<<uint(n) - 1
	}
	return word
}
