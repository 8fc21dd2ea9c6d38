package shardlog

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// A floor tells which segment of a shard is the newest, and below which number its
// records stay. It is the name of an empty file beside the segments, and is changed
// after each segment is begun and before a record goes into it, and not with each
// append: the limit leaves room, and is raised when that is used up. So a newest segment
// that is gone is noticed at the next start, and no number that it gave is given again.
type floor struct {
	// first is the first number of the newest segment, limit one that is greater than
	// all of its records' numbers. The zero floor stands for none.
	first, limit uint64
}

const floorSuffix = ".floor"

func (f floor) name() string { return fmt.Sprintf("%020d-%020d%s", f.first, f.limit, floorSuffix) }

func parseFloor(name string) (f floor, ok bool) {
	base, ok := strings.CutSuffix(name, floorSuffix)
	first, limit, found := strings.Cut(base, "-")
	if !ok || !found {
		return f, false
	}
	var errFirst, errLimit error
	f.first, errFirst = strconv.ParseUint(first, 10, 64)
	f.limit, errLimit = strconv.ParseUint(limit, 10, 64)
	return f, errFirst == nil && errLimit == nil && 0 < f.first && f.first <= f.limit
}

// above reports whether f is the newer one of two.
func (f floor) above(o floor) bool {
	return f.first > o.first || f.first == o.first && f.limit > o.limit
}

// raise makes room for n more numbers behind the view's end in the active segment.
func (s *shard) raise(n uint64) error {
	v := s.view.Load()
	next := floor{v.segments[len(v.segments)-1].first, v.end + n}
	if s.floor.first == next.first && next.limit <= s.floor.limit {
		return nil
	}
	next.limit += uint64(s.store.options.SegmentBytes)
	fs := s.store.fs
	path := fs.PathJoin(s.dir, next.name())
	err := fs.Rename(fs.PathJoin(s.dir, s.floor.name()), path)
	if isGone(err) {
		err = createEmpty(fs, path)
	}
	if err == nil {
		err = durable.SyncDir(fs, s.dir)
	}
	if err == nil {
		s.floor = next
	}
	return err
}

// markLost makes an empty segment in place of the newest one if that is gone, and gives
// the segments with it: whoever reads them is told of the loss, as of any other damage.
func (s *shard) markLost(segments []*segment) ([]*segment, error) {
	if n := len(segments); s.floor.first == 0 || n > 0 && segments[n-1].first >= s.floor.first {
		return segments, nil
	}
	fs := s.store.fs
	lost := &segment{fs: fs, path: fs.PathJoin(s.dir, segmentName(s.floor.first)), first: s.floor.first}
	err := createEmpty(fs, lost.path)
	if err == nil {
		err = durable.SyncDir(fs, s.dir)
	}
	return append(segments, lost), errs.Wrap(errs.Resource, err, "marking that %s is gone", lost.path)
}

func createEmpty(fs vfs.FS, path string) error {
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	return f.Close()
}
