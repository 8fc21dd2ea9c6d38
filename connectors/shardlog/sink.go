package shardlog

import (
	"context"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// sink is the writing side of one table.
type sink struct {
	*layout
	keys []int // columns of the table that make the partition key
	// stored are the columns in records, in the order of l.stored.
	stored []int
	once   bool
}

var _ connector.Prompter = (*sink)(nil)

func newSink(l *layout) (*sink, error) {
	s := &sink{layout: l, once: l.table.Options.String(optionGuarantee) == deliverOnce}
	var err error
	if s.stored, s.keys, err = l.records.SinkColumns(l.table, optionKey, metaKey); err != nil {
		return nil, err
	}
	return s, nil
}

// Mode implements connector.Sink: a log only grows, unless its records are changes.
func (s *sink) Mode() connector.SinkMode { return s.records.Changes() }

// Guarantee implements connector.Sink.
func (s *sink) Guarantee() connector.Guarantee {
	if s.once {
		return connector.ExactlyOnce
	}
	return connector.AtLeastOnce
}

// Prompt implements connector.Prompter: readers tail the log, and a transaction of
// few records is as good as one of many.
func (s *sink) Prompt() bool { return s.once }

// Writer implements connector.Sink. Nothing is carried over a checkpoint: each one
// ends a transaction.
func (s *sink) Writer(_ context.Context, env connector.WriterEnv, _ [][]byte) (connector.Writer, error) {
	st, err := s.open()
	if err != nil {
		return nil, err
	}
	return newWriter(s, st, env)
}

// Committer implements connector.Sink.
func (s *sink) Committer(context.Context) (connector.Committer, error) {
	st, err := s.open()
	if err != nil {
		return nil, err
	}
	return &committer{stream: st, table: s.table.Name}, nil
}

const committableVersion = 1

// committable names a pending file.
type committable struct {
	Version int    `msgpack:"v"`
	File    string `msgpack:"f"`
}

// committer appends prepared transactions to the stream.
type committer struct {
	stream *Stream
	table  string
}

var _ connector.Committer = (*committer)(nil)

// Commit implements connector.Committer.
func (c *committer) Commit(ctx context.Context, _ uint64, committables [][]byte) error {
	for _, b := range committables {
		if err := ctx.Err(); err != nil {
			return err
		}
		var k committable
		if err := msgpack.Unmarshal(b, &k); err != nil || k.Version != committableVersion {
			return errs.Corruptionf("table '%s': a prepared transaction can't be read (version %d)", c.table, k.Version)
		}
		if err := c.stream.commitPending(k.File); err != nil {
			return errs.Wrap(errs.Resource, err, "table '%s'", c.table)
		}
	}
	return nil
}

// Recover implements connector.Committer.
func (c *committer) Recover(_ context.Context, job string) error {
	return c.stream.discardPending(ownerHash(job, c.table))
}

// Close implements connector.Committer.
func (*committer) Close() error { return nil }
