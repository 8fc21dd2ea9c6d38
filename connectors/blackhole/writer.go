package blackhole

import (
	"context"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
)

// writer is the writer of one task. Its report holds everything that the task
// wrote since the job began.
type writer struct {
	entry  *entry
	report report
	hasher Hasher
}

var _ connector.Writer = (*writer)(nil)

// Write adds the batch to the totals.
func (w *writer) Write(_ context.Context, batch stream.Batch) error {
	rows := batch.Rows()
	if rows == 0 {
		return nil
	}
	w.hasher.Add(&w.report.Sum, batch)
	w.entry.written.Add(int64(rows))
	return nil
}

// Prepare reports the totals, which is also the state to go on from.
func (w *writer) Prepare(context.Context, uint64, bool) (connector.Prepared, error) {
	b, err := w.report.encode()
	return connector.Prepared{Committables: [][]byte{b}, State: b}, err
}

// Close has nothing to free.
func (w *writer) Close() error { return nil }
