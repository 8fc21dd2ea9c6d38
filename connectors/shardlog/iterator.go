package shardlog

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
)

// ErrShardEnd is returned by Iterator.Next behind the last record of a closed
// shard.
var ErrShardEnd = errors.New("end of shard")

// ErrInterrupted is returned by Iterator.Next after Iterator.Interrupt.
var ErrInterrupted = errors.New("interrupted")

// Entry is a record as it is read.
type Entry struct {
	Sequence Sequence
	// ArrivalMillis is when it was appended, in epoch milliseconds; it never goes
	// back within a shard.
	ArrivalMillis int64
	PartitionKey  []byte
	Data          []byte
}

// Iterator reads one shard in order. One goroutine uses it; any number of
// iterators read a shard, and none of them holds up an appender. Records whose
// retention ended before they were read are left out: Trimmed counts them.
type Iterator struct {
	shard *shard
	// next is the index of the next record.
	next    uint64
	trimmed uint64
	entries []Entry

	interrupting sync.Once
	interrupted  chan struct{}

	// segment is the open one, file its handle; nil while reading from memory.
	segment *segment
	file    vfs.File
	size    int64 // of an ended segment's file, 0 until it is known
	blocks  blockReader
}

// newIterator makes an iterator of an open shard.
func newIterator(s *shard, next uint64) *Iterator {
	return &Iterator{shard: s, next: next, interrupted: make(chan struct{})}
}

// Next gives the next records, at most about a quarter of a megabyte or one
// record: borrowed until the next call. It blocks until there are some, ctx is
// done, or wait (may be nil) is closed or readable; then it gives none and a nil
// error.
//
// Where records were corrupted on disk it returns, once, an error of class
// corruption that names them, and goes on behind them at the next call.
func (it *Iterator) Next(ctx context.Context, wait <-chan struct{}) ([]Entry, error) {
	for {
		v := it.shard.view.Load()
		if v.deleted {
			return nil, errs.Userf("stream %s was deleted", it.shard.stream)
		}
		if it.next < v.horizon {
			it.trimmed += v.horizon - it.next
			it.next = v.horizon
		}
		if it.next < v.end {
			entries, err := it.read(v)
			if err != nil && isGone(err) {
				if now := it.shard.view.Load(); now.deleted || it.next < now.horizon {
					continue // deletion or retention was faster
				}
				at := v.segmentOf(it.next)
				err = it.lost(v.endOf(at), v.segments[at])
			}
			return entries, err
		}
		if v.closed {
			return nil, ErrShardEnd
		}
		select {
		case <-v.changed:
		case <-it.shard.store.closing:
			return nil, errs.Resourcef("the shard log was closed")
		case <-it.interrupted:
			return nil, ErrInterrupted
		case <-wait:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Ready reports whether Next would not block.
func (it *Iterator) Ready() bool {
	v := it.shard.view.Load()
	return it.behind(v) || v.closed
}

// behind reports whether v has a record for Next; retention may have taken those that
// there were.
func (it *Iterator) behind(v *view) bool { return max(it.next, v.horizon) < v.end }

// read gives the records from it.next on, which is in v.
func (it *Iterator) read(v *view) ([]Entry, error) {
	if b, ok := v.inTail(it.next); ok {
		it.closeFile()
		return it.decode(b.header, b.block)
	}
	for {
		h, block, err := it.readFile(v)
		if err != nil {
			return nil, err
		}
		if block != nil && h.end() > it.next && h.kind != stateBlock {
			return it.decode(h, block)
		}
	}
}

// readFile gives the next block of the segment that it.next lies in, or none when
// it only moved over a hole.
func (it *Iterator) readFile(v *view) (blockHeader, []byte, error) {
	at := v.segmentOf(it.next)
	limit, err := it.moveTo(v, at)
	if err != nil {
		return blockHeader{}, nil, err
	}
	h, block, err := it.blocks.next(limit)
	switch {
	case errors.Is(err, errNoBlock):
		return blockHeader{}, nil, it.hole(v.endOf(at), limit)
	case err != nil:
		return blockHeader{}, nil, errs.Wrap(errs.Resource, err, "reading %s", it.segment.path)
	case h.kind != stateBlock && h.first > it.next:
		// The block is intact, but those before it are missing.
		it.blocks.at -= h.bytes()
		return blockHeader{}, nil, it.lost(min(h.first, v.endOf(at)), it.segment)
	}
	return h, block, nil
}

// moveTo opens segment number at, near the place of it.next, and gives how much of
// it may be read.
func (it *Iterator) moveTo(v *view, at int) (limit int64, err error) {
	s := v.segments[at]
	fresh := it.segment != s
	if fresh {
		it.closeFile()
		f, err := s.open()
		if err != nil {
			return 0, err
		}
		it.segment, it.file = s, f
		it.blocks = blockReader{file: f, buffer: it.blocks.buffer[:0]}
	}
	limit = v.size
	if at < len(v.segments)-1 {
		// What is behind an ended segment's records is not read: it.next leaves the
		// segment first.
		if it.size == 0 {
			if it.size, err = fileSize(it.file); err != nil {
				return 0, err
			}
		}
		limit = it.size
	}
	if fresh && it.next > s.first {
		it.blocks.at, err = s.seek(limit, func(e indexEntry) bool { return e.first <= it.next })
	}
	return limit, err
}

// hole moves behind bytes that fail their checks, to the next intact block of the
// segment, whose records end at the index end. It reports the records lost.
func (it *Iterator) hole(end uint64, limit int64) error {
	for it.blocks.resync(limit) == nil {
		h, err := it.blocks.skip(limit)
		if err != nil {
			break
		}
		if h.kind == stateBlock || h.end() <= it.next || h.first >= end {
			it.blocks.at-- // resync looks behind this place
			continue
		}
		it.blocks.at -= h.bytes()
		if h.first > it.next {
			return it.lost(h.first, it.segment)
		}
		return nil // no record was in the hole
	}
	return it.lost(end, it.segment)
}

// lost moves to the index to and reports that the records before it, of segment s, can't
// be read.
func (it *Iterator) lost(to uint64, s *segment) error {
	first := it.next
	it.next = to
	return errs.Corruptionf("%s: records %d to %d are lost: %s is corrupt or gone, or what followed it is missing", it.shard.id, first, to-1, s.path).
		WithHint("the records behind them can be read")
}

// decode cuts a block that holds it.next into entries.
func (it *Iterator) decode(h blockHeader, block []byte) ([]Entry, error) {
	it.entries = it.entries[:0]
	payload := h.records(block)
	seq := it.shard.sequence(h.first, h.arrival)
	for ; seq.Index < h.end(); seq.Index++ {
		key, data, rest, err := nextRecord(payload)
		if err != nil {
			return nil, errs.Wrap(errs.Corruption, err, "%s", it.shard.id)
		}
		payload = rest
		if seq.Index >= it.next {
			it.entries = append(it.entries, Entry{seq, h.arrival, key, data})
		}
	}
	it.next = h.end()
	return it.entries, nil
}

// Position is the number that the next record will have at least; its second is
// of no meaning. AtSequence takes it.
func (it *Iterator) Position() Sequence { return it.shard.sequence(it.next, 0) }

// Back makes Next go on at a record of those it gave last, for who could not take them
// all.
func (it *Iterator) Back(to Sequence) {
	it.next = to.Index
	it.closeFile() // the place in it is behind the block
}

// Trimmed is the number of records that were left out because their retention had
// ended.
func (it *Iterator) Trimmed() uint64 { return it.trimmed }

// Behind tells how many records follow, and how old the newest of them is in
// milliseconds at most; 0 when there is none.
func (it *Iterator) Behind() (records uint64, millis int64) {
	v := it.shard.view.Load()
	if it.next >= v.end {
		return 0, 0
	}
	return v.end - max(it.next, v.horizon), max(0, it.shard.store.nowMillis()-v.arrival)
}

// ShardID names the shard.
func (it *Iterator) ShardID() ShardID { return it.shard.id }

// Tip is the arrival of the shard's newest record in epoch milliseconds, 0 when it
// has had none, and the index behind it.
func (it *Iterator) Tip() (arrivalMillis int64, end uint64) {
	v := it.shard.view.Load()
	return v.arrival, v.end
}

// Wait blocks until Next would not, for at most so long. It returns early when ctx
// is done or the store is closed, with an error.
func (it *Iterator) Wait(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	for !it.Ready() {
		v := it.shard.view.Load()
		if v.deleted {
			return errs.Userf("stream %s was deleted", it.shard.stream)
		}
		if it.behind(v) || v.closed {
			return nil
		}
		select {
		case <-v.changed:
		case <-timer.C:
			return nil
		case <-it.shard.store.closing:
			return errs.Resourcef("the shard log was closed")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Interrupt makes a blocked Next return. Any goroutine may call it.
func (it *Iterator) Interrupt() {
	it.interrupting.Do(func() { close(it.interrupted) })
}

// Close frees the iterator. It must not overlap with Next.
func (it *Iterator) Close() error {
	it.closeFile()
	it.entries, it.blocks = nil, blockReader{}
	return nil
}

func (it *Iterator) closeFile() {
	if it.file != nil {
		// A file that was only read has nothing to lose.
		_ = it.file.Close()
	}
	it.file, it.segment, it.size = nil, nil, 0
}

// isGone reports that a file was removed, such as a segment by retention.
func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, os.ErrNotExist) }
