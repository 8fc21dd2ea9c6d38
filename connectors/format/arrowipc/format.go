// Package arrowipc is the format 'arrow': Arrow's own files, and its streams.
package arrowipc

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Format is the format 'arrow'.
type Format struct{}

var _ codec.Files = Format{}

// Spec describes the format.
func (Format) Spec() connector.Spec {
	return connector.Spec{
		Name: "arrow",
		Doc: "Arrow IPC files. Reading takes files and streams alike, finds columns by name and gives NULL for those that a file lacks; " +
			"writing makes files.",
		Options: []connector.OptionSpec{
			{Name: "arrow.compression", Type: connector.TypeEnum, Values: []string{"none", "lz4", "zstd"}, Default: "none", Example: "zstd",
				Doc: "How the columns are compressed when writing."},
		},
	}
}

// Extension is the file name's ending.
func (Format) Extension() string { return "arrow" }

// Check accepts every type: all of them have an Arrow type.
func (Format) Check(types.Schema, connector.Options) error { return nil }

// writer writes one file.
type writer struct {
	out    *ipc.FileWriter
	schema *arrow.Schema
	to     *position
}

var _ codec.FileWriter = (*writer)(nil)

// position is an io.WriteSeeker that only tells its position, which is all that
// the library asks of one.
type position struct {
	w  io.Writer
	at int64
}

// Write passes b on.
func (p *position) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.at += int64(n)
	return n, err
}

// Seek tells the position.
func (p *position) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, errs.Bugf("an Arrow file is written from front to back")
	}
	return p.at, nil
}

// NewFile makes a writer of the schema's columns.
func (Format) NewFile(w io.Writer, c codec.Config) (codec.FileWriter, error) {
	schema := c.Schema.Arrow()
	alloc := c.Alloc
	if alloc == nil {
		alloc = memory.DefaultAllocator
	}
	options := []ipc.Option{ipc.WithSchema(schema), ipc.WithAllocator(alloc)}
	switch c.Options.String("arrow.compression") {
	case "lz4":
		options = append(options, ipc.WithLZ4())
	case "zstd":
		options = append(options, ipc.WithZstd())
	}
	to := &position{w: w}
	out, err := ipc.NewFileWriter(to, options...)
	if err != nil {
		return nil, errs.Wrap(errs.Resource, err, "beginning an Arrow file")
	}
	return &writer{out: out, schema: schema, to: to}, nil
}

// Write adds rows as one record batch.
func (w *writer) Write(batch stream.Batch) error {
	rec := array.NewRecord(w.schema, batch.Record.Columns(), batch.Record.NumRows())
	defer rec.Release()
	return errs.Wrap(errs.Resource, w.out.Write(rec), "writing an Arrow file")
}

// Written is the number of bytes so far.
func (w *writer) Written() int64 { return w.to.at }

// Close completes the file.
func (w *writer) Close() error {
	return errs.Wrap(errs.Resource, w.out.Close(), "completing an Arrow file")
}
