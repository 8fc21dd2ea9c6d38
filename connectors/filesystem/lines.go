package filesystem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

const (
	// chunkBytes is how much is read at a time.
	chunkBytes = 512 << 10
	// recordBytesMax is the longest record that is read.
	recordBytesMax = 128 << 20
)

// lineInput says what a lineReader reads.
type lineInput struct {
	piece       piece
	at          place
	compression string
	bad         connector.BadRecords
}

// lineReader reads a file of records. Invariant: buf[from:to] is the data from
// offset on that was read and not yet decoded.
type lineReader struct {
	lineInput
	file    vfs.File
	input   io.ReadCloser
	decoder codec.Decoder
	buf     []byte
	from    int
	to      int
	// offset and line are the place of buf[from]; end is where the piece ends, -1
	// for the file's end.
	offset int64
	line   int64
	end    int64
	eof    bool
	// lineBase is the number of lines before the piece, -1 when not yet counted.
	lineBase int64
}

var _ connector.Reader = (*lineReader)(nil)

// openLines makes a reader of a file of records.
func openLines(fs vfs.FS, records codec.Records, config codec.Config, in lineInput) (_ *lineReader, err error) {
	file, err := fs.Open(in.piece.Path, vfs.SequentialReadsOption)
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "opening '%s'", in.piece.Path)
	}
	r := &lineReader{lineInput: in, file: file, end: -1, lineBase: -1, buf: make([]byte, chunkBytes)}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if r.decoder, err = records.NewDecoder(config); err != nil {
		return nil, err
	}
	if in.piece.Start == 0 {
		r.lineBase = 0
	}
	start := in.piece.Start
	if r.compression == "none" {
		if r.end, err = r.lineStart(in.piece.End); err != nil {
			return nil, err
		}
		if start, err = r.lineStart(start); err != nil {
			return nil, err
		}
	}
	if err = r.header(); err != nil {
		return nil, err
	}
	return r, r.seek(start)
}

// header gives the file's beginning to a decoder that wants it.
func (r *lineReader) header() error {
	if err := r.reopen(); err != nil {
		return err
	}
	headed, ok := r.decoder.(codec.Headed)
	if !ok {
		return nil
	}
	for {
		consumed, lines, ok, err := headed.Header(r.buf[r.from:r.to], r.eof)
		if err != nil {
			return errs.Wrap(errs.User, err, "file '%s'", r.piece.Path)
		}
		if ok {
			r.advance(consumed, lines)
			return nil
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
}

// reopen starts at the file's first byte.
func (r *lineReader) reopen() error {
	input, err := format.Decompress(io.NewSectionReader(r.file, 0, 1<<62), r.compression)
	if err != nil {
		return errs.Wrap(errs.Corruption, err, "file '%s'", r.piece.Path)
	}
	r.input = input
	return nil
}

// seek goes to the place to start at: a given position, or the piece's first line
// at start.
func (r *lineReader) seek(start int64) error {
	line := int64(0)
	if r.at.Offset > 0 {
		start, line = r.at.Offset, r.at.Line
	}
	if start <= r.offset {
		return nil // a header, or nothing, was passed
	}
	if r.compression == "none" {
		r.input = io.NopCloser(io.NewSectionReader(r.file, start, 1<<62-start))
		r.from, r.to, r.offset, r.line, r.eof = 0, 0, start, line, false
		return nil
	}
	return r.skip(start, line)
}

// skip passes over decompressed data up to offset.
func (r *lineReader) skip(offset, line int64) error {
	for r.offset+int64(r.to-r.from) < offset {
		r.offset += int64(r.to - r.from)
		r.from = r.to
		if r.eof {
			return errs.Corruptionf("file '%s' is shorter than the position %d to go on from", r.piece.Path, offset)
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
	r.from += int(offset - r.offset)
	r.offset, r.line = offset, line
	return nil
}

// lineStart is the first start of a line at or after offset. The file's end counts
// as one; -1 stands for an end that is the file's, which may have grown.
func (r *lineReader) lineStart(offset int64) (int64, error) {
	if offset == 0 {
		return 0, nil
	}
	if offset >= r.piece.SizeBytes {
		return -1, nil
	}
	for at := offset - 1; ; {
		n, err := r.file.ReadAt(r.buf, at)
		if i := bytes.IndexByte(r.buf[:n], '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
		at += int64(n)
		if err == io.EOF {
			return at, nil
		}
		if err != nil {
			return 0, errs.Wrap(errs.Resource, err, "reading '%s'", r.piece.Path)
		}
	}
}

// advance passes over decoded data.
func (r *lineReader) advance(consumed, lines int) {
	r.from += consumed
	r.offset += int64(consumed)
	r.line += int64(lines)
}

// fill reads more data behind what there is.
func (r *lineReader) fill() error {
	if r.from > 0 {
		r.to = copy(r.buf, r.buf[r.from:r.to])
		r.from = 0
	}
	if r.to == len(r.buf) {
		if len(r.buf) >= recordBytesMax {
			return errs.Userf("%s: the record is longer than %d MiB", r.where(0, 0), recordBytesMax>>20)
		}
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	n, err := io.ReadFull(r.input, r.buf[r.to:])
	r.to += n
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) && r.compression == "none" {
		r.eof = true
		return nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return r.compressedEnd(err)
	}
	class := errs.Resource
	if r.compression != "none" {
		class = errs.Corruption
	}
	return errs.Wrap(class, err, "reading '%s'", r.piece.Path)
}

// compressedEnd tells the end of compressed data from data that is cut off, which
// io.ReadFull reports alike.
func (r *lineReader) compressedEnd(cause error) error {
	var probe [1]byte
	if n, err := r.input.Read(probe[:]); n != 0 || err != io.EOF {
		return errs.Wrap(errs.Corruption, cause, "reading '%s'", r.piece.Path)
	}
	r.eof = true
	return nil
}

// pending is the data to decode: up to the piece's end.
func (r *lineReader) pending() (data []byte, final bool) {
	data, final = r.buf[r.from:r.to], r.eof
	if r.end >= 0 && r.offset+int64(len(data)) >= r.end {
		data, final = data[:max(0, r.end-r.offset)], true
	}
	return data, final
}

// Next gives the next batch. Files don't block, so it never waits.
func (r *lineReader) Next(ctx context.Context, _ <-chan struct{}) (stream.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return stream.Batch{}, err
		}
		data, final := r.pending()
		consumed, lines, err := r.decoder.Lines(data, final, r.reject)
		if err != nil {
			return stream.Batch{}, err
		}
		r.advance(consumed, lines)
		if r.decoder.Full() {
			return r.decoder.Flush(), nil
		}
		if final && (consumed == len(data) || consumed == 0) {
			return r.last()
		}
		if consumed == 0 {
			if err := r.fill(); err != nil {
				return stream.Batch{}, err
			}
		}
	}
}

// last gives the rows before the end.
func (r *lineReader) last() (stream.Batch, error) {
	if r.decoder.Rows() == 0 {
		return stream.Batch{}, connector.ErrEndOfSplit
	}
	return r.decoder.Flush(), connector.ErrEndOfSplit
}

// reject passes a bad record on, with its place.
func (r *lineReader) reject(b codec.Bad) error {
	return r.bad.Bad(connector.BadRecord{Where: r.where(b.Offset, b.Line), Reason: b.Reason, Raw: b.Raw})
}

// where names a record's place: file, line and byte.
func (r *lineReader) where(offset, line int) string {
	if r.lineBase < 0 {
		r.lineBase = r.countLines()
	}
	at := r.offset + int64(offset)
	if r.lineBase < 0 {
		return fmt.Sprintf("%s (byte %d)", r.piece.Path, at)
	}
	return fmt.Sprintf("%s:%d (byte %d)", r.piece.Path, r.lineBase+r.line+int64(line)+1, at)
}

// countLines counts the lines before the piece, or gives -1.
func (r *lineReader) countLines() int64 {
	start, err := r.lineStart(r.piece.Start)
	if err != nil || start < 0 {
		return -1
	}
	count := int64(0)
	buf := make([]byte, chunkBytes)
	for at := int64(0); at < start; {
		n, err := r.file.ReadAt(buf[:min(int64(len(buf)), start-at)], at)
		count += int64(bytes.Count(buf[:n], []byte{'\n'}))
		at += int64(n)
		if err != nil && at < start {
			return -1
		}
	}
	return count
}

// Position is the next record's place.
func (r *lineReader) Position() []byte { return place{Offset: r.offset, Line: r.line}.encode() }

// Lag tells the progress in bytes of the piece.
func (r *lineReader) Lag() connector.Lag {
	lag := connector.Lag{Rows: -1, Millis: -1, Done: r.offset - r.piece.Start, Total: -1}
	if r.compression == "none" {
		lag.Total = r.piece.End - r.piece.Start
	}
	return lag
}

// Close closes the file.
func (r *lineReader) Close() error {
	if r.decoder != nil {
		r.decoder.Close()
	}
	if r.input != nil {
		r.input.Close()
	}
	return errs.Wrap(errs.Resource, r.file.Close(), "closing '%s'", r.piece.Path)
}
