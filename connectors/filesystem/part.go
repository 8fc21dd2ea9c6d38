package filesystem

import (
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/operators/stream"
)

// part is one file that is being written, or is complete and waits for its commit.
type part struct {
	folder    string
	name      string
	createdMs int64
	used      int64 // the writer's clock at the last write
	file      vfs.File
	out       *bufferedFile
	sink      codec.FileWriter
}

// isRecords reports a format whose files are records one after another.
func isRecords(f codec.Format) bool {
	_, ok := f.(codec.Files)
	return !ok
}

// create opens the file at path and begins its content.
func (p *part) create(w *writer, path string) error {
	file, err := w.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	p.file, p.out = file, &bufferedFile{w: file}
	config := codec.Config{Schema: w.stored, Options: w.table.Options, Alloc: w.env.Alloc, BatchRows: 1, Lines: true}
	if files, ok := w.format.(codec.Files); ok {
		p.sink, err = files.NewFile(p.out, config)
	} else {
		p.sink, err = newRecordFile(p.out, w.format.(codec.Records), config, w.codec)
	}
	if err != nil {
		return errors.Join(err, file.Close(), w.fs.Remove(path))
	}
	return nil
}

func (p *part) write(rows stream.Batch) error { return p.sink.Write(rows) }

// written is about the file's size in bytes.
func (p *part) written() int64 { return max(p.sink.Written(), p.out.n) }

// end completes the file and makes its content durable.
func (p *part) end() error {
	if err := p.sink.Close(); err != nil {
		return errors.Join(err, p.file.Close())
	}
	if err := errors.Join(p.out.flush(), p.file.Sync()); err != nil {
		return errors.Join(err, p.file.Close())
	}
	return p.file.Close()
}

// abandon closes a file that will be removed.
func (p *part) abandon() error {
	p.out.w = io.Discard
	return errors.Join(p.sink.Close(), p.file.Close())
}

// fileBufferBytes is how much is gathered before it goes to the file.
const fileBufferBytes = 64 << 10

// bufferedFile gathers writes for a file. It always copies: a vfs.File may change
// the bytes it is given, and those of a format may be columns in use.
type bufferedFile struct {
	w   io.Writer
	buf []byte
	n   int64
}

// Write takes a copy of b.
func (f *bufferedFile) Write(b []byte) (int, error) {
	f.n += int64(len(b))
	if f.buf == nil {
		f.buf = make([]byte, 0, fileBufferBytes)
	}
	for rest := b; len(rest) > 0; {
		k := min(len(rest), cap(f.buf)-len(f.buf))
		f.buf = append(f.buf, rest[:k]...)
		rest = rest[k:]
		if len(f.buf) == cap(f.buf) {
			if err := f.flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(b), nil
}

// flush writes what was gathered.
func (f *bufferedFile) flush() error {
	if len(f.buf) == 0 {
		return nil
	}
	_, err := f.w.Write(f.buf)
	f.buf = f.buf[:0]
	return err
}

// recordFile makes a file of an encoder's records.
type recordFile struct {
	out     io.WriteCloser
	encoder codec.Encoder
	buf     []byte
	ends    []int
	begun   bool
	written int64
}

var _ codec.FileWriter = (*recordFile)(nil)

// flushBytes is how much is gathered before it is written.
const flushBytes = 256 << 10

func newRecordFile(w io.Writer, records codec.Records, config codec.Config, compression string) (*recordFile, error) {
	encoder, err := records.NewEncoder(config)
	if err != nil {
		return nil, err
	}
	out, err := format.Compress(w, compression)
	return &recordFile{out: out, encoder: encoder}, err
}

// Write adds rows.
func (f *recordFile) Write(batch stream.Batch) (err error) {
	if !f.begun {
		f.buf, f.begun = f.encoder.Begin(f.buf), true
	}
	before := len(f.buf)
	if f.buf, f.ends, err = f.encoder.Encode(f.buf, f.ends[:0], batch); err != nil {
		return err
	}
	f.written += int64(len(f.buf) - before)
	if len(f.buf) >= flushBytes {
		return f.flush()
	}
	return nil
}

func (f *recordFile) flush() error {
	_, err := f.out.Write(f.buf)
	f.buf = f.buf[:0]
	return err
}

// Written is the number of bytes before compression.
func (f *recordFile) Written() int64 { return f.written }

// Close writes what was gathered.
func (f *recordFile) Close() error { return errors.Join(f.flush(), f.out.Close()) }
