package enginetest

import (
	"context"
	"sync"

	"github.com/thalweg/thalweg/engine/job"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
)

// Backend keeps checkpoints in memory, for jobs without state.
type Backend struct {
	mu        sync.Mutex
	published []*job.Checkpoint
	fail      int
}

var _ job.Backend = (*Backend)(nil)

// Publish remembers c.
func (b *Backend) Publish(_ context.Context, c *job.Checkpoint) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail > 0 {
		b.fail--
		return "", errs.Resourcef("the test's backend is full")
	}
	b.published = append(b.published, c)
	if c.Savepoint {
		return "savepoint", nil
	}
	return "", nil
}

// FailPublish makes the next n publications fail.
func (b *Backend) FailPublish(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = n
}

// Latest is the last published checkpoint, or nil.
func (b *Backend) Latest(context.Context) (*job.Checkpoint, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.published) == 0 {
		return nil, nil
	}
	return b.published[len(b.published)-1], nil
}

// Open refuses: there is no state.
func (b *Backend) Open(context.Context, job.OpenState) (*state.Store, error) {
	return nil, errs.Unsupportedf("the test's backend keeps no state")
}
