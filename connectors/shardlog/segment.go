package shardlog

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

const segmentSuffix = ".seg"

// segment is one file of a shard. Everything but the index is fixed.
type segment struct {
	fs   vfs.FS
	path string
	// first is the index of the first record it has or will have.
	first uint64

	mu sync.Mutex
	// created is when the segment was begun, in epoch milliseconds: no record that
	// can be read in it is older, and none in earlier segments is newer. 0 means not
	// read yet, unknownMillis that no block of it is intact.
	created int64
	// index is sparse; nil means not built yet. It is sparser in segments that have
	// ended, of which there may be many.
	index []indexEntry
	ended bool
	// indexed is how much of the file the index covers.
	indexed int64
}

// indexEntry says where a block is.
type indexEntry struct {
	first   uint64
	arrival int64
	offset  int64
}

// unknownMillis stands for a time that nothing intact tells.
const unknownMillis = -1

// The distance between entries of the index of the active segment, and of one that has
// ended: less than what is read of a file at once.
const (
	indexEveryBytes      = 64 << 10
	indexEndedEveryBytes = 512 << 10
)

// segmentName is the file name of the segment that begins at a record.
func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentSuffix) }

// shardFiles are the files of a shard's directory.
type shardFiles struct {
	// segments are in order.
	segments []*segment
	floor    floor
	// temporary are the names of files that never got theirs.
	temporary []string
}

// listShard lists a shard's directory.
func listShard(fs vfs.FS, dir string) (out shardFiles, err error) {
	names, err := fs.List(dir)
	if err != nil {
		return out, errs.Wrap(errs.Resource, err, "listing %s", dir)
	}
	for _, name := range names {
		if digits, ok := strings.CutSuffix(name, segmentSuffix); ok {
			if first, err := strconv.ParseUint(digits, 10, 64); err == nil {
				out.segments = append(out.segments, &segment{fs: fs, path: fs.PathJoin(dir, name), first: first, ended: true})
			}
		} else if f, ok := parseFloor(name); ok && f.above(out.floor) {
			out.floor = f
		} else if strings.HasSuffix(name, durable.Suffix) {
			out.temporary = append(out.temporary, name)
		}
	}
	sort.Slice(out.segments, func(i, j int) bool { return out.segments[i].first < out.segments[j].first })
	return out, nil
}

// removeTemporary removes the files that never got their name.
func (f *shardFiles) removeTemporary(fs vfs.FS, dir string) error {
	for _, name := range f.temporary {
		if err := fs.Remove(fs.PathJoin(dir, name)); err != nil {
			return errs.Wrap(errs.Resource, err, "removing a leftover")
		}
	}
	return nil
}

// open opens the file for reading.
func (s *segment) open() (vfs.File, error) {
	f, err := s.fs.Open(s.path)
	return f, errs.Wrap(errs.Resource, err, "opening a segment of the shard log")
}

// note adds an intact block to the index of a segment that is being written or
// scanned.
func (s *segment) note(h blockHeader, offset int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.kind == stateBlock && offset == 0 {
		s.created = h.arrival
	}
	s.addEntry(h, offset)
}

func (s *segment) addEntry(h blockHeader, offset int64) {
	s.indexed = offset + h.bytes()
	if h.kind == stateBlock {
		return
	}
	every := int64(indexEveryBytes)
	if s.ended {
		every = indexEndedEveryBytes
	}
	if n := len(s.index); n == 0 || offset-s.index[n-1].offset >= every {
		s.index = append(s.index, indexEntry{h.first, h.arrival, offset})
	}
}

// end thins out the index of a segment that is written no more.
func (s *segment) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	var kept []indexEntry
	for _, e := range s.index {
		if n := len(kept); n == 0 || e.offset-kept[n-1].offset >= indexEndedEveryBytes {
			kept = append(kept, e)
		}
	}
	s.index = slices.Clip(kept)
}

// createdMillis gives created, reading it if need be. Where the first block is
// corrupt, the first intact one tells it; of a file that is gone nothing does.
func (s *segment) createdMillis() (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.created != 0 {
		return s.created, nil
	}
	f, err := s.open()
	if isGone(err) {
		s.created = unknownMillis
		return s.created, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	size, err := fileSize(f)
	if err != nil {
		return 0, err
	}
	r := blockReader{file: f}
	h, _, err := r.next(size)
	if errors.Is(err, errNoBlock) {
		if err = r.resync(size); err == nil {
			h, _, err = r.next(size)
		}
	}
	switch {
	case errors.Is(err, errNoBlock):
		s.created = unknownMillis
	case err != nil:
		return 0, errs.Wrap(errs.Resource, err, "reading %s", s.path)
	default:
		s.created = max(1, h.arrival)
	}
	return s.created, nil
}

// seek gives the offset of a block at or before the first one that reaches: the
// last entry for which before is true. limit is how much of the file may be read.
func (s *segment) seek(limit int64, before func(indexEntry) bool) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index == nil && s.indexed < limit {
		if err := s.buildIndex(limit); err != nil {
			return 0, err
		}
	}
	n := sort.Search(len(s.index), func(i int) bool { return !before(s.index[i]) })
	if n == 0 {
		return 0, nil
	}
	return s.index[n-1].offset, nil
}

// buildIndex reads the headers of all blocks, as far as they follow each other as
// blocks do: their checksums are not looked at, and what a search finds by a damaged
// header would be behind what it looks for.
func (s *segment) buildIndex(limit int64) error {
	f, err := s.open()
	if err != nil {
		return err
	}
	defer f.Close()
	r := blockReader{file: f}
	last := blockHeader{first: s.first}
	for {
		at := r.at
		h, err := r.skip(limit)
		if err == nil && (h.first < last.end() || h.arrival < last.arrival) {
			err = errNoBlock
		}
		if errors.Is(err, errNoBlock) {
			s.indexed = limit
			return nil
		}
		if err != nil {
			return errs.Wrap(errs.Resource, err, "reading %s", s.path)
		}
		s.addEntry(h, at)
		last = h
	}
}

func fileSize(f vfs.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, errs.Wrap(errs.Resource, err, "reading a segment's size")
	}
	return info.Size(), nil
}
