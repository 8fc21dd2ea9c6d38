package enginetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

type memoryConnector struct{ tables *Tables }

var (
	_ connector.Connector = memoryConnector{}
	_ connector.Changing  = (*memorySource)(nil)
	_ connector.Reader    = (*memoryReader)(nil)
	_ connector.Sink      = (*memorySink)(nil)
	_ connector.Writer    = (*memoryWriter)(nil)
	_ connector.Committer = (*memoryCommitter)(nil)
)

// Spec describes the options.
func (c memoryConnector) Spec() connector.Spec {
	return connector.Spec{Name: "memory", Doc: "Rows as text in memory, for tests.", Options: append([]connector.OptionSpec{
		{Name: "table", Type: connector.TypeString, Doc: "The table's name in the test; the SQL name by default.", Example: "t"},
		{Name: "changelog", Type: connector.TypeEnum, Default: "retract", Values: []string{"append", "upsert", "retract"},
			Doc: "What the sink accepts.", Example: "append"},
		{Name: "reads", Type: connector.TypeEnum, Default: "append", Values: []string{"append", "upsert", "retract"},
			Doc: "What changes the rows to read make.", Example: "retract"},
	}, connector.BadRecordOptions()...)}
}

// Check accepts everything.
func (c memoryConnector) Check(connector.Table) error { return nil }

func (c memoryConnector) table(t connector.Table) *Table {
	name := t.Options.String("table")
	if name == "" {
		name = t.Name
	}
	return c.tables.Table(name)
}

// Source reads the table's splits.
func (c memoryConnector) Source(t connector.Table) (connector.Source, error) {
	return &memorySource{table: c.table(t), decl: t}, nil
}

// Sink writes the table's rows.
func (c memoryConnector) Sink(t connector.Table) (connector.Sink, error) {
	return &memorySink{table: c.table(t), mode: memoryModes[t.Options.String("changelog")], schema: t.Schema.Arrow()}, nil
}

var memoryModes = map[string]connector.SinkMode{"append": connector.AppendOnly, "upsert": connector.Upsert, "retract": connector.Retract}

type memorySource struct {
	table *Table
	decl  connector.Table
}

// Apply takes nothing over.
func (s *memorySource) Apply(p connector.Pushdown) (connector.Applied, error) {
	return connector.Applied{Filters: make([]bool, len(p.Filters))}, nil
}

// Changes are as declared.
func (s *memorySource) Changes() connector.SinkMode {
	return memoryModes[s.decl.Options.String("reads")]
}

// Bounded reports whether the table was declared complete.
func (s *memorySource) Bounded() bool {
	s.table.mu.Lock()
	defer s.table.mu.Unlock()
	return !s.table.open
}

// Discover lists the splits.
func (s *memorySource) Discover(_ context.Context, known []connector.SplitID, _ int) ([]connector.Split, error) {
	s.table.mu.Lock()
	defer s.table.mu.Unlock()
	var found []connector.Split
	for i := range s.table.splits {
		id := connector.SplitID(fmt.Sprint(i))
		if !slices.Contains(known, id) {
			split := connector.Split{ID: id, Payload: []byte{byte(i)}}
			for _, parent := range s.table.parents[i] {
				split.Parents = append(split.Parents, connector.SplitID(fmt.Sprint(parent)))
			}
			found = append(found, split)
		}
	}
	return found, nil
}

// Open starts at the position's row.
func (s *memorySource) Open(_ context.Context, split connector.Split, position []byte, env connector.ReaderEnv) (connector.Reader, error) {
	r := &memoryReader{source: s, split: int(split.Payload[0]), env: env, closed: make(chan struct{})}
	if position != nil {
		r.at = int(binary.BigEndian.Uint64(position))
	}
	return r, nil
}

type memoryReader struct {
	source *memorySource
	split  int
	at     int
	env    connector.ReaderEnv
	closed chan struct{}
}

// Next gives the next rows, waiting for an open table to grow.
func (r *memoryReader) Next(ctx context.Context, wait <-chan struct{}) (stream.Batch, error) {
	for {
		rows, grown, end := r.source.table.read(r.split, r.at, r.env.BatchRows)
		if len(rows) > 0 || end {
			return r.give(rows, end)
		}
		select {
		case <-grown:
		case <-wait:
			return stream.Batch{}, nil
		case <-r.closed:
			return stream.Batch{}, nil
		case <-ctx.Done():
			return stream.Batch{}, ctx.Err()
		}
	}
}

// give turns rows into a batch; those that do not parse are bad records.
func (r *memoryReader) give(rows []string, end bool) (stream.Batch, error) {
	var good []string
	for i, row := range rows {
		if strings.HasPrefix(row, "!") {
			where := fmt.Sprintf("split %d, row %d", r.split, r.at+i)
			if err := r.env.Bad.Bad(connector.BadRecord{Where: where, Reason: "malformed", Raw: []byte(row)}); err != nil {
				return stream.Batch{}, err
			}
			continue
		}
		good = append(good, row)
	}
	batch, err := stream.ParseRows(r.env.Alloc, r.source.decl.Schema, good)
	if err != nil {
		return stream.Batch{}, err
	}
	r.at += len(rows)
	if end {
		return batch, connector.ErrEndOfSplit
	}
	return batch, nil
}

// Position is the number of rows read.
func (r *memoryReader) Position() []byte { return binary.BigEndian.AppendUint64(nil, uint64(r.at)) }

// Lag is unknown but for what was read.
func (r *memoryReader) Lag() connector.Lag {
	return connector.Lag{Rows: -1, Millis: -1, Done: int64(r.at), Total: -1}
}

// Close makes a blocked Next return.
func (r *memoryReader) Close() error {
	close(r.closed)
	return nil
}

type memorySink struct {
	table  *Table
	mode   connector.SinkMode
	schema *arrow.Schema
}

// Mode is the declared changelog.
func (s *memorySink) Mode() connector.SinkMode { return s.mode }

// Guarantee is exactly-once.
func (s *memorySink) Guarantee() connector.Guarantee { return connector.ExactlyOnce }

// Writer starts a transaction.
func (s *memorySink) Writer(_ context.Context, env connector.WriterEnv, _ [][]byte) (connector.Writer, error) {
	return &memoryWriter{table: s.table, schema: s.schema, env: env}, nil
}

// Committer commits transactions.
func (s *memorySink) Committer(context.Context) (connector.Committer, error) {
	return &memoryCommitter{table: s.table}, nil
}

type memoryWriter struct {
	table  *Table
	schema *arrow.Schema
	env    connector.WriterEnv
	rows   []string
}

// Write remembers rows, under the names of the table's columns.
func (w *memoryWriter) Write(_ context.Context, batch stream.Batch) error {
	if !w.table.mayWrite() {
		return errs.Resourcef("the test's table takes no rows")
	}
	record := array.NewRecord(w.schema, batch.Record.Columns(), batch.Record.NumRows())
	defer record.Release()
	w.rows = append(w.rows, stream.FormatRows(stream.Batch{Record: record, Kinds: batch.Kinds})...)
	return nil
}

// Prepare stages them.
func (w *memoryWriter) Prepare(_ context.Context, epoch uint64, _ bool) (connector.Prepared, error) {
	if len(w.rows) == 0 {
		return connector.Prepared{}, nil
	}
	token := fmt.Sprintf("%s/%d/%d/%d", w.env.Job, w.env.Attempt, epoch, w.env.Task)
	w.table.prepare(token, w.rows)
	w.rows = nil
	return connector.Prepared{Committables: [][]byte{[]byte(token)}}, nil
}

// Close forgets what was not prepared.
func (w *memoryWriter) Close() error { return nil }

type memoryCommitter struct{ table *Table }

// Commit makes transactions visible.
func (c *memoryCommitter) Commit(_ context.Context, _ uint64, committables [][]byte) error {
	for _, token := range committables {
		if err := c.table.commit(string(token)); err != nil {
			return err
		}
	}
	return nil
}

// Recover drops leftovers.
func (c *memoryCommitter) Recover(context.Context, string) error {
	c.table.recover()
	return nil
}

// Close frees nothing.
func (c *memoryCommitter) Close() error { return nil }
