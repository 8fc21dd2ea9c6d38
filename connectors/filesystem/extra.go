package filesystem

import (
	"context"
	"path/filepath"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/connectors/format/text"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// extras are the partition and metadata columns of a file: one value each, for as
// many rows as a batch can have.
type extras []arrow.Array

func (e extras) free() {
	for _, a := range e {
		a.Release()
	}
}

// extraColumns makes the columns that a file's place gives.
func (s *source) extraColumns(p piece, env connector.ReaderEnv) (extras, error) {
	var out extras
	for _, f := range s.splice.Extra {
		col := column.New(f.Type, env.Alloc, env.BatchRows)
		err := s.fill(col, f, p, env.BatchRows)
		if err != nil {
			col.Free()
			out.free()
			return nil, err
		}
		out = append(out, col.Flush())
	}
	return out, nil
}

// fill appends the value of an extra column rows times.
func (s *source) fill(col *column.Column, f types.Field, p piece, rows int) error {
	for range rows {
		switch s.table.Metadata[f.Name] {
		case metaPath:
			col.String(p.Path)
		case metaName:
			col.String(filepath.Base(p.Path))
		case metaSize:
			col.Int(p.SizeBytes)
		case metaModified:
			col.Int(p.ModifiedMillis)
		default:
			if err := s.fillPartition(col, f, p.Path); err != nil {
				return err
			}
		}
	}
	return nil
}

// fillPartition appends the value that the file's folders give a partition key.
func (s *source) fillPartition(col *column.Column, f types.Field, path string) error {
	value, ok := folderValue(path, f.Name)
	if !ok {
		return errs.Userf("file '%s' lies in no folder '%s=…'", path, f.Name).
			WithHint("the table is PARTITIONED BY that column")
	}
	if value == s.nullName {
		col.Null()
		return nil
	}
	if err := col.Parse([]byte(value), text.SQL); err != nil {
		return errs.Userf("file '%s': column '%s' (%s): %s: %s", path, f.Name, f.Type, err, value)
	}
	return nil
}

// splicedReader adds the extra columns to what a reader gives.
type splicedReader struct {
	connector.Reader
	splice *format.Splice
	extra  extras
}

var _ connector.Reader = (*splicedReader)(nil)

// Next gives the next rows; see connector.Reader.
func (r *splicedReader) Next(ctx context.Context, wait <-chan struct{}) (stream.Batch, error) {
	batch, err := r.Reader.Next(ctx, wait)
	if batch.Rows() == 0 {
		return batch, err
	}
	return r.splice.Join(batch, r.extra), err
}

// Close frees everything.
func (r *splicedReader) Close() error {
	r.extra.free()
	r.extra = nil
	return r.Reader.Close()
}
