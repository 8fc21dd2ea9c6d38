package engine

import (
	"context"
	"fmt"

	"github.com/thalweg/thalweg/engine/job"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/pebblestate"
)

// backend keeps the checkpoints of one job.
type backend struct {
	engine *Engine
	id     string
	last   *job.Checkpoint
}

var _ job.Backend = (*backend)(nil)

func (r *jobRun) backend() *backend { return &backend{engine: r.engine, id: r.id} }

// Latest is the last published checkpoint, or nil.
func (b *backend) Latest(context.Context) (*job.Checkpoint, error) { return b.last, nil }

// Publish keeps c.
func (b *backend) Publish(_ context.Context, c *job.Checkpoint) (string, error) {
	b.last = c
	return "", nil
}

// Open opens an operator's state.
func (b *backend) Open(_ context.Context, req job.OpenState) (*state.Store, error) {
	fs := b.engine.fs

	return pebblestate.Open(pebblestate.Options{FS: fs,
		Dir:    fs.PathJoin(b.engine.dir, "jobs", b.id, "state", fmt.Sprintf("%s-%d", req.UID, req.Task)),
		Groups: req.KeyGroups, KeyGroups: state.TaskGroups(req.Task, req.Tasks, req.KeyGroups), BudgetBytes: req.BudgetBytes})
}
