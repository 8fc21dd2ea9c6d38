package shardlog

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/vmihailenco/msgpack/v5"
	"github.com/zeebo/xxh3"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// A pending file holds a transaction: rows that a sink's writer wrote in one epoch
// and that nobody sees before the committer has appended them. It is a row of
// transaction blocks, a catalogue that tells each shard's blocks, and a trailer of
// 16 bytes: magic, CRC32C and length of the catalogue, zero.
//
// Its name is <epoch>-<owner>-<transaction>.txn; the owner is a hash of job and
// table.
const (
	pendingSuffix       = ".txn"
	pendingMagic        = "TwP1"
	pendingTrailerBytes = 16
)

// transactionID names a transaction, for good.
type transactionID [16]byte

// transactionPrefix reads what stands before a transaction block's records: its
// name and the number of its blocks to come.
func transactionPrefix(block []byte) (id transactionID, left uint32) {
	copy(id[:], block[blockHeaderBytes:])
	return id, binary.LittleEndian.Uint32(block[blockHeaderBytes+16:])
}

// catalogue is the table of contents of a pending file.
type catalogue struct {
	Version int           `msgpack:"v"`
	ID      transactionID `msgpack:"i"`
	Owner   string        `msgpack:"o"`
	Epoch   uint64        `msgpack:"e"`
	Shards  []shardBlocks `msgpack:"s"`
}

// shardBlocks tells where one shard's blocks are.
type shardBlocks struct {
	Shard   uint32   `msgpack:"n"`
	Records []uint32 `msgpack:"r"`
	Offsets []int64  `msgpack:"f"`
	Bytes   int64    `msgpack:"b"`
}

const catalogueVersion = 1

// pendingName is a parsed file name.
type pendingName struct {
	epoch uint64
	owner string
	id    transactionID
}

// ownerHash stands for a job and a table in file names.
func ownerHash(job, table string) string {
	return fmt.Sprintf("%016x", xxh3.HashString(job+"\x00"+table))
}

func (n pendingName) String() string {
	return fmt.Sprintf("%020d-%s-%x%s", n.epoch, n.owner, n.id[:], pendingSuffix)
}

func parsePendingName(name string) (n pendingName, ok bool) {
	base, ok := strings.CutSuffix(name, pendingSuffix)
	parts := strings.Split(base, "-")
	if !ok || len(parts) != 3 {
		return n, false
	}
	epoch, err := strconv.ParseUint(parts[0], 10, 64)
	if err != nil {
		return n, false
	}
	id, err := hex.DecodeString(parts[2])
	if err != nil || len(id) != len(n.id) {
		return n, false
	}
	n.epoch, n.owner = epoch, parts[1]
	copy(n.id[:], id)
	return n, true
}

// listPending gives the transactions whose files exist.
func listPending(fs vfs.FS, dir string) (map[transactionID]bool, error) {
	names, err := fs.List(dir)
	if err != nil && !isGone(err) {
		return nil, errs.Wrap(errs.Resource, err, "listing %s", dir)
	}
	out := map[transactionID]bool{}
	for _, name := range names {
		if n, ok := parsePendingName(name); ok {
			out[n.id] = true
		}
	}
	return out, nil
}

// transaction gathers a writer's rows of one epoch. One goroutine uses it.
type transaction struct {
	stream *Stream
	owner  string
	id     transactionID
	file   vfs.File // nil before the first flush
	size   int64
	parts  map[*shard]*shardPart
}

// shardPart is what a transaction has for one shard: the block being filled, and
// where the full ones are.
type shardPart struct {
	block  []byte
	count  uint32
	blocks shardBlocks
}

// newTransaction begins a transaction; nothing is on disk yet.
func (st *Stream) newTransaction(owner string) *transaction {
	return &transaction{stream: st, owner: owner, id: transactionID(uuid.New()), parts: map[*shard]*shardPart{}}
}

// add adds a record.
func (t *transaction) add(r *Record) error {
	if err := checkRecord(r); err != nil {
		return err
	}
	s, err := t.shardFor(r)
	if err != nil {
		return err
	}
	p := t.parts[s]
	if p == nil {
		p = &shardPart{blocks: shardBlocks{Shard: s.number}}
		t.parts[s] = p
	}
	if p.count > 0 && len(p.block)+recordBytes(r.PartitionKey, r.Data) > blockTargetBytes {
		if err := t.flush(p); err != nil {
			return err
		}
	}
	if p.count == 0 {
		p.block = append(p.block[:0], make([]byte, blockHeaderBytes+transactionPrefixBytes)...)
	}
	p.block = appendRecord(p.block, r.PartitionKey, r.Data)
	p.count++
	return nil
}

// shardFor is the record's shard now; when it is sealed before the commit, its
// records go to its descendants.
func (t *transaction) shardFor(r *Record) (*shard, error) {
	table := t.stream.table.Load()
	if len(table.open) == 1 {
		return table.open[0].shard, nil
	}
	key, err := r.hash()
	if err != nil {
		return nil, err
	}
	return table.open[table.routeFor(key)].shard, nil
}

// flush writes a part's block to the file.
func (t *transaction) flush(p *shardPart) error {
	if p.count == 0 {
		return nil
	}
	if t.file == nil {
		fs := t.stream.store.fs
		f, err := fs.Create(t.path(0)+durable.Suffix, vfs.WriteCategoryUnspecified)
		if err != nil {
			return errs.Wrap(errs.Resource, err, "writing to stream %s", t.stream.name)
		}
		t.file = f
	}
	sealBlock(p.block, blockHeader{kind: transactionBlock, count: p.count})
	p.blocks.Records = append(p.blocks.Records, p.count)
	p.blocks.Offsets = append(p.blocks.Offsets, t.size)
	p.blocks.Bytes += int64(len(p.block))
	p.count = 0
	return t.write(p.block)
}

func (t *transaction) write(b []byte) error {
	// The block's buffer is filled anew, so the file system may change it.
	n, err := t.file.Write(b)
	t.size += int64(n)
	return errs.Wrap(errs.Resource, err, "writing to stream %s", t.stream.name)
}

// path is the file's path once it is prepared in an epoch.
func (t *transaction) path(epoch uint64) string {
	fs := t.stream.store.fs
	return fs.PathJoin(t.stream.dir, pendingDir, pendingName{epoch, t.owner, t.id}.String())
}

// prepare makes the rows durable and gives the file's name, or "" when there are
// none. The transaction is not used again.
func (t *transaction) prepare(epoch uint64) (string, error) {
	c := catalogue{Version: catalogueVersion, ID: t.id, Owner: t.owner, Epoch: epoch}
	for _, p := range t.parts {
		if err := t.flush(p); err != nil {
			return "", err
		}
		c.Shards = append(c.Shards, p.blocks)
	}
	slices.SortFunc(c.Shards, func(a, b shardBlocks) int { return cmp.Compare(a.Shard, b.Shard) })
	if t.file == nil {
		return "", nil
	}
	payload, err := msgpack.Marshal(&c)
	if err != nil {
		return "", errs.Wrap(errs.Bug, err, "encoding a transaction")
	}
	trailer := make([]byte, pendingTrailerBytes)
	copy(trailer, pendingMagic)
	binary.LittleEndian.PutUint32(trailer[4:], crc32.Checksum(payload, castagnoli()))
	binary.LittleEndian.PutUint32(trailer[8:], uint32(len(payload)))
	if err := t.write(append(payload, trailer...)); err != nil {
		return "", err
	}
	return pendingName{epoch, t.owner, t.id}.String(), errs.Wrap(errs.Resource, t.finish(epoch), "writing to stream %s", t.stream.name)
}

// finish syncs the file and gives it its name.
func (t *transaction) finish(epoch uint64) error {
	fs := t.stream.store.fs
	err := t.file.Sync()
	if closeErr := t.file.Close(); err == nil {
		err = closeErr
	}
	t.file = nil
	if err == nil {
		err = fs.Rename(t.path(0)+durable.Suffix, t.path(epoch))
	}
	if err == nil {
		err = durable.SyncDir(fs, fs.PathJoin(t.stream.dir, pendingDir))
	}
	return err
}

// discard removes what was written.
func (t *transaction) discard() error {
	if t.file == nil {
		return nil
	}
	err := t.file.Close()
	t.file = nil
	if removeErr := t.stream.store.fs.Remove(t.path(0) + durable.Suffix); err == nil {
		err = removeErr
	}
	return errs.Wrap(errs.Resource, err, "discarding rows written to stream %s", t.stream.name)
}

// readCatalogue reads the end of a pending file.
func readCatalogue(path string, f vfs.File) (*catalogue, error) {
	bad := errs.Corruptionf("%s: the prepared transaction fails its checks", path)
	size, err := fileSize(f)
	if err != nil {
		return nil, err
	}
	trailer := make([]byte, pendingTrailerBytes)
	if size < pendingTrailerBytes {
		return nil, bad
	}
	if _, err := f.ReadAt(trailer, size-pendingTrailerBytes); err != nil && !errors.Is(err, io.EOF) {
		return nil, errs.Wrap(errs.Resource, err, "reading %s", path)
	}
	length := int64(binary.LittleEndian.Uint32(trailer[8:]))
	if string(trailer[:4]) != pendingMagic || length > size-pendingTrailerBytes {
		return nil, bad
	}
	payload := make([]byte, length)
	if _, err := f.ReadAt(payload, size-pendingTrailerBytes-length); err != nil {
		return nil, errs.Wrap(errs.Resource, err, "reading %s", path)
	}
	c := new(catalogue)
	if crc32.Checksum(payload, castagnoli()) != binary.LittleEndian.Uint32(trailer[4:]) ||
		msgpack.Unmarshal(payload, c) != nil || c.Version != catalogueVersion {
		return nil, bad
	}
	return c, nil
}
