// Package kpl packs many small records into one Kinesis record and takes them apart
// again, in the form of the Kinesis Producer Library: four magic bytes, a protobuf
// message of the records with tables of their keys, and its MD5.
package kpl

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
)

// magic begins an aggregated record; other records are plain.
var magic = [...]byte{0xF3, 0x89, 0x9A, 0xC2}

// The numbers of the message's members.
const (
	fieldKeys         = 1 // repeated string
	fieldHashKeys     = 2 // repeated string
	fieldRecords      = 3 // repeated Record
	recordKey         = 1 // index into fieldKeys
	recordHashKey     = 2 // index into fieldHashKeys
	recordData        = 3
	overheadBytes     = len(magic) + md5.Size
	recordExtraBytes  = 16 // tags and lengths of one record, at most
	keyTableEntryByte = 6
)

// Record is a record within another.
type Record struct {
	Key []byte
	// ExplicitHashKey is decimal; empty if the key's hash counts.
	ExplicitHashKey []byte
	Data            []byte
}

// Split appends the records within data to dst; they share its memory. ok is false
// for a plain record: one without the magic bytes, or whose checksum or message is
// wrong.
func Split(dst []Record, data []byte) (records []Record, ok bool) {
	if len(data) < overheadBytes || !bytes.Equal(data[:len(magic)], magic[:]) {
		return dst, false
	}
	message, sum := data[len(magic):len(data)-md5.Size], data[len(data)-md5.Size:]
	if digest := md5.Sum(message); !bytes.Equal(digest[:], sum) {
		return dst, false
	}
	var keys, hashKeys, raw [][]byte
	for len(message) > 0 {
		number, value, rest, fine := next(message)
		if !fine {
			return dst, false
		}
		message = rest
		switch number {
		case fieldKeys:
			keys = append(keys, value)
		case fieldHashKeys:
			hashKeys = append(hashKeys, value)
		case fieldRecords:
			raw = append(raw, value)
		}
	}
	before := len(dst)
	for _, r := range raw {
		record, fine := parse(r, keys, hashKeys)
		if !fine {
			return dst[:before], false
		}
		dst = append(dst, record)
	}
	return dst, true
}

// next cuts a field off a message. Values that are no bytes give none.
func next(message []byte) (number protowire.Number, value, rest []byte, ok bool) {
	number, kind, n := protowire.ConsumeTag(message)
	if n < 0 {
		return 0, nil, nil, false
	}
	message = message[n:]
	if kind == protowire.BytesType {
		value, n = protowire.ConsumeBytes(message)
	} else {
		n = protowire.ConsumeFieldValue(number, kind, message)
	}
	if n < 0 {
		return 0, nil, nil, false
	}
	return number, value, message[n:], true
}

// parse reads a Record message.
func parse(message []byte, keys, hashKeys [][]byte) (r Record, ok bool) {
	key, hashKey, hasKey, hasHash := uint64(0), uint64(0), false, false
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return r, false
		}
		message = message[n:]
		switch {
		case kind == protowire.VarintType && (number == recordKey || number == recordHashKey):
			var value uint64
			if value, n = protowire.ConsumeVarint(message); number == recordKey {
				key, hasKey = value, true
			} else {
				hashKey, hasHash = value, true
			}
		case kind == protowire.BytesType && number == recordData:
			r.Data, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return r, false
		}
		message = message[n:]
	}
	if !hasKey || key >= uint64(len(keys)) || hasHash && hashKey >= uint64(len(hashKeys)) {
		return r, false
	}
	r.Key = keys[key]
	if hasHash {
		r.ExplicitHashKey = hashKeys[hashKey]
	}
	return r, true
}

// Aggregator packs records. The zero value is empty.
type Aggregator struct {
	keys    []string
	indexes map[string]int
	records []byte
	count   int
	bytes   int
}

// Count is the number of records within, Bytes about the size of what Flush gives.
func (a *Aggregator) Count() int { return a.count }

// Bytes is about the size of what Flush gives, and never less.
func (a *Aggregator) Bytes() int { return overheadBytes + a.bytes }

// Grown is about the size after one more record.
func (a *Aggregator) Grown(key string, data []byte) int {
	return a.Bytes() + len(key) + keyTableEntryByte + len(data) + recordExtraBytes
}

// Add packs a record.
func (a *Aggregator) Add(key string, data []byte) {
	index, known := a.indexes[key]
	if !known {
		if a.indexes == nil {
			a.indexes = map[string]int{}
		}
		index = len(a.keys)
		a.indexes[key], a.keys = index, append(a.keys, key)
		a.bytes += len(key) + keyTableEntryByte
	}
	size := protowire.SizeTag(recordKey) + protowire.SizeVarint(uint64(index)) + protowire.SizeTag(recordData) + protowire.SizeBytes(len(data))
	a.records = protowire.AppendTag(a.records, fieldRecords, protowire.BytesType)
	a.records = binary.AppendUvarint(a.records, uint64(size))
	a.records = protowire.AppendTag(a.records, recordKey, protowire.VarintType)
	a.records = binary.AppendUvarint(a.records, uint64(index))
	a.records = protowire.AppendTag(a.records, recordData, protowire.BytesType)
	a.records = protowire.AppendBytes(a.records, data)
	a.bytes += len(data) + recordExtraBytes
	a.count++
}

// Flush gives the aggregated record and its partition key, which is its first
// record's, and empties the aggregator.
func (a *Aggregator) Flush() (key string, data []byte) {
	data = append(make([]byte, 0, a.Bytes()), magic[:]...)
	for _, k := range a.keys {
		data = protowire.AppendTag(data, fieldKeys, protowire.BytesType)
		data = protowire.AppendString(data, k)
	}
	data = append(data, a.records...)
	digest := md5.Sum(data[len(magic):])
	key = a.keys[0]
	*a = Aggregator{records: a.records[:0]}
	return key, append(data, digest[:]...)
}
