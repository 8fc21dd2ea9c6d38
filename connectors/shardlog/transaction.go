package shardlog

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// commitPending appends a prepared transaction to its shards and removes its file.
// It may be called again after any failure or crash: a missing file means that all
// was done before. Records whose shard was split or merged since they were prepared
// go to its descendants.
func (st *Stream) commitPending(name string) error {
	fs := st.store.fs
	path := fs.PathJoin(st.dir, pendingDir, name)
	f, err := fs.Open(path)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return errs.Wrap(errs.Resource, err, "committing to stream %s", st.name)
	}
	defer f.Close()
	c, err := readCatalogue(path, f)
	if err != nil {
		return err
	}
	size, err := fileSize(f)
	if err != nil {
		return err
	}
	st.resharding.RLock()
	defer st.resharding.RUnlock()
	moved := movedRecords{stream: st, table: st.table.Load(), id: c.ID, places: map[*shard]int{}}
	stay := c.stay(moved.table)
	for _, part := range c.Shards {
		blocks := &pendingBlocks{part, blockReader{file: f}, size, path}
		if stay {
			err = moved.table.find(part.Shard).commitOpened(c.ID, blocks)
		} else {
			err = moved.add(part.Shard, blocks)
		}
		if err != nil {
			return err
		}
	}
	if err := moved.commit(); err != nil {
		return err
	}
	if err := fs.Remove(path); err != nil && !isGone(err) {
		return errs.Wrap(errs.Resource, err, "committing to stream %s", st.name)
	}
	if err := durable.SyncDir(fs, fs.PathJoin(st.dir, pendingDir)); err != nil {
		return errs.Wrap(errs.Resource, err, "committing to stream %s", st.name)
	}
	// Only now can the shards forget it.
	for _, s := range st.shards() {
		s.forget(c.ID)
	}
	return nil
}

// stay reports whether all shards of a transaction take records still. If not, all of
// its records are gathered anew: a shard takes a transaction once, and the records of a
// closed one may go where others of the transaction were prepared for.
func (c *catalogue) stay(t *shardTable) bool {
	for _, part := range c.Shards {
		if s := t.find(part.Shard); s == nil || s.isSealed() {
			return false
		}
	}
	return true
}

// discardPending removes all files of an owner: those that belong to a published
// checkpoint have been committed before.
func (st *Stream) discardPending(owner string) error {
	fs := st.store.fs
	dir := fs.PathJoin(st.dir, pendingDir)
	names, err := fs.List(dir)
	if err != nil {
		return errs.Wrap(errs.Resource, err, "listing %s", dir)
	}
	for _, name := range names {
		n, ok := parsePendingName(strings.TrimSuffix(name, durable.Suffix))
		if !ok || n.owner != owner {
			continue
		}
		if err := fs.Remove(fs.PathJoin(dir, name)); err != nil && !isGone(err) {
			return errs.Wrap(errs.Resource, err, "discarding rows written to stream %s", st.name)
		}
	}
	return errs.Wrap(errs.Resource, durable.SyncDir(fs, dir), "discarding rows written to stream %s", st.name)
}

// transactionBlocks are the blocks of a transaction for one shard.
type transactionBlocks interface {
	// block gives block i, valid until the next call; its header needs kind, length
	// and count only.
	block(i int) (blockHeader, []byte, error)
	// count is the number of blocks, bytes their size in all.
	count() int
	bytes() int64
}

var (
	_ transactionBlocks = (*pendingBlocks)(nil)
	_ transactionBlocks = (*builtBlocks)(nil)
)

func (p *pendingBlocks) count() int   { return len(p.Offsets) }
func (p *pendingBlocks) bytes() int64 { return p.Bytes }

// pendingBlocks reads one shard's blocks of a pending file in order.
type pendingBlocks struct {
	shardBlocks
	reader blockReader
	size   int64 // of the file
	path   string
}

// block gives block i, valid until the next call.
func (p *pendingBlocks) block(i int) (blockHeader, []byte, error) {
	p.reader.at = p.Offsets[i]
	h, block, err := p.reader.next(p.size)
	if errors.Is(err, errNoBlock) {
		err = errs.Corruptionf("%s: byte %d: the prepared transaction fails its checks", p.path, p.Offsets[i])
	}
	return h, block, errs.Wrap(errs.Resource, err, "committing a transaction")
}

// commitOpened is commitTransaction for a shard that may not be open yet.
func (s *shard) commitOpened(id transactionID, blocks transactionBlocks) error {
	if err := s.open(); err != nil {
		return err
	}
	return s.commitTransaction(id, blocks)
}

// has reports whether the shard holds a transaction whose file may still exist.
func (s *shard) has(id transactionID) (bool, error) {
	if err := s.open(); err != nil {
		return false, err
	}
	s.writing.Lock() // until what is being written is
	defer s.writing.Unlock()
	return s.holds(id), nil
}

// holds is has for a shard that is open and whose writing is held.
func (s *shard) holds(id transactionID) bool {
	s.liveMu.Lock()
	defer s.liveMu.Unlock()
	return s.live[id]
}

// commitTransaction appends a transaction's blocks: readers see all of its records
// at once, and a second call does nothing.
func (s *shard) commitTransaction(id transactionID, blocks transactionBlocks) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.holds(id) {
		return nil
	}
	if s.isClosed() {
		return s.errClosed()
	}
	// A record takes two bytes at least.
	if err := s.begin(uint64(blocks.bytes())); err != nil {
		return err
	}
	old := s.view.Load()
	w := transactionWriter{
		shard: s, id: id, first: old.end, arrival: s.store.arrival(old.arrival), synced: s.synced,
		keep: blocks.bytes() <= s.store.tailBudget(), offset: s.size,
	}
	for i := range blocks.count() {
		h, block, err := blocks.block(i)
		if err == nil {
			err = w.write(h, block, uint32(blocks.count()-1-i))
		}
		if err != nil {
			return s.fail(err)
		}
	}
	if err := s.sync(); err != nil {
		return s.fail(err)
	}
	s.liveMu.Lock()
	s.live[id] = true
	s.liveMu.Unlock()
	next := *old
	active := old.segments[len(old.segments)-1]
	for i, b := range w.headers {
		active.note(b, w.offsets[i])
	}
	next.size, next.arrival, next.end = s.size, w.arrival, w.first
	next.bytes += blocks.bytes()
	next.tail = nil
	if w.keep {
		next.tail = withTail(old.tail, w.tail, s.store.tailBudget())
	}
	s.publish(old, &next)
	s.mark()
	return nil
}

// transactionWriter writes a transaction's blocks to the active segment.
type transactionWriter struct {
	shard   *shard
	id      transactionID
	first   uint64
	arrival int64
	synced  int64
	offset  int64
	headers []blockHeader
	offsets []int64
	// tail are copies of the blocks, if they are to be kept in memory.
	keep bool
	tail []tailBlock
}

// write seals a block anew, for its place in the shard, and writes it.
func (w *transactionWriter) write(h blockHeader, block []byte, left uint32) error {
	if w.keep {
		block = append([]byte(nil), block...)
	}
	copy(block[blockHeaderBytes:], w.id[:])
	binary.LittleEndian.PutUint32(block[blockHeaderBytes+16:], left)
	h.first, h.synced, h.arrival = w.first, w.synced, w.arrival
	sealBlock(block, h)
	if err := w.shard.writeAll(block); err != nil {
		return err
	}
	w.headers = append(w.headers, h)
	w.offsets = append(w.offsets, w.offset)
	w.offset += h.bytes()
	w.first = h.end()
	if w.keep {
		w.tail = append(w.tail, tailBlock{h, block})
	}
	return nil
}

// forget drops a transaction whose file is gone.
func (s *shard) forget(id transactionID) {
	s.liveMu.Lock()
	defer s.liveMu.Unlock()
	delete(s.live, id)
}
