package arrowipc

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/rowgroup"
	"github.com/thalweg/thalweg/internal/errs"
)

// magic begins a file; a stream begins otherwise.
const magic = "ARROW1"

// OpenFile makes a reader of a file or stream.
func (Format) OpenFile(f codec.File, c codec.Config) (_ codec.FileReader, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.Corruptionf("the file is broken: %v", p)
		}
	}()
	section := io.NewSectionReader(f, 0, f.SizeBytes)
	var head [len(magic)]byte
	if _, err := f.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return nil, errs.Wrap(errs.Resource, err, "reading")
	}
	if string(head[:]) != magic {
		r, err := ipc.NewReader(section, ipc.WithAllocator(c.Alloc))
		if err != nil {
			return nil, errs.Wrap(errs.Corruption, err, "neither an Arrow file nor an Arrow stream")
		}
		return rowgroup.New(&streamSource{reader: r}, c.Wanted(), c.Alloc), nil
	}
	r, err := ipc.NewFileReader(section, ipc.WithAllocator(c.Alloc))
	if err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "not an Arrow file")
	}
	return rowgroup.New(&fileSource{reader: r}, c.Wanted(), c.Alloc), nil
}

// fileSource is a file: a group a record batch.
type fileSource struct {
	reader *ipc.FileReader
	group  int
	given  bool
}

var _ rowgroup.Source = (*fileSource)(nil)

// Groups is the number of record batches.
func (s *fileSource) Groups() int { return s.reader.NumRecords() }

// GroupRows is unknown: the file's index does not hold it.
func (s *fileSource) GroupRows(int) int64 { return -1 }

// Skip leaves nothing out.
func (s *fileSource) Skip(int) bool { return false }

// Open begins a record batch.
func (s *fileSource) Open(group int) error {
	s.group, s.given = group, false
	return nil
}

// Next gives the record batch.
func (s *fileSource) Next() (arrow.Record, error) {
	if s.given {
		return nil, io.EOF
	}
	s.given = true
	rec, err := s.reader.RecordAt(s.group)
	return rec, errs.Wrap(errs.Corruption, err, "record batch %d", s.group)
}

// Close frees everything.
func (s *fileSource) Close() error { return s.reader.Close() }

// streamSource is a stream: one group.
type streamSource struct {
	reader *ipc.Reader
}

var _ rowgroup.Source = (*streamSource)(nil)

// Groups is one.
func (s *streamSource) Groups() int { return 1 }

// GroupRows is unknown until the stream has been read.
func (s *streamSource) GroupRows(int) int64 { return -1 }

// Skip leaves nothing out.
func (s *streamSource) Skip(int) bool { return false }

// Open has nothing to do.
func (s *streamSource) Open(int) error { return nil }

// Next gives the next record batch.
func (s *streamSource) Next() (arrow.Record, error) {
	if !s.reader.Next() {
		if err := s.reader.Err(); err != nil && err != io.EOF {
			return nil, errs.Wrap(errs.Corruption, err, "reading an Arrow stream")
		}
		return nil, io.EOF
	}
	rec := s.reader.Record()
	rec.Retain()
	return rec, nil
}

// Close frees everything.
func (s *streamSource) Close() error {
	s.reader.Release()
	return nil
}
