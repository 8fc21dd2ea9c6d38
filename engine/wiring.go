package engine

import (
	"context"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// jobRun is a job and whatever runs of it.
type jobRun struct {
	id   string
	done chan struct{}
}

type stopRequest struct {
	savepoint bool
	drain     bool
}

func (r *jobRun) info() JobInfo                  { return JobInfo{ID: r.id} }
func (r *jobRun) metrics() Metrics               { return Metrics{} }
func (r *jobRun) planText() string               { return "" }
func (r *jobRun) wait(ctx context.Context) error { return errNotWired() }

func (r *jobRun) cancel(ctx context.Context) error { return errNotWired() }

func (r *jobRun) checkpoint(ctx context.Context) (uint64, error) { return 0, errNotWired() }

func (r *jobRun) savepoint(ctx context.Context) (string, error) { return "", errNotWired() }

func (r *jobRun) stop(ctx context.Context, req stopRequest) (string, error) {
	return "", errNotWired()
}

func errNotWired() error { return errs.Unsupportedf("jobs do not run yet") }

// Each runs a script and hands each statement's result to do as soon as there is
// one; an error of do stops the script. Every Rows must be closed by do.
func (s *Session) Each(ctx context.Context, script string, do func(Result) error) error {
	return errs.Unsupportedf("scripts do not run yet")
}

// Folder applies a changelog and holds the table it describes.
type Folder struct{}

// NewFolder makes a folder for rows of schema.
func NewFolder(schema types.Schema) (*Folder, error) {
	return nil, errs.Unsupportedf("results cannot be folded yet")
}

// Add applies a batch, borrowed until the call returns.
func (f *Folder) Add(batch stream.Batch) error { return nil }

// Table is the table now, ordered by keys, as an owned batch of inserts.
func (f *Folder) Table(keys []rex.SortKey) (stream.Batch, error) { return stream.Batch{}, nil }
