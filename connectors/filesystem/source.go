package filesystem

import (
	"context"
	"fmt"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/connectors/format/codec"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
)

// source is the reading side of one table.
type source struct {
	*Connector
	*layout
	splice  *format.Splice
	filters []rex.Expr
}

var (
	_ connector.Rediscoverer = (*source)(nil)
	_ connector.Changing     = (*source)(nil)
)

func newSource(c *Connector, l *layout) *source {
	return &source{Connector: c, layout: l, splice: format.NewSplice(l.table.Schema, l.isExtra)}
}

// Apply takes every projection over. Filters serve to leave out row groups and
// partitions, but rows that fail them may still come.
func (s *source) Apply(p connector.Pushdown) (connector.Applied, error) {
	columns := p.Columns
	if columns == nil {
		columns = s.table.Schema
	}
	s.splice = format.NewSplice(columns, s.isExtra)
	s.filters = onlyOver(p.Filters, columns, s.splice.Decoded)
	return connector.Applied{Columns: true, Filters: make([]bool, len(p.Filters))}, nil
}

// onlyOver gives the filters that read decoded columns alone, with the indexes of
// decoded.
func onlyOver(filters []rex.Expr, columns, decoded types.Schema) []rex.Expr {
	var kept []rex.Expr
	for _, f := range filters {
		ok := true
		moved := f.Map(func(e rex.Expr) rex.Expr {
			if e.Kind == rex.Input {
				if e.Index = decoded.Index(columns[e.Index].Name); e.Index < 0 {
					ok = false
				}
			}
			return e
		})
		if ok {
			kept = append(kept, moved)
		}
	}
	return kept
}

// Changes are all kinds when records are changes.
func (s *source) Changes() connector.SinkMode { return s.mode() }

// Bounded reports a table without 'source.monitor-interval'.
func (s *source) Bounded() bool { return s.DiscoverEvery() == 0 }

// DiscoverEvery is 'source.monitor-interval'.
func (s *source) DiscoverEvery() time.Duration {
	return s.table.Options.Duration("source.monitor-interval")
}

// splitVersion is the format of piece. Version 1 is the first.
const splitVersion = 1

// piece is a file, or the part of it from byte Start to End, as stored in splits.
type piece struct {
	Version        int    `msgpack:"v"`
	Path           string `msgpack:"p"`
	Start          int64  `msgpack:"s"`
	End            int64  `msgpack:"e"`
	SizeBytes      int64  `msgpack:"z"`
	ModifiedMillis int64  `msgpack:"m"`
}

// Discover lists the files, cut into pieces where they are large.
func (s *source) Discover(_ context.Context, known []connector.SplitID, _ int) ([]connector.Split, error) {
	files, err := find(s.fs, s.path)
	if err != nil {
		if !s.Bounded() && isPattern(s.path) && errs.ClassOf(err) == errs.User {
			return nil, nil
		}
		return nil, errs.Wrap(errs.Bug, err, "table '%s'", s.table.Name)
	}
	seen := make(map[connector.SplitID]bool, len(known))
	for _, id := range known {
		seen[id] = true
	}
	var splits []connector.Split
	for _, f := range files {
		if seen[splitID(f.path, 0)] {
			// All pieces of a file are found together. One that has grown since has
			// more of them, but its last one is read to the file's end.
			continue
		}
		for _, p := range s.pieces(f) {
			id := splitID(p.Path, p.Start)
			payload, err := msgpack.Marshal(p)
			if err != nil {
				return nil, errs.Wrap(errs.Bug, err, "split of '%s'", p.Path)
			}
			splits = append(splits, connector.Split{ID: id, Payload: payload})
		}
	}
	return splits, nil
}

// splitID names a file's piece that begins at start.
func splitID(path string, start int64) connector.SplitID {
	return connector.SplitID(fmt.Sprintf("%s@%d", path, start))
}

// pieces cuts a file of uncompressed line records into pieces of the split size.
// Changes stay together, since their order counts.
func (s *source) pieces(f found) []piece {
	whole := piece{Version: splitVersion, Path: f.path, End: f.sizeBytes, SizeBytes: f.sizeBytes, ModifiedMillis: f.modifiedMillis}
	records, ok := s.format.(codec.Records)
	size := s.table.Options.Bytes("source.split-size")
	if !ok || s.mode() != connector.AppendOnly || size <= 0 || f.sizeBytes <= size || !records.LineRecords(s.table.Options) || s.compressionOf(f.path) != "none" {
		return []piece{whole}
	}
	var pieces []piece
	for start := int64(0); start < f.sizeBytes; start += size {
		p := whole
		p.Start, p.End = start, min(start+size, f.sizeBytes)
		pieces = append(pieces, p)
	}
	return pieces
}

// Open makes a reader of one file or piece.
func (s *source) Open(_ context.Context, split connector.Split, position []byte, env connector.ReaderEnv) (connector.Reader, error) {
	var p piece
	if err := msgpack.Unmarshal(split.Payload, &p); err != nil {
		return nil, errs.Wrap(errs.Corruption, err, "split '%s'", split.ID)
	}
	if p.Version != splitVersion {
		return nil, errs.Corruptionf("split '%s' has version %d, want %d", split.ID, p.Version, splitVersion)
	}
	var at place
	if err := at.decode(position); err != nil {
		return nil, err
	}
	if env.Bad == nil {
		env.Bad = connector.NewBadCounter(connector.BadFail, nil)
	}
	if env.BatchRows < 1 {
		env.BatchRows = 1
	}
	extra, err := s.extraColumns(p, env)
	if err != nil {
		return nil, err
	}
	reader, err := s.open(p, at, env)
	if err != nil {
		extra.free()
		return nil, errs.Wrap(errs.Resource, err, "table '%s'", s.table.Name)
	}
	return &splicedReader{Reader: reader, splice: s.splice, extra: extra}, nil
}

// open makes the reader of the stored columns.
func (s *source) open(p piece, at place, env connector.ReaderEnv) (connector.Reader, error) {
	config := codec.Config{Schema: s.stored, Columns: s.splice.Decoded, Metadata: s.table.Around(), Filters: s.filters, Options: s.table.Options,
		Context: env.Context, Alloc: env.Alloc, BatchRows: env.BatchRows}
	if files, ok := s.format.(codec.Files); ok {
		return openFile(s.fs, files, config, p, at)
	}
	return openLines(s.fs, s.format.(codec.Records), config, lineInput{
		piece: p, at: at, compression: s.compressionOf(p.Path), bad: env.Bad})
}

// compressionOf is the compression of a file to read.
func (s *source) compressionOf(path string) string {
	if s.compression != "auto" {
		return s.compression
	}
	return format.CompressionOf(path)
}
