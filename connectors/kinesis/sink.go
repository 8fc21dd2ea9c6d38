package kinesis

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
)

// sink is the writing side of one table.
type sink struct {
	*layout
	// keys are the columns of the partition key; keyed is set when there are some.
	keys  []int
	keyed bool
	// storedAt are the columns in records, in the order of stored.
	storedAt []int

	// fixed tells that rows without key columns have their task's key; delimiter stands
	// between the values of key columns.
	fixed     bool
	delimiter string
	// batch is the most records of a call.
	batch int
	// aggregate tells that rows are packed, into records of at most aggregateMax bytes.
	aggregate    bool
	aggregateMax int
}

var _ connector.Sink = (*sink)(nil)

// newSink makes the sink of a table. The keys of upserts are those of their records: only
// other tables have the options that make keys.
func newSink(l *layout, upsert bool) (*sink, error) {
	o := l.table.Options
	s := &sink{layout: l, batch: int(o.Int(optionBatch)), aggregate: o.Bool(optionAggregate), aggregateMax: int(o.Bytes(optionAggregateMax))}
	if !upsert {
		s.fixed, s.delimiter = o.String(optionPartitioner) == partitionFixed, o.String(optionDelimiter)
	}
	var err error
	if s.storedAt, s.keys, err = l.records.SinkColumns(l.table, optionKey, metaKey); err != nil {
		return nil, err
	}
	s.keyed = len(s.keys) > 0
	return s, nil
}

// Mode implements connector.Sink: a stream only grows, unless its records are changes.
func (s *sink) Mode() connector.SinkMode { return s.records.Changes() }

// Guarantee implements connector.Sink: Kinesis can't commit.
func (s *sink) Guarantee() connector.Guarantee { return connector.AtLeastOnce }

// Writer implements connector.Sink.
func (s *sink) Writer(ctx context.Context, env connector.WriterEnv, _ [][]byte) (connector.Writer, error) {
	return newWriter(ctx, s, env)
}

// Committer implements connector.Sink.
func (s *sink) Committer(context.Context) (connector.Committer, error) { return idle{}, nil }

// idle is the committer of a sink that shows rows at once.
type idle struct{}

var _ connector.Committer = idle{}

// Commit implements connector.Committer.
func (idle) Commit(context.Context, uint64, [][]byte) error { return nil }

// Recover implements connector.Committer.
func (idle) Recover(context.Context, string) error { return nil }

// Close implements connector.Committer.
func (idle) Close() error { return nil }
