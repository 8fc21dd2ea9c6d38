// Package blackhole is the connector 'blackhole': a sink that keeps nothing of its
// rows but their number and a checksum of their content.
package blackhole

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/internal/errs"
)

// Connector is the connector 'blackhole'. It keeps the totals of every table that
// was written through it.
type Connector struct {
	totals *totals
}

var _ connector.Connector = (*Connector)(nil)

// New makes the connector.
func New() *Connector { return &Connector{totals: newTotals()} }

// Spec describes the connector.
func (*Connector) Spec() connector.Spec {
	return connector.Spec{
		Name: "blackhole",
		Doc: "A sink that swallows its rows. It counts them and adds up a 128-bit checksum of their content that depends neither on " +
			"their order nor on how a changelog came to its table: retractions are subtracted.",
	}
}

// Check accepts every table.
func (c *Connector) Check(table connector.Table) error { return c.Spec().CheckMetadata(table) }

// Source refuses: there is nothing to read.
func (*Connector) Source(table connector.Table) (connector.Source, error) {
	return nil, errs.Unsupportedf("table '%s': the connector 'blackhole' can't be read", table.Name)
}

// Sink makes the writing side.
func (c *Connector) Sink(table connector.Table) (connector.Sink, error) {
	return &sink{table: table.Name, totals: c.totals}, nil
}

// Stats gives the totals of a table in a job as of its last commit, and the rows
// written since; ok is false when nothing was written yet.
func (c *Connector) Stats(job, table string) (s Stats, ok bool) { return c.totals.get(job, table) }

// AllStats lists the totals of all tables and jobs, ordered by job and table.
func (c *Connector) AllStats() []Stats { return c.totals.all() }

// sink is the writing side of one table.
type sink struct {
	table  string
	totals *totals
}

var _ connector.Sink = (*sink)(nil)

// Mode takes whole changelogs.
func (*sink) Mode() connector.SinkMode { return connector.Retract }

// Guarantee holds for the totals: they count each row once, over restarts too.
func (*sink) Guarantee() connector.Guarantee { return connector.ExactlyOnce }

// Writer makes the writer of one task.
func (s *sink) Writer(_ context.Context, env connector.WriterEnv, restored [][]byte) (connector.Writer, error) {
	w := &writer{entry: s.totals.entry(env.Job, s.table), report: report{Job: env.Job, Table: s.table, Task: env.Task}}
	for _, state := range restored {
		var r report
		if err := r.decode(state); err != nil {
			return nil, err
		}
		w.report.Sum.merge(r.Sum)
	}
	return w, nil
}

// Committer publishes totals.
func (s *sink) Committer(context.Context) (connector.Committer, error) {
	return committer{totals: s.totals}, nil
}

// committer publishes what writers reported.
type committer struct {
	totals *totals
}

var _ connector.Committer = committer{}

// Commit publishes the reports of an epoch.
func (c committer) Commit(_ context.Context, epoch uint64, committables [][]byte) error {
	for _, b := range committables {
		var r report
		if err := r.decode(b); err != nil {
			return err
		}
		c.totals.commit(epoch, r)
	}
	return nil
}

// Recover has nothing to remove.
func (committer) Recover(context.Context, string) error { return nil }

// Close has nothing to free.
func (committer) Close() error { return nil }
