package state

import (
	"encoding/binary"
	"math"

	"github.com/zeebo/xxh3"

	"github.com/thalweg/thalweg/internal/errs"
)

// Keys in the backing, all numbers big endian:
//
//	group u16 | table 6 bytes | [namespace i64, sign flipped] | tag u32 | key length uvarint | key | sub
//
// The table is a hash of its full name; its lowest bit tells whether a namespace
// follows (the slice of a Sliced or SlicedMulti). The tag is the lower half
// of the key's hash: rows of a group lie in hash order, which is the order that
// memory is scanned in. The sub-key is that of a Multi's entry.
const (
	groupBytes     = 2
	tableBytes     = 6
	prefixBytes    = groupBytes + tableBytes
	namespaceBytes = 8
	tagBytes       = 4
)

// tableID is a table's 48-bit id in its lower bits.
type tableID uint64

const namespacedBit tableID = 1

func newTableID(name string, namespaced bool) tableID {
	id := tableID(xxh3.HashString(name)) & (1<<48 - 1) &^ namespacedBit
	if namespaced {
		id |= namespacedBit
	}
	return id
}

// space is where a table's rows lie within a group.
type space struct {
	id        tableID
	namespace int64
}

func (s space) namespaced() bool { return s.id&namespacedBit != 0 }

// appendPrefix appends what all rows of the space in a group start with.
func (s space) appendPrefix(dst []byte, group int) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(group)<<48|uint64(s.id))
	if s.namespaced() {
		dst = binary.BigEndian.AppendUint64(dst, uint64(s.namespace)^(1<<63))
	}
	return dst
}

// appendKey appends the backing key of a key; a sub-key may follow.
func (s space) appendKey(dst []byte, group int, tag uint32, key []byte) []byte {
	dst = s.appendPrefix(dst, group)
	dst = binary.BigEndian.AppendUint32(dst, tag)
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	return append(dst, key...)
}

// diskKey is a backing key taken apart; slices point into it.
type diskKey struct {
	group     int
	namespace int64
	tag       uint32
	key, sub  []byte
}

func parseDiskKey(b []byte) (diskKey, error) {
	n, err := PrefixLen(b)
	if err != nil {
		return diskKey{}, err
	}
	k := diskKey{group: int(binary.BigEndian.Uint16(b)), namespace: math.MinInt64}
	at := prefixBytes
	if b[prefixBytes-1]&byte(namespacedBit) != 0 {
		k.namespace = int64(binary.BigEndian.Uint64(b[at:]) ^ (1 << 63))
		at += namespaceBytes
	}
	k.tag = binary.BigEndian.Uint32(b[at:])
	at += tagBytes
	_, used := binary.Uvarint(b[at:])
	k.key, k.sub = b[at+used:n], b[n:]
	return k, nil
}

// PrefixLen is the length of a backing key without its sub-key: what all rows of
// one key in one table share and what filters are built on. Bounds of ranges may
// be shorter than a key; then the error is not nil.
func PrefixLen(b []byte) (int, error) {
	at := prefixBytes + tagBytes
	if len(b) >= prefixBytes && b[prefixBytes-1]&byte(namespacedBit) != 0 {
		at += namespaceBytes
	}
	if len(b) <= at {
		return len(b), errShortKey
	}
	size, used := binary.Uvarint(b[at:])
	if used <= 0 || size > uint64(len(b)-at-used) {
		return len(b), errShortKey
	}
	return at + used + int(size), nil
}

var errShortKey = errs.Corruptionf("a key in the state store ends early")

// prefixEnd turns b into the least key above all keys with prefix b, in place.
func prefixEnd(b []byte) []byte {
	for i := len(b) - 1; i >= 0; i-- {
		b[i]++
		if b[i] != 0 {
			return b[:i+1]
		}
	}
	return b
}
