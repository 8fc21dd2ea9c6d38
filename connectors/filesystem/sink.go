package filesystem

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/internal/errs"
)

// sink is the writing side of one table: a folder.
type sink struct {
	*Connector
	*layout
}

var _ connector.Sink = (*sink)(nil)

func newSink(c *Connector, l *layout) (connector.Sink, error) {
	switch {
	case isPattern(l.path):
		return nil, errs.Userf("table '%s': '%s' is a pattern, and files are written into a folder", l.table.Name, l.path)
	case !format.CanCompress(l.compression):
		return nil, errs.Unsupportedf("table '%s': files can't be written with 'compression' = '%s'", l.table.Name, l.compression)
	case len(l.table.Metadata) > 0:
		return nil, errs.Userf("table '%s': METADATA columns can't be written", l.table.Name).WithHint("declare them VIRTUAL, or leave them out")
	case len(l.stored) == 0:
		return nil, errs.Userf("table '%s': all columns are partition keys, which leaves none to write", l.table.Name)
	}
	return &sink{Connector: c, layout: l}, nil
}

// Mode takes inserts only, since a file is never changed, unless its records are
// changes.
func (s *sink) Mode() connector.SinkMode { return s.mode() }

// Guarantee is that every row is in exactly one visible file.
func (*sink) Guarantee() connector.Guarantee { return connector.ExactlyOnce }

// Writer makes the writer of one task. Nothing is carried over a checkpoint: each
// one ends all files.
func (s *sink) Writer(_ context.Context, env connector.WriterEnv, _ [][]byte) (connector.Writer, error) {
	if info, err := s.fs.Stat(s.path); err == nil && !info.IsDir() {
		return nil, errs.Userf("table '%s': '%s' is a file, and files are written into a folder", s.table.Name, s.path)
	}
	return newWriter(s, env), nil
}

// Committer makes the side that gives files their names.
func (s *sink) Committer(context.Context) (connector.Committer, error) {
	replaces, _ := s.replaced()
	return &committer{fs: s.fs, root: s.path, table: s.table.Name, replaces: replaces}, nil
}
