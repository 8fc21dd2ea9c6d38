package parquet

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// writer writes one Parquet file.
type writer struct {
	out        *pqarrow.FileWriter
	schema     *arrow.Schema
	groupBytes int64
	// held are the batches of the open row group: the statistics of its text
	// columns point into them until the group ends.
	held []stream.Batch
	// ended is the bytes of the row groups before the open one, pending those of
	// the open one; both as in memory.
	ended   int64
	pending int64
}

var _ codec.FileWriter = (*writer)(nil)

// NewFile makes a writer of the schema's columns.
func (Format) NewFile(w io.Writer, c codec.Config) (codec.FileWriter, error) {
	if err := (Format{}).Check(c.Schema, c.Options); err != nil {
		return nil, err
	}
	codecs := map[string]compress.Compression{"UNCOMPRESSED": compress.Codecs.Uncompressed, "SNAPPY": compress.Codecs.Snappy,
		"GZIP": compress.Codecs.Gzip, "ZSTD": compress.Codecs.Zstd}
	alloc := libraryAllocator()
	props := parquet.NewWriterProperties(parquet.WithCompression(codecs[c.Options.String("parquet.compression")]),
		parquet.WithAllocator(alloc), parquet.WithCreatedBy("thalweg"))
	schema := c.Schema.Arrow()
	out, err := pqarrow.NewFileWriter(schema, onlyWriter{w}, props, pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema(), pqarrow.WithAllocator(alloc)))
	if err != nil {
		return nil, errs.Wrap(errs.Unsupported, err, "format 'parquet'")
	}
	return &writer{out: out, schema: schema, groupBytes: c.Options.Bytes("parquet.row-group-size")}, nil
}

// libraryAllocator is the allocator for what the Parquet library makes for itself.
// It must be garbage collected: the library keeps using some buffers (dictionaries
// and statistics among them) after it has given them back, which in pooled memory
// are somebody else's by then.
func libraryAllocator() memory.Allocator { return memory.NewGoAllocator() }

// onlyWriter hides an io.Closer from the library, which would close it.
type onlyWriter struct{ io.Writer }

// Write adds rows.
func (w *writer) Write(batch stream.Batch) error {
	rec := array.NewRecord(w.schema, batch.Record.Columns(), batch.Record.NumRows())
	defer rec.Release()
	w.held = append(w.held, batch.Retain())
	if err := w.out.WriteBuffered(rec); err != nil {
		return errs.Wrap(errs.Resource, err, "writing Parquet")
	}
	for _, col := range rec.Columns() {
		w.pending += sizeOf(col.Data())
	}
	if w.groupBytes > 0 && w.pending >= w.groupBytes {
		w.out.NewBufferedRowGroup()
		w.ended, w.pending = w.ended+w.pending, 0
		w.release()
	}
	return nil
}

// release lets go of the batches of a row group that has ended.
func (w *writer) release() {
	for _, b := range w.held {
		b.Release()
	}
	w.held = nil
}

// Written is about the number of bytes so far, before compression.
func (w *writer) Written() int64 { return w.ended + w.pending }

// Close completes the file.
func (w *writer) Close() error {
	defer w.release()
	return errs.Wrap(errs.Resource, w.out.Close(), "completing a Parquet file")
}

// sizeOf is about the bytes of an array. Buffers that reach beyond a slice count by
// the slice's share of the rows up to its end.
func sizeOf(d arrow.ArrayData) int64 {
	size := int64(0)
	for _, b := range d.Buffers() {
		if b != nil {
			size += int64(b.Len())
		}
	}
	for _, k := range d.Children() {
		size += sizeOf(k)
	}
	return size * int64(d.Len()) / int64(max(d.Len()+d.Offset(), 1))
}
