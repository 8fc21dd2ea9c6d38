package remote

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/thalweg/thalweg/internal/errs"
)

// Slots bound the requests under way of one kernel, whose calls may overlap.
type Slots chan struct{}

// NewSlots makes room for n requests at a time, or for fallback when n is 0.
func NewSlots(n, fallback int) Slots {
	if n == 0 {
		n = fallback
	}
	return make(Slots, max(1, n))
}

// Pieces cuts rows into pieces of at most size and does them, several at a time, each
// within timeout if that isn't 0. The first failure, which
// may be a panic, ends the others.
func (s Slots) Pieces(ctx context.Context, rows, size int, timeout time.Duration, do func(ctx context.Context, from, to int) error) error {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wait sync.WaitGroup
	pieces := (rows + size - 1) / size
	failed := make([]error, pieces)
	for p := range pieces {
		select {
		case s <- struct{}{}:
		case <-ctx.Done():
			failed[p] = ctx.Err()
		}
		if failed[p] != nil {
			break
		}
		wait.Go(func() {
			defer func() { <-s }()
			within, end := ctx, context.CancelFunc(func() {})
			if timeout > 0 {
				within, end = context.WithTimeout(ctx, timeout)
			}
			defer end()
			failed[p] = errs.Safely("a request to a service", func() error { return do(within, p*size, min((p+1)*size, rows)) })
			if failed[p] != nil {
				cancel()
			}
		})
	}
	wait.Wait()
	return firstCause(failed)
}

// firstCause is the first error that is not the consequence of another.
func firstCause(all []error) error {
	var first error
	for _, err := range all {
		if err != nil && (first == nil || errors.Is(first, context.Canceled) && !errors.Is(err, context.Canceled)) {
			first = err
		}
	}
	return first
}
