// Package rowgroup reads files that hold their rows in groups, such as Parquet's
// row groups and Arrow's record batches, at any batch size and from any row.
package rowgroup

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/connectors/format/conform"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Source is a file's groups. One goroutine uses it.
type Source interface {
	// Groups is the number of groups, GroupRows the number of rows of one, or -1
	// when unknown. Skip reports a group that the filters leave out.
	Groups() int
	GroupRows(group int) int64
	Skip(group int) bool
	// Open begins reading a group; Next gives its rows, owned by the caller, or
	// io.EOF.
	Open(group int) error
	Next() (arrow.Record, error)
	Close() error
}

// Reader is a codec.FileReader over groups. Invariant: position counts the rows of
// the groups before group, of those read of group itself, less those in pending.
type Reader struct {
	source   Source
	schema   types.Schema
	alloc    memory.Allocator
	group    int
	open     bool
	position int64
	pending  stream.Batch
}

var _ codec.FileReader = (*Reader)(nil)

// New makes a reader of schema's columns. It takes source over.
func New(source Source, schema types.Schema, alloc memory.Allocator) *Reader {
	return &Reader{source: source, schema: schema, alloc: alloc}
}

// Next gives at most most rows.
func (r *Reader) Next(most int) (_ stream.Batch, err error) {
	defer guard(&err)
	if err := r.fill(); err != nil {
		return stream.Batch{}, err
	}
	return r.take(most), nil
}

// guard turns a panic of the library, which it answers broken files with, into an
// error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = errs.Corruptionf("the file is broken: %v", p)
	}
}

// take cuts rows off pending.
func (r *Reader) take(most int) stream.Batch {
	rows := r.pending.Rows()
	if rows <= most {
		b := r.pending
		r.pending = stream.Batch{}
		r.position += int64(rows)
		return b
	}
	b := r.pending.Slice(0, most)
	rest := r.pending.Slice(most, rows)
	r.pending.Release()
	r.pending = rest
	r.position += int64(most)
	return b
}

// fill makes pending hold rows, or gives io.EOF.
func (r *Reader) fill() error {
	for r.pending.Rows() == 0 {
		r.pending.Release()
		r.pending = stream.Batch{}
		if !r.open {
			if err := r.openNext(); err != nil {
				return err
			}
		}
		rec, err := r.source.Next()
		if err == io.EOF {
			r.open = false
			r.group++
			continue
		}
		if err != nil {
			return err
		}
		r.pending, err = conform.Record(rec, r.schema, r.alloc)
		rec.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// openNext opens the next group that is not left out.
func (r *Reader) openNext() error {
	for ; r.group < r.source.Groups(); r.group++ {
		if r.source.Skip(r.group) {
			r.position += r.source.GroupRows(r.group)
			continue
		}
		if err := r.source.Open(r.group); err != nil {
			return err
		}
		r.open = true
		return nil
	}
	return io.EOF
}

// Position is the number of the next row.
func (r *Reader) Position() int64 { return r.position }

// SkipTo goes on at a row; it is called before the first Next.
func (r *Reader) SkipTo(row int64) (err error) {
	defer guard(&err)
	for r.group < r.source.Groups() {
		rows := r.source.GroupRows(r.group)
		if rows < 0 || r.position+rows > row {
			break
		}
		r.position += rows
		r.group++
	}
	for r.position < row {
		if err := r.fill(); err == io.EOF {
			return errs.Corruptionf("the file ends before row %d", row)
		} else if err != nil {
			return err
		}
		r.take(int(min(row-r.position, 1<<30))).Release()
	}
	return nil
}

// Rows is the number of rows in the file, -1 when unknown.
func (r *Reader) Rows() int64 {
	total := int64(0)
	for i := range r.source.Groups() {
		rows := r.source.GroupRows(i)
		if rows < 0 {
			return -1
		}
		total += rows
	}
	return total
}

// Close frees everything.
func (r *Reader) Close() error {
	r.pending.Release()
	r.pending = stream.Batch{}
	return r.source.Close()
}
