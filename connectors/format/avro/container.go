package avro

import (
	"encoding/binary"
	"io"

	"github.com/google/uuid"
	"github.com/hamba/avro/v2"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// magic begins an object container file; a sync marker ends each of its parts.
const (
	magic    = "Obj\x01"
	syncSize = 16
)

// headerBytes is how much of a file is looked at for its header at first.
const headerBytes = 64 << 10

// header is what a container file begins with.
type header struct {
	schema avro.Schema
	codec  string
	sync   [syncSize]byte
	size   int64
}

// readHeader reads a file's header.
func readHeader(f codec.File) (*header, error) {
	for size := int64(headerBytes); ; size *= 16 {
		data := make([]byte, min(size, f.SizeBytes))
		if n, err := f.ReadAt(data, 0); err != nil && n < len(data) {
			return nil, errs.Wrap(errs.Resource, err, "reading an Avro file")
		}
		if len(data) < len(magic) || string(data[:len(magic)]) != magic {
			return nil, errs.Corruptionf("no Avro object container file")
		}
		h, ok, err := parseHeader(data)
		if ok || err != nil {
			return h, err
		}
		if int64(len(data)) == f.SizeBytes {
			return nil, errs.Corruptionf("the Avro file's header has no end")
		}
	}
}

// parseHeader reads the header at the front of data; ok is false when data are too
// few.
func parseHeader(data []byte) (h *header, ok bool, err error) {
	d := decoding{data: data}
	h = &header{codec: codecNull}
	i := len(magic)
	for {
		count, next := d.long(i)
		if i = next; i < 0 {
			return nil, false, nil
		}
		if count < 0 {
			count = -count
			if _, i = d.long(i); i < 0 {
				return nil, false, nil
			}
		}
		if count == 0 {
			break
		}
		for range count {
			keyFrom, keyTo := d.span(i)
			if keyTo < 0 {
				return nil, false, nil
			}
			from, to := d.span(keyTo)
			if i = to; to < 0 {
				return nil, false, nil
			}
			switch string(data[keyFrom:keyTo]) {
			case "avro.schema":
				if h.schema, err = parse(string(data[from:to])); err != nil {
					return nil, false, errs.Wrap(errs.Corruption, err, "the Avro file's schema")
				}
			case "avro.codec":
				h.codec = string(data[from:to])
			}
		}
	}
	if len(data)-i < syncSize {
		return nil, false, nil
	}
	if h.schema == nil {
		return nil, false, errs.Corruptionf("the Avro file has no schema")
	}
	copy(h.sync[:], data[i:])
	h.size = int64(i + syncSize)
	return h, true, nil
}

// fileReader reads a container file. Invariant: position rows lie before data[at:],
// of whose block left rows are still to come; the next block is at offset.
type fileReader struct {
	decoding
	file     codec.File
	head     *header
	codec    *decompressor
	root     *node
	skip     *node
	pending  column.Pending
	block    []byte
	at       int
	left     int64
	offset   int64
	position int64
}

var _ codec.FileReader = (*fileReader)(nil)

// OpenFile makes a reader of an object container file. Columns are found by name;
// those that the file lacks are NULL.
func (Format) OpenFile(f codec.File, c codec.Config) (codec.FileReader, error) {
	h, err := readHeader(f)
	if err != nil {
		return nil, err
	}
	wanted := c.Wanted()
	r := &fileReader{file: f, head: h, offset: h.size, skip: newCompiler().skip(h.schema)}
	if r.codec, err = newDecompressor(h.codec); err != nil {
		return nil, err
	}
	r.pending = column.NewPending(column.NewSet(wanted, c.Alloc, c.BatchRows), c.BatchRows, false)
	if r.root, err = newCompiler().row(h.schema, "", wanted, r.pending.Cols); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Next gives at most most rows.
func (r *fileReader) Next(most int) (stream.Batch, error) {
	r.pending.Max = max(1, most)
	for !r.pending.Full() {
		if r.left == 0 {
			if err := r.nextBlock(); err == io.EOF {
				break
			} else if err != nil {
				return stream.Batch{}, err
			}
			continue
		}
		if r.at = r.value(r.root, r.at); r.at < 0 {
			return stream.Batch{}, errs.Corruptionf("row %d: %s", r.position+1, r.reason)
		}
		r.pending.Add(stream.Insert)
		r.left--
		r.position++
	}
	if r.pending.N == 0 {
		return stream.Batch{}, io.EOF
	}
	return r.pending.Flush(), nil
}

// nextBlock reads the next block, io.EOF at the file's end.
func (r *fileReader) nextBlock() error {
	rows, size, err := r.blockHead()
	if err != nil {
		return err
	}
	if int64(cap(r.block)) < size+syncSize {
		r.block = make([]byte, size+syncSize)
	}
	block := r.block[:size+syncSize]
	if n, err := r.file.ReadAt(block, r.offset); n < len(block) {
		return errs.Wrap(errs.Resource, err, "reading an Avro file")
	}
	if string(block[size:]) != string(r.head.sync[:]) {
		return errs.Corruptionf("the Avro block at byte %d has no end", r.offset)
	}
	r.offset += int64(len(block))
	if r.data, err = r.codec.open(block[:size]); err != nil {
		return err
	}
	r.at, r.left = 0, rows
	return nil
}

// blockHead reads a block's number of rows and bytes, and passes over them.
func (r *fileReader) blockHead() (rows, size int64, err error) {
	var buf [2 * binary.MaxVarintLen64]byte
	head := buf[:min(int64(len(buf)), r.file.SizeBytes-r.offset)]
	if len(head) == 0 {
		return 0, 0, io.EOF
	}
	if n, err := r.file.ReadAt(head, r.offset); n < len(head) {
		return 0, 0, errs.Wrap(errs.Resource, err, "reading an Avro file")
	}
	d := decoding{data: head}
	rows, i := d.long(0)
	if i > 0 {
		size, i = d.long(i)
	}
	if i < 0 || rows < 0 || size < 0 || size > blockBytesMax || size > r.file.SizeBytes-r.offset-int64(i)-syncSize {
		return 0, 0, errs.Corruptionf("the Avro block at byte %d is cut off or broken", r.offset)
	}
	r.offset += int64(i)
	return rows, size, nil
}

// Position is the number of the next row.
func (r *fileReader) Position() int64 { return r.position }

// SkipTo passes over whole blocks without reading them.
func (r *fileReader) SkipTo(row int64) error {
	for r.position < row {
		if r.left > 0 {
			if r.at = r.value(r.skip, r.at); r.at < 0 {
				return errs.Corruptionf("row %d: %s", r.position+1, r.reason)
			}
			r.left--
			r.position++
			continue
		}
		before := r.offset
		rows, size, err := r.blockHead()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if r.position+rows <= row {
			r.offset += size + syncSize
			r.position += rows
			continue
		}
		r.offset = before
		if err := r.nextBlock(); err != nil {
			return err
		}
	}
	return nil
}

// Rows is unknown without reading all blocks.
func (r *fileReader) Rows() int64 { return -1 }

// Close frees everything.
func (r *fileReader) Close() error {
	r.pending.Close()
	r.codec.close()
	return nil
}

// blockBytes is about the size of the blocks that are written.
const blockBytes = 64 << 10

// fileWriter writes a container file.
type fileWriter struct {
	out     io.Writer
	writers []*writer
	codec   *compressor
	sync    [syncSize]byte
	block   []byte
	rows    int64
	written int64
}

var _ codec.FileWriter = (*fileWriter)(nil)

// NewFile makes a writer of an object container file.
func (Format) NewFile(w io.Writer, c codec.Config) (codec.FileWriter, error) {
	text, err := schemaText(c.Schema, legacy(c.Options))
	if err != nil {
		return nil, err
	}
	f := &fileWriter{out: w, writers: newWriters(c.Schema), sync: uuid.New()}
	name := c.Options.String(optionCodec)
	if f.codec, err = newCompressor(name); err != nil {
		return nil, err
	}
	head := append([]byte(magic), 4) // two entries
	for _, s := range []string{"avro.schema", text, "avro.codec", name} {
		head = append(appendLong(head, int64(len(s))), s...)
	}
	head = append(append(head, 0), f.sync[:]...)
	return f, f.write(head)
}

func (f *fileWriter) write(b []byte) error {
	n, err := f.out.Write(b)
	f.written += int64(n)
	return errs.Wrap(errs.Resource, err, "writing an Avro file")
}

// Write adds rows.
func (f *fileWriter) Write(batch stream.Batch) error {
	if batch.Rows() == 0 {
		return nil
	}
	defer unbindAll(f.writers)
	if err := bindAll(f.writers, batch); err != nil {
		return err
	}
	for row := range batch.Rows() {
		var err error
		for _, w := range f.writers {
			if f.block, err = w.append(f.block, row); err != nil {
				return err
			}
		}
		if f.rows++; len(f.block) >= blockBytes {
			if err := f.endBlock(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *fileWriter) endBlock() error {
	if f.rows == 0 {
		return nil
	}
	data, err := f.codec.block(f.block)
	if err != nil {
		return err
	}
	head := appendLong(appendLong(nil, f.rows), int64(len(data)))
	f.block, f.rows = f.block[:0], 0
	for _, b := range [][]byte{head, data, f.sync[:]} {
		if err := f.write(b); err != nil {
			return err
		}
	}
	return nil
}

// Written is about the number of bytes so far.
func (f *fileWriter) Written() int64 { return f.written + int64(len(f.block)) }

// Close completes the file.
func (f *fileWriter) Close() error { return f.endBlock() }
