package rowcodec

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"
)

// mapSorter orders a map's entries by their encoded keys, which makes equal maps
// equal bytes. A nil sorter keeps entries in order and floats bit by bit.
type mapSorter struct {
	buf     []byte
	entries []mapEntry
	// inner sorts maps inside this one's entries.
	inner *mapSorter
}

// mapEntry is an encoded entry, buf[start:end], whose key ends at key.
type mapEntry struct{ start, key, end int }

// appendValue appends value i of v, which is not NULL, in self-delimiting form:
//
//	fixed   its bytes
//	var     uvarint length, bytes
//	list    uvarint count, then each element as 0, or 1 and its value
//	map     uvarint count, then each entry's key and its item as in a list
//	struct  each field as 0, or 1 and its value
func appendValue(dst []byte, v *view, i int, sorter *mapSorter) []byte {
	switch v.shape.form {
	case formFixed:
		return appendFixed(dst, v, i, sorter != nil)
	case formBool:
		return append(dst, v.bits[(v.offset+i)/8]>>((v.offset+i)%8)&1)
	case formVar:
		b := v.bytesAt(i)
		dst = binary.AppendUvarint(dst, uint64(len(b)))
		return append(dst, b...)
	case formList:
		start, end := v.lists.ValueOffsets(i)
		dst = binary.AppendUvarint(dst, uint64(end-start))
		for j := start; j < end; j++ {
			dst = appendOptional(dst, &v.children[0], int(j), sorter)
		}
	case formStruct:
		for c := range v.children {
			dst = appendOptional(dst, &v.children[c], i, sorter)
		}
	case formMap:
		return appendMap(dst, v, i, sorter)
	}
	return dst
}

func appendOptional(dst []byte, v *view, i int, sorter *mapSorter) []byte {
	if v.isNull(i) {
		return append(dst, 0)
	}
	return appendValue(append(dst, 1), v, i, sorter)
}

func appendFixed(dst []byte, v *view, i int, canonical bool) []byte {
	width := v.shape.width
	at := len(dst)
	dst = append(dst, unsafe.Slice((*byte)(v.fixedAt(i)), width)...)
	if canonical && v.shape.float != 0 {
		canonicalFloat(unsafe.Pointer(&dst[at]), v.shape.float)
	}
	return dst
}

func appendMap(dst []byte, v *view, i int, sorter *mapSorter) []byte {
	start, end := v.lists.ValueOffsets(i)
	dst = binary.AppendUvarint(dst, uint64(end-start))
	if sorter == nil {
		for j := start; j < end; j++ {
			dst = appendOptional(dst, &v.children[0], int(j), nil)
			dst = appendOptional(dst, &v.children[1], int(j), nil)
		}
		return dst
	}
	if sorter.inner == nil {
		sorter.inner = &mapSorter{}
	}
	sorter.buf, sorter.entries = sorter.buf[:0], sorter.entries[:0]
	for j := start; j < end; j++ {
		e := mapEntry{start: len(sorter.buf)}
		sorter.buf = appendOptional(sorter.buf, &v.children[0], int(j), sorter.inner)
		e.key = len(sorter.buf)
		sorter.buf = appendOptional(sorter.buf, &v.children[1], int(j), sorter.inner)
		e.end = len(sorter.buf)
		sorter.entries = append(sorter.entries, e)
	}
	slices.SortFunc(sorter.entries, func(a, b mapEntry) int {
		return bytes.Compare(sorter.buf[a.start:a.key], sorter.buf[b.start:b.key])
	})
	for _, e := range sorter.entries {
		dst = append(dst, sorter.buf[e.start:e.end]...)
	}
	return dst
}

// appendBare is appendValue without the length of formVar.
func appendBare(dst []byte, v *view, i int, sorter *mapSorter) []byte {
	if v.shape.form == formVar {
		return append(dst, v.bytesAt(i)...)
	}
	return appendValue(dst, v, i, sorter)
}

func appendUvarint32(dst []byte, n uint32) []byte { return binary.AppendUvarint(dst, uint64(n)) }
