package msgpack

import (
	"encoding/binary"
	"math"
)

// kind is what a token begins or is.
type kind uint8

const (
	kindNil kind = iota
	kindBool
	kindInt
	kindUint // beyond int64
	kindFloat
	kindText
	kindBytes
	kindArray
	kindMap
	kindTime
	kindExt
	kindBad   // no MessagePack
	kindShort // the data end early
)

// String names the kind in messages.
func (k kind) String() string {
	return [...]string{"nil", "a boolean", "a whole number", "a whole number", "a number", "a text", "bytes", "an array", "a map",
		"a timestamp", "an extension", "no MessagePack", "the end of the data"}[k]
}

// token is one value, or the head of an array or map.
type token struct {
	kind  kind
	i     int64 // a number, a boolean, or a timestamp's second
	f     float64
	nanos int64
	n     int    // elements of an array, entries of a map
	b     []byte // a text or bytes
	next  int
}

// read reads the token at i.
func read(data []byte, i int) token {
	if i >= len(data) {
		return token{kind: kindShort}
	}
	c := data[i]
	i++
	switch {
	case c < 0x80:
		return token{kind: kindInt, i: int64(c), next: i}
	case c < 0x90:
		return token{kind: kindMap, n: int(c & 0x0f), next: i}
	case c < 0xa0:
		return token{kind: kindArray, n: int(c & 0x0f), next: i}
	case c < 0xc0:
		return piece(kindText, data, i, int64(c&0x1f))
	case c >= 0xe0:
		return token{kind: kindInt, i: int64(int8(c)), next: i}
	}
	return readLong(c, data, i)
}

// piece is a token of n bytes from i on.
func piece(k kind, data []byte, i int, n int64) token {
	if n > int64(len(data)-i) {
		return token{kind: kindShort}
	}
	return token{kind: k, b: data[i : i+int(n)], next: i + int(n)}
}

// number reads size bytes at i, most significant first; ok is false when the data
// end early.
func number(data []byte, i, size int) (v uint64, ok bool) {
	if size > len(data)-i {
		return 0, false
	}
	for _, c := range data[i : i+size] {
		v = v<<8 | uint64(c)
	}
	return v, true
}

// readLong reads the token of the first byte c, which is not of the short kinds.
func readLong(c byte, data []byte, i int) token {
	switch c {
	case 0xc0:
		return token{kind: kindNil, next: i}
	case 0xc1:
		return token{kind: kindBad}
	case 0xc2, 0xc3:
		return token{kind: kindBool, i: int64(c & 1), next: i}
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return extension(data, i, 1<<(c-0xd4))
	}
	// The others have a number of 1, 2, 4 or 8 bytes next.
	size := sizeOf(c)
	v, ok := number(data, i, size)
	if !ok {
		return token{kind: kindShort}
	}
	i += size
	switch {
	case c <= 0xc6:
		return piece(kindBytes, data, i, int64(v))
	case c <= 0xc9:
		return extension(data, i, int64(v))
	case c == 0xca:
		return token{kind: kindFloat, f: float64(math.Float32frombits(uint32(v))), next: i}
	case c == 0xcb:
		return token{kind: kindFloat, f: math.Float64frombits(v), next: i}
	case c <= 0xcf:
		if v > math.MaxInt64 {
			return token{kind: kindUint, i: int64(v), next: i}
		}
		return token{kind: kindInt, i: int64(v), next: i}
	case c <= 0xd3:
		shift := 64 - 8*size
		return token{kind: kindInt, i: int64(v) << shift >> shift, next: i}
	case c <= 0xdb:
		return piece(kindText, data, i, int64(v))
	case c <= 0xdd:
		return token{kind: kindArray, n: int(v), next: i}
	}
	return token{kind: kindMap, n: int(v), next: i}
}

// sizeOf is the size of the number after the byte c.
func sizeOf(c byte) int {
	switch c {
	case 0xc4, 0xc7, 0xcc, 0xd0, 0xd9:
		return 1
	case 0xc5, 0xc8, 0xcd, 0xd1, 0xda, 0xdc, 0xde:
		return 2
	case 0xcb, 0xcf, 0xd3:
		return 8
	}
	return 4
}

// timeExt is the type of the timestamp extension.
const timeExt = 0xff

// extension reads a type byte and n bytes.
func extension(data []byte, i int, n int64) token {
	t := piece(kindExt, data, i, n+1)
	if t.kind == kindShort || t.b[0] != timeExt {
		return t
	}
	b := t.b[1:]
	switch len(b) {
	case 4:
		t.i = int64(binary.BigEndian.Uint32(b))
	case 8:
		v := binary.BigEndian.Uint64(b)
		t.nanos, t.i = int64(v>>34), int64(v&(1<<34-1))
	case 12:
		t.nanos, t.i = int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint64(b[4:]))
	default:
		return t
	}
	if t.nanos < 1e9 {
		t.kind = kindTime
	}
	return t
}
