package rowset

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"

	"github.com/thalweg/thalweg/internal/errs"
)

// The stored form of a set is
//
//	"TWROWS\x00\x01" | row count uvarint | each row: key length, key, value length, value | XXH3-64 of all before
//
// The last byte of the magic is the format's version.
const (
	fileMagic  = "TWROWS\x00\x01"
	fileFooter = 8
)

// Encode is the stored form.
func (s Set) Encode() []byte {
	out := append(make([]byte, 0, s.size+8*len(s.rows)+32), fileMagic...)
	out = binary.AppendUvarint(out, uint64(len(s.rows)))
	for _, r := range s.rows {
		out = appendBytes(appendBytes(out, r.Key), r.Value)
	}
	return binary.LittleEndian.AppendUint64(out, xxh3.Hash(out))
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// Decode reads the stored form; the rows share b's memory.
func Decode(b []byte) (Set, error) {
	if len(b) < len(fileMagic)+fileFooter || string(b[:len(fileMagic)]) != fileMagic {
		return Set{}, errs.Corruptionf("stored rows have no header, or one of an unknown version")
	}
	body := b[:len(b)-fileFooter]
	if xxh3.Hash(body) != binary.LittleEndian.Uint64(b[len(body):]) {
		return Set{}, errs.Corruptionf("stored rows fail their checksum")
	}
	body = body[len(fileMagic):]
	count, used := binary.Uvarint(body)
	if used <= 0 || count > uint64(len(body)) {
		return Set{}, errShort()
	}
	body = body[used:]
	rows := make([]Row, 0, count)
	for range count {
		var key, value []byte
		var ok bool
		if key, body, ok = cutBytes(body); ok {
			value, body, ok = cutBytes(body)
		}
		if !ok {
			return Set{}, errShort()
		}
		rows = append(rows, Row{key, value})
	}
	var s Set
	s.replace(rows)
	return s, nil
}

func cutBytes(b []byte) (out, rest []byte, ok bool) {
	size, used := binary.Uvarint(b)
	if used <= 0 || size > uint64(len(b)-used) {
		return nil, nil, false
	}
	end := used + int(size)
	return b[used:end:end], b[end:], true
}

func errShort() error { return errs.Corruptionf("stored rows end early") }
