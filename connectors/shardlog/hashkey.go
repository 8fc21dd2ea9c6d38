package shardlog

import (
	"crypto/md5"
	"encoding/binary"
	"math/big"
	"math/bits"

	"github.com/thalweg/thalweg/internal/errs"
)

// HashKey is a number of 128 bits: the MD5 of a partition key, or a bound of a
// shard's range.
type HashKey struct {
	Hi uint64 `msgpack:"h"`
	Lo uint64 `msgpack:"l"`
}

// maxHashKey is the greatest key.
func maxHashKey() HashKey { return HashKey{^uint64(0), ^uint64(0)} }

// hashOf is the key of a partition key.
func hashOf(partitionKey string) HashKey {
	sum := md5.Sum([]byte(partitionKey))
	return HashKey{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

// ParseHashKey reads the decimal form; errors are of class user.
func ParseHashKey(text string) (HashKey, error) {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok || n.Sign() < 0 || n.BitLen() > 128 || text[0] == '+' {
		return HashKey{}, errs.Userf("%q is no hash key", text).WithHint("a hash key is a number from 0 to 2^128 - 1")
	}
	var b [16]byte
	n.FillBytes(b[:])
	return HashKey{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}, nil
}

// String gives the decimal form.
func (k HashKey) String() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], k.Hi)
	binary.BigEndian.PutUint64(b[8:], k.Lo)
	return new(big.Int).SetBytes(b[:]).String()
}

// Less orders keys.
func (k HashKey) Less(o HashKey) bool { return k.Hi < o.Hi || k.Hi == o.Hi && k.Lo < o.Lo }

// previous is k - 1.
func (k HashKey) previous() HashKey {
	lo, borrow := bits.Sub64(k.Lo, 1, 0)
	return HashKey{k.Hi - borrow, lo}
}

// rangeStart is the first key of part i of n equal parts of all keys.
func rangeStart(i, n int) HashKey {
	// ⌊i · 2^128 / n⌋ by long division, i < n.
	hi, rest := bits.Div64(uint64(i), 0, uint64(n))
	lo, _ := bits.Div64(rest, 0, uint64(n))
	return HashKey{hi, lo}
}

// minus is k - o, for o ≤ k.
func (k HashKey) minus(o HashKey) HashKey {
	lo, borrow := bits.Sub64(k.Lo, o.Lo, 0)
	hi, _ := bits.Sub64(k.Hi, o.Hi, borrow)
	return HashKey{hi, lo}
}

// middle is the first key of the upper half of the keys from first to last.
func middle(first, last HashKey) HashKey {
	d := last.minus(first)
	half := HashKey{d.Hi >> 1, d.Lo>>1 | d.Hi<<63}
	lo, carry := bits.Add64(first.Lo, half.Lo, 1)
	hi, _ := bits.Add64(first.Hi, half.Hi, carry)
	return HashKey{hi, lo}
}
