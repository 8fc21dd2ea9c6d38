package exchange

import (
	"context"

	"github.com/thalweg/thalweg/operators/stream"
)

// Forward sends everything to one task: the one of the same index, or the only
// one.
type Forward struct{}

// Rebalance sends batches to the tasks in turn, starting at Next.
type Rebalance struct{ Next int }

// Broadcast sends every batch to every task.
type Broadcast struct{}

var (
	_ Router = Forward{}
	_ Router = (*Rebalance)(nil)
	_ Router = Broadcast{}
)

// Route sends batch to the only sender.
func (Forward) Route(ctx context.Context, batch stream.Batch, senders []Sender) error {
	return senders[0].Send(ctx, batchElement(batch))
}

// Route sends batch to the next sender.
func (r *Rebalance) Route(ctx context.Context, batch stream.Batch, senders []Sender) error {
	to := senders[r.Next%len(senders)]
	r.Next = (r.Next + 1) % len(senders)
	return to.Send(ctx, batchElement(batch))
}

// Route sends batch to all senders.
func (Broadcast) Route(ctx context.Context, batch stream.Batch, senders []Sender) error {
	defer batch.Release()
	for _, s := range senders {
		if err := s.Send(ctx, batchElement(batch.Retain())); err != nil {
			return err
		}
	}
	return nil
}
