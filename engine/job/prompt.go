package job

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/coordinator"
	"github.com/thalweg/thalweg/operators/stream"
)

// promptWriter tells of the first rows of each epoch, so that a checkpoint is begun
// for them soon.
type promptWriter struct {
	connector.Writer
	// after is the last epoch that is prepared; told: its rows were told of.
	after uint64
	told  bool
	held  func(after uint64)
}

// Write implements connector.Writer.
func (w *promptWriter) Write(ctx context.Context, batch stream.Batch) error {
	err := w.Writer.Write(ctx, batch)
	if !w.told && err == nil {
		w.told = true
		w.held(w.after)
	}
	return err
}

// Prepare implements connector.Writer.
func (w *promptWriter) Prepare(ctx context.Context, epoch uint64, last bool) (connector.Prepared, error) {
	w.after, w.told = epoch, false
	return w.Writer.Prepare(ctx, epoch, last)
}

// held tells the machine of rows that wait for a commit.
func (a *attempt) held(after uint64) {
	a.job.inbox.post(func() { a.job.step(coordinator.Held{After: after}) })
}
