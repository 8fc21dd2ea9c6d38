package shardlog

import (
	"time"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// Trimmed tells what a Trim removed.
type Trimmed struct {
	Segments int
	Records  uint64
}

// Trim removes the records of all streams whose retention has ended, by whole
// segments, and closed shards that have none left. It goes on after an error and gives the first one.
func (s *Store) Trim() (Trimmed, error) {
	var total Trimmed
	var first error
	for _, name := range s.Streams() {
		st, err := s.Stream(name)
		if err != nil {
			continue // deleted meanwhile
		}
		cutoff := s.nowMillis() - st.Retention().Milliseconds()
		for _, shard := range st.shards() {
			done, err := shard.trim(cutoff)
			total.Segments += done.Segments
			total.Records += done.Records
			if err != nil && first == nil {
				first = err
			}
		}
		if err := st.expire(cutoff); err != nil && first == nil {
			first = err
		}
	}
	return total, first
}

// trimPeriodically runs Trim until the store is closed.
func (s *Store) trimPeriodically() {
	defer s.janitor.Done()
	ticker := time.NewTicker(s.options.TrimEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.closing:
			return
		case <-ticker.C:
			if _, err := s.Trim(); err != nil {
				s.options.Log.Warn("records whose retention has ended could not be removed; it is tried again", "error", err)
			}
			s.settle()
		}
	}
}

// trim removes segments all of whose records arrived before an epoch time.
func (s *shard) trim(cutoff int64) (Trimmed, error) {
	if s.isClosed() {
		return Trimmed{}, nil
	}
	if err := s.open(); err != nil {
		return Trimmed{}, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.isClosed() {
		return Trimmed{}, nil
	}
	v := s.view.Load()
	if n := len(v.segments); n > 0 && v.arrival < cutoff && v.end > v.segments[n-1].first {
		// All records are too old: a new segment keeps the place in the numbers.
		if err := s.abandon(); err != nil {
			return Trimmed{}, err
		}
		if err := s.roll(); err != nil {
			return Trimmed{}, err
		}
		if err := s.raise(0); err != nil {
			return Trimmed{}, s.fail(err)
		}
		v = s.view.Load()
	}
	keep := 0
	if v.arrival < cutoff {
		keep = max(0, len(v.segments)-1) // the last one may just keep the place
	}
	for i := 1; i < len(v.segments) && v.arrival >= cutoff; i++ {
		// No record of a segment is newer than the next one's beginning; segments that
		// are young enough need not be opened.
		created, err := v.segments[i].createdMillis()
		if err != nil {
			return Trimmed{}, err
		}
		if created == unknownMillis {
			continue
		}
		if created >= cutoff {
			break
		}
		keep = i
	}
	return s.drop(v, keep)
}

// drop removes the first n segments: from readers' sight, then from the disk,
// oldest first, so that what remains has no gap.
func (s *shard) drop(v *view, n int) (Trimmed, error) {
	if n == 0 {
		return Trimmed{}, nil
	}
	fs, next := s.store.fs, *v
	next.segments = v.segments[n:]
	next.horizon = next.segments[0].first
	next.bytes = totalBytes(fs, next.segments)
	for len(next.tail) > 0 && next.tail[0].header.end() <= next.horizon {
		next.tail = next.tail[1:]
	}
	s.publish(v, &next)
	done := Trimmed{Segments: n, Records: next.horizon - v.horizon}
	for _, segment := range v.segments[:n] {
		if err := fs.Remove(segment.path); err != nil && !isGone(err) {
			return done, errs.Wrap(errs.Resource, err, "removing old records of %s", s.id)
		}
	}
	return done, errs.Wrap(errs.Resource, durable.SyncDir(fs, s.dir), "removing old records of %s", s.id)
}
