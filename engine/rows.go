package engine

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// Rows is the result of a query: a stream of batches, each row with its kind.
// One goroutine uses it; Close may overlap with a blocked Next. Whoever holds
// Rows must Close them: an unread result holds its job back.
type Rows struct {
	schema types.Schema
	// full is the schema of what the job gives: columns behind those of schema only
	// order the final table.
	full     types.Schema
	arrow    *arrow.Schema
	updating bool
	bounded  bool
	orderBy  []rex.SortKey
	zone     *time.Location
	job      *Job
	source   rowSource

	closing sync.Once
	err     error
}

// rowSource is where rows come from: a running job or constant batches.
type rowSource interface {
	// next gives an owned batch, or io.EOF.
	next(ctx context.Context) (stream.Batch, error)
	close() error
}

// Zone is the session's time zone, in which TIMESTAMP_LTZ is to be shown.
func (r *Rows) Zone() *time.Location {
	if r.zone == nil {
		return time.UTC
	}
	return r.zone
}

// Schema lists the result's columns.
func (r *Rows) Schema() types.Schema { return r.schema }

// ArrowSchema is the schema of every batch.
func (r *Rows) ArrowSchema() *arrow.Schema { return r.arrow }

// Updating reports whether rows may be updated or deleted by later ones; if not,
// every row is an insert.
func (r *Rows) Updating() bool { return r.updating }

// Bounded reports whether the result ends by itself.
func (r *Rows) Bounded() bool { return r.bounded }

// OrderBy is the order of the final table of a bounded query, which Table applies:
// by column, where a number past Schema means a column that is not shown.
func (r *Rows) OrderBy() []rex.SortKey { return r.orderBy }

// Job is the job behind a SELECT, nil for constant rows.
func (r *Rows) Job() *Job { return r.job }

// Next gives the next batch, owned by the caller, who must Release it. It blocks
// until there is one or ctx is done. At the end it returns io.EOF; when the job
// has failed, its error.
func (r *Rows) Next(ctx context.Context) (stream.Batch, error) {
	batch, err := r.source.next(ctx)
	return r.project(batch), err
}

// project leaves out the columns that only order; it takes over the batch.
func (r *Rows) project(batch stream.Batch) stream.Batch {
	if batch.Record == nil || len(r.schema) == len(r.full) {
		return batch
	}
	defer batch.Release()
	cols := batch.Record.Columns()[:len(r.schema)]
	return stream.Batch{Record: array.NewRecord(r.arrow, cols, int64(batch.Rows())), Kinds: batch.Kinds}
}

// Table reads all rows to the end, applies the changelog, and returns the final
// table in OrderBy's order (else in order of first appearance) as one batch of
// inserts, owned by the caller.
func (r *Rows) Table(ctx context.Context) (stream.Batch, error) {
	folder, err := NewFolder(r.full)
	if err != nil {
		return stream.Batch{}, err
	}
	for {
		batch, err := r.source.next(ctx)
		if err == io.EOF {
			table, err := folder.Table(r.orderBy)
			return r.project(table), err
		}
		if err != nil {
			return stream.Batch{}, err
		}
		err = folder.Add(batch)
		batch.Release()
		if err != nil {
			return stream.Batch{}, err
		}
	}
}

// Close cancels the job behind the rows if it still runs, and frees the rest.
func (r *Rows) Close() error {
	r.closing.Do(func() { r.err = r.source.close() })
	return r.err
}
