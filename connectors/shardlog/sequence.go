package shardlog

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/thalweg/thalweg/internal/errs"
)

// Sequence is a record's number in Kinesis' form: a decimal number of 56 digits
// that starts with 49 (until the year 2055) and grows within a shard. In 47 hexadecimal digits it reads
//
//	2 | created 9 | shard, low digit 1 | index 16 | 0 2 | second 9 | shard 8 | 2
//
// The zero Sequence stands for none.
type Sequence struct {
	// Created is the second in which the shard was created, at least the one after
	// its parents were closed: so children's numbers are greater.
	Created int64
	// Index counts the shard's records from 1; 0 is the shard's starting number
	// and lastIndex its ending number, which no record has.
	Index uint64
	// Second is the one in which the record arrived.
	Second int64
	// Shard is the shard's number in its stream.
	Shard uint32
}

// lastIndex is the index of a closed shard's ending number.
const lastIndex = 1<<63 - 1

const (
	sequenceVersion = 2
	sequenceLead    = 2
	secondBits      = 36
)

// IsZero reports "none".
func (s Sequence) IsZero() bool { return s == Sequence{} }

// words are the number's 192 bits, most significant first.
func (s Sequence) words() (hi, mid, lo uint64) {
	second := uint64(s.Second) & (1<<secondBits - 1)
	created := uint64(s.Created) & (1<<secondBits - 1)
	// From the right: version 4, shard 32, second 36, zero 8, index 64, shard 4,
	// created 36, lead 4.
	lo = sequenceVersion | uint64(s.Shard)<<4 | second<<36
	mid = second>>28 | s.Index<<16
	hi = s.Index>>48 | uint64(s.Shard&15)<<16 | created<<20 | sequenceLead<<56
	return hi, mid, lo
}

// Compare orders numbers as Kinesis clients do: as big integers.
func (s Sequence) Compare(o Sequence) int {
	a1, a2, a3 := s.words()
	b1, b2, b3 := o.words()
	switch {
	case a1 != b1:
		return sign(a1 < b1)
	case a2 != b2:
		return sign(a2 < b2)
	case a3 != b3:
		return sign(a3 < b3)
	}
	return 0
}

func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}

// sequenceDigits is the length of the decimal form.
const sequenceDigits = 56

// String gives the decimal form.
func (s Sequence) String() string { return string(s.Append(nil)) }

// Append appends the decimal form to dst.
func (s Sequence) Append(dst []byte) []byte {
	const chunk, chunkDigits = 10_000_000_000_000_000_000, 19
	hi, mid, lo := s.words()
	start := len(dst)
	dst = append(dst, make([]byte, sequenceDigits)...)
	at := len(dst)
	for at > start {
		var rest uint64
		hi, rest = hi/chunk, hi%chunk
		mid, rest = bits.Div64(rest, mid, chunk)
		lo, rest = bits.Div64(rest, lo, chunk)
		for i := 0; i < chunkDigits && at > start; i++ {
			at--
			dst[at] = byte('0' + rest%10)
			rest /= 10
		}
	}
	return dst
}

// ParseSequence reads the decimal form; errors are of class user.
func ParseSequence(text string) (Sequence, error) {
	bad := errs.Userf("%q is no sequence number", text).WithHint("a sequence number has 56 digits and starts with 49")
	if len(text) != sequenceDigits || strings.Trim(text, "0123456789") != "" {
		return Sequence{}, bad
	}
	var hi, mid, lo uint64
	for _, c := range []byte(text) {
		var carry, c1, c2, c3 uint64
		carry, lo = bits.Mul64(lo, 10)
		lo, c1 = bits.Add64(lo, uint64(c-'0'), 0)
		carry, c1 = carry+c1, 0
		c2, mid = bits.Mul64(mid, 10)
		mid, c3 = bits.Add64(mid, carry, c1)
		hi = hi*10 + c2 + c3
	}
	s := Sequence{
		Created: int64(hi >> 20 & (1<<secondBits - 1)),
		Index:   hi<<48 | mid>>16,
		Second:  int64(mid<<28&(1<<secondBits-1) | lo>>36),
		Shard:   uint32(lo >> 4),
	}
	if h, m, l := s.words(); h != hi || m != mid || l != lo {
		return Sequence{}, bad
	}
	return s, nil
}

// ShardID is a shard's name within its stream, such as shardId-000000000003.
type ShardID string

const (
	shardPrefix = "shardId-"
	shardDigits = 12
)

// shardNumber is the number in a shard's name.
func shardNumber(id ShardID) (uint32, bool) {
	digits, ok := strings.CutPrefix(string(id), shardPrefix)
	if !ok || len(digits) != shardDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil
}

// ShardIDOf is the name of the shard that sequence numbers hold.
func ShardIDOf(number uint32) ShardID { return shardID(number) }

// shardID is the name of a shard's number.
func shardID(number uint32) ShardID {
	return ShardID(fmt.Sprintf("%s%0*d", shardPrefix, shardDigits, number))
}
