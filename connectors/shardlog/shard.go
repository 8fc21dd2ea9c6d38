package shardlog

import (
	"errors"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/errs"
)

// shard owns one shard's files. Appends go through groups (commit.go); readers
// take view.
type shard struct {
	store   *Store
	stream  string
	dir     string
	id      ShardID
	number  uint32
	created int64 // seconds

	// view is nil until the shard is opened.
	view atomic.Pointer[view]

	// mu guards pending, closed and sealed.
	mu      sync.Mutex
	pending *group
	closed  bool
	// sealed shards were split or merged: they are read to their end and take no
	// more records.
	sealed bool

	// writing is held by whoever writes files; it guards what follows.
	writing sync.Mutex
	// file is the active segment's, nil when the next append begins a new one.
	file   vfs.File
	size   int64 // written to file
	synced int64 // of that, synced
	floor  floor // the one on disk

	// liveMu guards live, the transactions whose pending file may still exist: nobody
	// waits for the disk to forget one.
	liveMu sync.Mutex
	live   map[transactionID]bool
}

// shardState is the payload of a state block.
type shardState struct {
	Version int               `msgpack:"v"`
	Shard   uint32            `msgpack:"s"`
	Created int64             `msgpack:"c"`
	Arrival int64             `msgpack:"a"`
	Live    []transactionID   `msgpack:"t"`
	Extra   map[string][]byte `msgpack:"x,omitempty"`
}

// stateVersion is the format of state blocks.
const stateVersion = 1

// sequence is the number of the record at index that arrived at an epoch time.
func (s *shard) sequence(index uint64, arrivalMillis int64) Sequence {
	return Sequence{Created: s.created, Index: index, Second: arrivalMillis / 1000, Shard: s.number}
}

// open reads the shard's files when it is first used. After an error it tries
// again next time.
func (s *shard) open() error {
	if s.view.Load() != nil {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.view.Load() != nil {
		return nil
	}
	if s.isClosed() {
		// The directory may be another process's, or another stream's.
		return s.errClosed()
	}
	return errs.Wrap(errs.Resource, s.recover(), "%s of stream %s", s.id, s.stream)
}

// recover finds the end of the log. It writes to no segment.
func (s *shard) recover() error {
	fs := s.store.fs
	files, err := listShard(fs, s.dir)
	if err != nil {
		return err
	}
	if err := files.removeTemporary(fs, s.dir); err != nil {
		return err
	}
	s.floor = files.floor
	segments, err := s.markLost(files.segments)
	if err != nil {
		return err
	}
	v := &view{segments: segments, end: 1, horizon: 1, closed: s.isSealed(), changed: make(chan struct{})}
	live, err := s.scan(v)
	if err != nil {
		return err
	}
	pending, err := listPending(fs, fs.PathJoin(fs.PathDir(s.dir), pendingDir))
	if err != nil {
		return err
	}
	maps.DeleteFunc(live, func(id transactionID, _ bool) bool { return !pending[id] })
	s.liveMu.Lock()
	s.live = live
	s.liveMu.Unlock()
	v.bytes = totalBytes(fs, segments)
	s.view.Store(v)
	return nil
}

// scan fills in what the segments of v tell, and gives the transactions in them. The last
// segment tells all, unless its first block is corrupt.
func (s *shard) scan(v *view) (live map[transactionID]bool, err error) {
	live = map[transactionID]bool{}
	last := len(v.segments) - 1
	for i := last; i >= 0; i-- {
		found, err := scanSegment(v.segments[i])
		if err != nil {
			return nil, err
		}
		if i == last {
			v.end, v.size = found.end, found.size
			if found.size == 0 {
				v.end, v.size = s.behindCorrupt(v.segments[i])
			}
		}
		v.arrival = max(v.arrival, found.arrival)
		for id, end := range found.transactions {
			// What lies behind a segment's records was never acknowledged.
			if i == last || end <= v.segments[i+1].first {
				live[id] = true
			}
		}
		if found.state != nil {
			for _, id := range found.state.Live {
				live[id] = true
			}
			break
		}
	}
	if last >= 0 {
		v.horizon = v.segments[0].first
		if v.arrival == 0 {
			// Nothing tells how old what is lost would be: its retention begins now, so
			// that readers are told.
			v.arrival = s.store.nowMillis()
		}
	}
	return live, nil
}

// behindCorrupt is where the log goes on behind a segment of which nothing is
// intact: no number that may have been in use is used again. Where its floor does not
// tell, a record takes two bytes at least.
func (s *shard) behindCorrupt(last *segment) (end uint64, size int64) {
	if info, err := s.store.fs.Stat(last.path); err == nil {
		size = info.Size()
	}
	if s.floor.first == last.first {
		return s.floor.limit, size
	}
	return last.first + uint64(max(size, s.store.options.SegmentBytes)), size
}

// scanned is what a segment holds.
type scanned struct {
	// end is the index after the last record, size the place after its block; 0 when
	// nothing is intact.
	end     uint64
	size    int64
	arrival int64
	state   *shardState
	// transactions are those that are there completely, with the index after their
	// last record.
	transactions map[transactionID]uint64
}

// scanSegment checks all blocks of a segment, syncs what it found, and builds the
// sparse index.
func scanSegment(s *segment) (scanned, error) {
	out := scanned{end: s.first, transactions: map[transactionID]uint64{}}
	f, err := s.fs.OpenReadWrite(s.path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return out, errs.Wrap(errs.Resource, err, "opening a segment of the shard log")
	}
	defer f.Close()
	// What a killed process wrote but didn't sync is still readable: it must not
	// be shown before it is durable.
	if err := f.Sync(); err != nil {
		return out, errs.Wrap(errs.Resource, err, "syncing %s", s.path)
	}
	limit, err := fileSize(f)
	if err != nil {
		return out, err
	}
	s.mu.Lock()
	s.index, s.indexed = nil, 0
	s.mu.Unlock()
	r := blockReader{file: f}
	for {
		at := r.at
		h, block, err := r.next(limit)
		if errors.Is(err, errNoBlock) {
			if err = r.behindHole(limit); errors.Is(err, errNoBlock) {
				return out, nil
			}
		} else if err == nil {
			r.at, err = out.take(s, h, block, r.at, at)
		}
		if err != nil {
			return out, errs.Wrap(errs.Resource, err, "reading %s", s.path)
		}
	}
}

// behindHole moves behind bytes that fail their checks, to the next intact block,
// if that one or one behind it shows that they had been synced: then they are
// corruption. Otherwise they are a torn tail and it returns errNoBlock.
func (r *blockReader) behindHole(limit int64) error {
	hole, next := r.at, int64(-1)
	for {
		if err := r.resync(limit); err != nil {
			return err
		}
		if next < 0 {
			next = r.at
		}
		h, err := r.skip(limit)
		if err != nil {
			return err
		}
		if h.synced > hole {
			r.at = next
			return nil
		}
		r.at-- // resync looks behind this place
	}
}

// take adds an intact block that lies at at and ends at next. It gives the place
// to go on from.
func (o *scanned) take(s *segment, h blockHeader, block []byte, next, at int64) (int64, error) {
	s.note(h, at)
	switch h.kind {
	case stateBlock:
		var state shardState
		if err := msgpack.Unmarshal(block[blockHeaderBytes:], &state); err != nil || state.Version != stateVersion {
			return 0, errs.Corruptionf("%s: the state block has version %d, this program reads %d", s.path, state.Version, stateVersion).
				WithHint("the directory may be of a newer version")
		}
		if at == 0 {
			o.state, o.arrival, o.size = &state, max(o.arrival, state.Arrival), next
		}
	case recordsBlock:
		o.end, o.size, o.arrival = h.end(), next, h.arrival
	case transactionBlock:
		id, left := transactionPrefix(block)
		if left == 0 {
			o.end, o.size, o.arrival = h.end(), next, h.arrival
			o.transactions[id] = h.end()
		}
	}
	return next, nil
}

// totalBytes is the size of the segments' files.
func totalBytes(fs vfs.FS, segments []*segment) int64 {
	var total int64
	for _, s := range segments {
		if info, err := fs.Stat(s.path); err == nil {
			total += info.Size()
		}
	}
	return total
}

// close makes the last mark durable, closes the active segment and refuses further appends. Readers of a
// deleted stream are told.
func (s *shard) close(deleted bool) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	if v := s.view.Load(); v != nil && deleted {
		next := *v
		next.deleted = true
		s.publish(v, &next)
	}
	if s.file != nil && s.synced < s.size && !deleted {
		if err := s.sync(); err != nil {
			return s.fail(err)
		}
	}
	return s.abandon()
}

// isClosed reports whether close was called.
func (s *shard) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// isSealed reports whether the shard takes no more records.
func (s *shard) isSealed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sealed
}

func (s *shard) errClosed() error { return errs.Resourcef("%s of stream %s is closed", s.id, s.stream) }

// abandon stops writing to the active segment; the next append begins a new one.
func (s *shard) abandon() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return errs.Wrap(errs.Resource, err, "closing a segment of the shard log")
}
