package shardlog

import (
	"errors"
	"sort"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
)

// Position says where an iterator starts. Use one of the functions below.
type Position struct {
	kind     positionKind
	sequence Sequence
	millis   int64
}

type positionKind uint8

const (
	trimHorizon positionKind = iota
	latest
	atSequence
	afterSequence
	atTime
)

// TrimHorizon is the oldest record that is still there.
func TrimHorizon() Position { return Position{kind: trimHorizon} }

// Latest is behind the newest record.
func Latest() Position { return Position{kind: latest} }

// AtSequence is the record with a number, or the oldest one behind it that is
// there. The shard's starting number is valid too.
func AtSequence(s Sequence) Position { return Position{kind: atSequence, sequence: s} }

// AfterSequence is the record behind the one with a number.
func AfterSequence(s Sequence) Position { return Position{kind: afterSequence, sequence: s} }

// AtTime is the first record that arrived at a time or later.
func AtTime(t time.Time) Position { return Position{kind: atTime, millis: t.UnixMilli()} }

// Iterator makes an iterator of a shard. A number that isn't of this shard is a
// user error.
func (s *Store) Iterator(stream string, id ShardID, at Position) (*Iterator, error) {
	st, err := s.Stream(stream)
	if err != nil {
		return nil, err
	}
	return st.Iterator(id, at)
}

// Iterator is Store.Iterator for a stream at hand.
func (st *Stream) Iterator(id ShardID, at Position) (*Iterator, error) {
	s, err := st.shard(id)
	if err != nil {
		return nil, err
	}
	next, err := s.resolve(at)
	if err != nil {
		return nil, errs.Wrap(errs.User, err, "stream %s, %s", st.name, id)
	}
	return newIterator(s, next), nil
}

// resolve gives the index that a position stands for.
func (s *shard) resolve(at Position) (uint64, error) {
	v := s.view.Load()
	switch at.kind {
	case trimHorizon:
		return v.horizon, nil
	case latest:
		return v.end, nil
	case atTime:
		return s.indexAt(v, at.millis)
	}
	n := at.sequence
	if n.Created != s.created || n.Shard != s.number {
		return 0, errs.Userf("the sequence number %s is of another shard or of a stream that was deleted", n)
	}
	index := max(1, n.Index)
	if at.kind == afterSequence && n.Index > 0 {
		index++
	}
	if index > v.end {
		return 0, errs.Userf("the sequence number %s is greater than those of all records", n)
	}
	return max(index, v.horizon), nil
}

// indexAt finds the first record that arrived at an epoch time or later.
func (s *shard) indexAt(v *view, millis int64) (uint64, error) {
	if millis > v.arrival {
		return v.end, nil
	}
	// The last segment begun before that time holds the first such record, or the
	// next one does.
	var failed error
	at := sort.Search(len(v.segments), func(i int) bool {
		created, err := v.createdSince(i)
		if err != nil {
			failed = err
		}
		return created >= millis
	})
	if failed != nil {
		return 0, failed
	}
	for at = max(0, at-1); at < len(v.segments); at++ {
		index, found, err := v.firstSince(at, millis)
		if err != nil {
			return 0, err
		}
		if found {
			return index, nil
		}
	}
	return v.end, nil
}

// createdSince is when segment at was begun or, where that can't be known, the next
// one after it of which it can.
func (v *view) createdSince(at int) (int64, error) {
	for ; at < len(v.segments); at++ {
		created, err := v.segments[at].createdMillis()
		if err != nil || created != unknownMillis {
			return created, err
		}
	}
	return v.arrival, nil
}

// firstSince finds, in segment at, the first record that arrived at an epoch time
// or later.
func (v *view) firstSince(at int, millis int64) (index uint64, found bool, err error) {
	s := v.segments[at]
	f, err := s.open()
	if isGone(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer f.Close()
	limit := v.size
	if at < len(v.segments)-1 {
		if limit, err = fileSize(f); err != nil {
			return 0, false, err
		}
	}
	r := blockReader{file: f}
	if r.at, err = s.seek(limit, func(e indexEntry) bool { return e.arrival < millis }); err != nil {
		return 0, false, err
	}
	for {
		h, _, err := r.next(limit)
		if errors.Is(err, errNoBlock) {
			// Behind a hole the search goes on; the records in it can't be had.
			if r.resync(limit) == nil {
				continue
			}
			return 0, false, nil
		}
		if err != nil {
			return 0, false, errs.Wrap(errs.Resource, err, "reading %s", s.path)
		}
		if h.kind != stateBlock && h.first < v.endOf(at) && h.arrival >= millis {
			return h.first, true, nil
		}
	}
}
