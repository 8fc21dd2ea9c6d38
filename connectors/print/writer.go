package print

import (
	"context"
	"strconv"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// writer prints the rows of one task.
type writer struct {
	schema types.Schema
	out    func(line string)
	prefix string
	buf    []byte
}

var _ connector.Writer = (*writer)(nil)

func newWriter(s *sink, env connector.WriterEnv) *writer {
	prefix := s.identifier
	if env.Tasks > 1 {
		if prefix != "" {
			prefix += ":"
		}
		prefix += strconv.Itoa(env.Task + 1)
	}
	if prefix != "" {
		prefix += "> "
	}
	return &writer{schema: s.table.Schema, out: s.out, prefix: prefix}
}

// Write prints each row.
func (w *writer) Write(ctx context.Context, batch stream.Batch) error {
	for i := range batch.Rows() {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.buf = append(w.buf[:0], w.prefix...)
		w.buf = append(w.buf, batch.Kind(i).String()...)
		w.buf = append(w.buf, '[')
		for c, f := range w.schema {
			if c > 0 {
				w.buf = append(w.buf, ", "...)
			}
			w.buf = appendCell(w.buf, f.Type, batch.Column(c), i)
		}
		w.out(string(append(w.buf, ']')))
	}
	return nil
}

// Prepare has nothing to keep.
func (w *writer) Prepare(context.Context, uint64, bool) (connector.Prepared, error) {
	return connector.Prepared{}, nil
}

// Close has nothing to free.
func (w *writer) Close() error { return nil }
