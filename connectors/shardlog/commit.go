package shardlog

import (
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

const (
	// blockTargetBytes is where a block ends and the next one begins.
	blockTargetBytes = 256 << 10
	// groupMaxBytes is how much gathers in one group before the next one is begun.
	groupMaxBytes = 4 << 20
)

// group is a number of appends that are written and synced together. Its first
// appender is its leader.
type group struct {
	blocks []groupBlock
	count  uint32
	bytes  int
	// done is closed when the group is durable or has failed; then first, arrival
	// and err are set.
	done    chan struct{}
	first   uint64
	arrival int64
	err     error
}

// groupBlock is a block that is being filled; its header is sealed last.
type groupBlock struct {
	bytes []byte
	count uint32
}

// add appends a record; more is how many bytes of records the same append has from
// this one on, to size blocks well.
func (g *group) add(key string, data []byte, more int) {
	n := len(g.blocks)
	if n == 0 || len(g.blocks[n-1].bytes)+recordBytes(key, data) > blockTargetBytes {
		size := max(recordBytes(key, data), min(more, blockTargetBytes))
		g.blocks = append(g.blocks, groupBlock{bytes: make([]byte, blockHeaderBytes, blockHeaderBytes+size)})
		n++
	}
	b := &g.blocks[n-1]
	before := len(b.bytes)
	b.bytes = appendRecord(b.bytes, key, data)
	b.count++
	g.count++
	g.bytes += len(b.bytes) - before
}

// seal writes the headers.
func (g *group) seal(synced int64) []tailBlock {
	blocks := make([]tailBlock, len(g.blocks))
	first := g.first
	for i, b := range g.blocks {
		h := blockHeader{
			length: uint32(len(b.bytes) - blockHeaderBytes), kind: recordsBlock, count: b.count,
			first: first, synced: synced, arrival: g.arrival,
		}
		sealBlock(b.bytes, h)
		blocks[i] = tailBlock{h, b.bytes}
		first = h.end()
	}
	return blocks
}

// appended is where an append's records are.
type appended struct {
	first   uint64
	arrival int64
}

// append adds records to the pending group and waits until they are durable.
func (s *shard) append(p *part) (appended, error) {
	if err := s.open(); err != nil {
		return appended{}, err
	}
	bytes := 0
	for i := range p.len() {
		r := &p.request[p.place(i)]
		bytes += recordBytes(r.PartitionKey, r.Data)
	}
	s.mu.Lock()
	if err := s.refusal(); err != nil {
		s.mu.Unlock()
		return appended{}, err
	}
	g, leads := s.pending, false
	if g == nil || g.bytes+bytes > groupMaxBytes {
		g, leads = &group{done: make(chan struct{})}, true
		s.pending = g
	}
	offset := uint64(g.count)
	for i := range p.len() {
		r := &p.request[p.place(i)]
		g.add(r.PartitionKey, r.Data, bytes)
		bytes -= recordBytes(r.PartitionKey, r.Data)
	}
	s.mu.Unlock()
	if leads {
		s.lead(g)
	}
	<-g.done
	return appended{g.first + offset, g.arrival}, g.err
}

// lead waits for its turn, then writes g. Appends keep joining g until then.
func (s *shard) lead(g *group) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	if s.pending == g {
		s.pending = nil
	}
	g.err = s.refusal()
	s.mu.Unlock()
	if g.err == nil {
		g.err = s.commit(g)
	}
	close(g.done)
	if g.err == nil {
		s.mark()
	}
}

// errSealed refuses appends to a shard that is or was split or merged.
var errSealed = errors.New("the shard takes no more records")

// refusal is why the shard takes no records, or nil. s.mu is held. After close the
// directory may be another process's, or another stream's.
func (s *shard) refusal() error {
	switch {
	case s.closed:
		return s.errClosed()
	case s.sealed:
		return errSealed
	}
	return nil
}

// commit writes and syncs g and shows it to readers. After a failure the active
// segment is left alone for good: what is on disk of it is unknown.
func (s *shard) commit(g *group) error {
	if err := s.begin(uint64(g.count)); err != nil {
		return err
	}
	old := s.view.Load()
	g.first, g.arrival = old.end, s.store.arrival(old.arrival)
	offset := s.size
	blocks := g.seal(s.synced)
	for _, b := range blocks {
		if err := s.writeAll(b.block); err != nil {
			return s.fail(err)
		}
	}
	if err := s.sync(); err != nil {
		return s.fail(err)
	}
	active := old.segments[len(old.segments)-1]
	for _, b := range blocks {
		active.note(b.header, offset)
		offset += int64(len(b.block))
	}
	next := *old
	next.size, next.arrival = s.size, g.arrival
	next.end += uint64(g.count)
	next.bytes += s.size - old.size
	next.tail = withTail(old.tail, blocks, s.store.tailBudget())
	s.publish(old, &next)
	return nil
}

// publish replaces the view and wakes readers.
func (s *shard) publish(old, next *view) {
	next.changed = make(chan struct{})
	s.view.Store(next)
	close(old.changed)
}

// begin makes sure that there is an active segment with room, and numbers for so many
// records.
func (s *shard) begin(records uint64) error {
	if s.file == nil || s.size >= s.store.options.SegmentBytes || s.aged() {
		if err := s.abandon(); err != nil {
			return err
		}
		if err := s.roll(); err != nil {
			return err
		}
	}
	if err := s.raise(records); err != nil {
		return s.fail(err)
	}
	return nil
}

// aged reports that the active segment is old enough to be ended, so that
// retention can remove its records in time.
func (s *shard) aged() bool {
	segments := s.view.Load().segments
	active := segments[len(segments)-1]
	active.mu.Lock()
	defer active.mu.Unlock()
	return s.store.nowMillis()-active.created >= s.store.options.SegmentAge.Milliseconds()
}

// roll begins a new segment. Its state block is durable before the file gets its
// name, so every segment begins with an intact state block, and the rename also
// replaces a segment of the same name, which has no acknowledged record, safely.
func (s *shard) roll() error {
	fs, old := s.store.fs, s.view.Load()
	path := fs.PathJoin(s.dir, segmentName(old.end))
	block, h := s.stateBlock(old)
	if err := s.create(path, block); err != nil {
		return s.fail(err)
	}
	active := &segment{fs: fs, path: path, first: old.end}
	active.note(h, 0)
	kept := old.segments
	if n := len(kept); n > 0 && kept[n-1].first == active.first {
		kept = kept[:n-1]
	}
	if n := len(kept); n > 0 {
		kept[n-1].end()
	}
	next := *old
	next.segments = append(kept[:len(kept):len(kept)], active)
	next.size = s.size
	next.bytes += int64(len(block))
	next.horizon = next.segments[0].first
	s.publish(old, &next)
	return nil
}

// create makes the active segment's file with its first block.
func (s *shard) create(path string, block []byte) error {
	fs := s.store.fs
	f, err := fs.Create(path+durable.Suffix, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	s.file, s.size, s.synced = f, 0, 0
	if err := s.writeAll(block); err != nil {
		return err
	}
	if err := s.sync(); err != nil {
		return err
	}
	if err := fs.Rename(path+durable.Suffix, path); err != nil {
		return err
	}
	return durable.SyncDir(fs, s.dir)
}

// stateBlock makes the first block of a segment.
func (s *shard) stateBlock(v *view) ([]byte, blockHeader) {
	state := shardState{Version: stateVersion, Shard: s.number, Created: s.created, Arrival: v.arrival}
	s.liveMu.Lock()
	for id := range s.live {
		state.Live = append(state.Live, id)
	}
	s.liveMu.Unlock()
	payload, err := msgpack.Marshal(&state)
	if err != nil {
		panic("shardlog: encoding a state block: " + err.Error())
	}
	block := append(make([]byte, blockHeaderBytes), payload...)
	h := blockHeader{
		length: uint32(len(payload)), kind: stateBlock, first: v.end, arrival: s.store.arrival(v.arrival),
	}
	sealBlock(block, h)
	return block, h
}

// fail leaves the active segment after an error.
func (s *shard) fail(err error) error {
	// The error to tell is the first one.
	_ = s.abandon()
	wrapped := errs.Wrap(errs.Resource, err, "writing %s", s.id)
	if full, ok := wrapped.(*errs.Error); ok && vfs.IsNoSpaceError(err) {
		return full.WithHint("the disk is full: free some space, or shorten the retention of some streams")
	}
	return wrapped
}

// writeAll writes p to the active segment.
func (s *shard) writeAll(p []byte) error {
	if s.store.scribbles {
		p = append([]byte(nil), p...)
	}
	if _, err := s.file.Write(p); err != nil {
		return err
	}
	s.size += int64(len(p))
	return nil
}

// sync makes everything written durable.
func (s *shard) sync() error {
	if err := s.file.SyncData(); err != nil {
		return err
	}
	s.synced = s.size
	return nil
}
