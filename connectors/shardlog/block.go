package shardlog

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/thalweg/thalweg/internal/errs"
)

// A block is a header and a payload. All numbers are little-endian.
//
//	 0  magic      "TwB1": the last byte is the block format's version
//	 4  length     bytes of the payload
//	 8  checksum   CRC32C of everything behind it, the payload included
//	12  kind
//	13  zero       3 bytes
//	16  count      records
//	20  zero       4 bytes
//	24  first      index of the first record
//	32  synced     bytes of the file synced when the block was written
//	40  arrival    epoch milliseconds
//	48  payload
//
// A records payload is, for each record, the lengths of key and data as uvarints,
// then key and data. A transaction's blocks begin with its name (16 bytes) and the
// number of its blocks that are still to come (4 bytes).
const (
	blockMagic       = "TwB1"
	blockHeaderBytes = 48
	// blockMaxBytes bounds what a length may claim, against wild numbers.
	blockMaxBytes = 64 << 20
)

// blockKind tells what a block holds.
type blockKind uint8

const (
	// recordsBlock holds records; one without any is a mark, see mark.go.
	recordsBlock blockKind = iota + 1
	// transactionBlock holds records that a transaction committed.
	transactionBlock
	// stateBlock is the first of a segment: the shard's memory, see shardState.
	stateBlock
)

// String gives the kind's lower-case name.
func (k blockKind) String() string {
	names := [...]string{"none", "records", "transaction", "state"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// transactionPrefixBytes is what stands before a transaction block's records.
const transactionPrefixBytes = 16 + 4

// blockHeader is a decoded header.
type blockHeader struct {
	length   uint32
	checksum uint32
	kind     blockKind
	count    uint32
	first    uint64
	synced   int64
	arrival  int64
}

// end is the index after the block's last record.
func (h *blockHeader) end() uint64 { return h.first + uint64(h.count) }

// bytes is the block's whole length.
func (h *blockHeader) bytes() int64 { return blockHeaderBytes + int64(h.length) }

// parseHeader decodes a header; ok is false when it can't be one.
func parseHeader(b []byte) (h blockHeader, ok bool) {
	if len(b) < blockHeaderBytes || string(b[:4]) != blockMagic {
		return h, false
	}
	h.length = binary.LittleEndian.Uint32(b[4:])
	h.checksum = binary.LittleEndian.Uint32(b[8:])
	h.kind = blockKind(b[12])
	h.count = binary.LittleEndian.Uint32(b[16:])
	h.first = binary.LittleEndian.Uint64(b[24:])
	h.synced = int64(binary.LittleEndian.Uint64(b[32:]))
	h.arrival = int64(binary.LittleEndian.Uint64(b[40:]))
	return h, h.length <= blockMaxBytes && h.kind >= recordsBlock && h.kind <= stateBlock
}

// castagnoli makes the CRC32C table; the standard library keeps one and uses the
// processor's instruction.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// checkBlock reports whether block, header and payload, is intact.
func checkBlock(h blockHeader, block []byte) bool {
	return int64(len(block)) == h.bytes() && crc32.Checksum(block[12:], castagnoli()) == h.checksum
}

// sealBlock writes the header of a block whose payload is in place.
func sealBlock(block []byte, h blockHeader) {
	copy(block, blockMagic)
	binary.LittleEndian.PutUint32(block[4:], uint32(len(block)-blockHeaderBytes))
	clear(block[12:24])
	block[12] = byte(h.kind)
	binary.LittleEndian.PutUint32(block[16:], h.count)
	binary.LittleEndian.PutUint64(block[24:], h.first)
	binary.LittleEndian.PutUint64(block[32:], uint64(h.synced))
	binary.LittleEndian.PutUint64(block[40:], uint64(h.arrival))
	binary.LittleEndian.PutUint32(block[8:], crc32.Checksum(block[12:], castagnoli()))
}

// appendRecord appends a record to a block's payload.
func appendRecord(dst []byte, key string, data []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = binary.AppendUvarint(dst, uint64(len(data)))
	dst = append(dst, key...)
	return append(dst, data...)
}

// recordBytes is an upper bound of what appendRecord appends.
func recordBytes(key string, data []byte) int { return 10 + len(key) + len(data) }

// records is the part of an intact block's payload that holds its records.
func (h *blockHeader) records(block []byte) []byte {
	if h.kind == transactionBlock {
		return block[blockHeaderBytes+transactionPrefixBytes:]
	}
	return block[blockHeaderBytes:]
}

// nextRecord cuts one record off the front of payload.
func nextRecord(payload []byte) (key, data, rest []byte, err error) {
	keyBytes, n := binary.Uvarint(payload)
	if n <= 0 {
		return nil, nil, nil, errBadRecord()
	}
	dataBytes, m := binary.Uvarint(payload[n:])
	if m <= 0 {
		return nil, nil, nil, errBadRecord()
	}
	payload = payload[n+m:]
	if keyBytes > uint64(len(payload)) || dataBytes > uint64(len(payload))-keyBytes {
		return nil, nil, nil, errBadRecord()
	}
	return payload[:keyBytes:keyBytes], payload[keyBytes : keyBytes+dataBytes : keyBytes+dataBytes],
		payload[keyBytes+dataBytes:], nil
}

// errBadRecord can only come from a block that was written wrongly: its checksum
// was right.
func errBadRecord() error { return errs.Corruptionf("a record's lengths exceed its block") }
