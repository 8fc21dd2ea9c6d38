package filesystem

import (
	"context"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// columnReader reads a file of columns.
type columnReader struct {
	file   vfs.File
	path   string
	reader codec.FileReader
	rows   int
}

var _ connector.Reader = (*columnReader)(nil)

// openFile makes a reader of a whole file.
func openFile(fs vfs.FS, files codec.Files, config codec.Config, p piece, at place) (_ *columnReader, err error) {
	file, err := fs.Open(p.Path)
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "opening '%s'", p.Path)
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "looking at '%s'", p.Path)
	}
	reader, err := files.OpenFile(codec.File{ReaderAt: file, SizeBytes: info.Size()}, config)
	if err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "file '%s'", p.Path)
	}
	if at.Row > 0 {
		if err = reader.SkipTo(at.Row); err != nil {
			reader.Close()
			return nil, errs.Wrap(errs.Corruption, err, "file '%s'", p.Path)
		}
	}
	return &columnReader{file: file, path: p.Path, reader: reader, rows: config.BatchRows}, nil
}

// Next gives the next batch.
func (r *columnReader) Next(ctx context.Context, _ <-chan struct{}) (stream.Batch, error) {
	if err := ctx.Err(); err != nil {
		return stream.Batch{}, err
	}
	batch, err := r.reader.Next(r.rows)
	if err == io.EOF {
		return stream.Batch{}, connector.ErrEndOfSplit
	}
	return batch, errs.Wrap(errs.Corruption, err, "file '%s'", r.path)
}

// Position is the next row.
func (r *columnReader) Position() []byte { return place{Row: r.reader.Position()}.encode() }

// Lag tells the progress in rows of the file.
func (r *columnReader) Lag() connector.Lag {
	return connector.Lag{Rows: -1, Millis: -1, Done: r.reader.Position(), Total: r.reader.Rows()}
}

// Close closes the file.
func (r *columnReader) Close() error {
	err := r.reader.Close()
	if closeErr := r.file.Close(); err == nil {
		err = closeErr
	}
	return errs.Wrap(errs.Resource, err, "closing '%s'", r.path)
}
