package exchange

import (
	"context"

	"github.com/thalweg/thalweg/operators/stream"
)

// Writer spreads one task's output over the channels of one edge. One goroutine
// uses it.
type Writer struct {
	senders []Sender
	router  Router
}

// Router decides where a batch goes.
type Router interface {
	// Route sends batch, whose reference it takes over, to some of senders.
	Route(ctx context.Context, batch stream.Batch, senders []Sender) error
}

// NewWriter makes a writer; senders are in order of the receiving tasks.
func NewWriter(router Router, senders []Sender) *Writer {
	return &Writer{senders: senders, router: router}
}

// Batch sends a batch, whose reference it takes over.
func (w *Writer) Batch(ctx context.Context, batch stream.Batch) error {
	if batch.Rows() == 0 {
		batch.Release()
		return nil
	}
	return w.router.Route(ctx, batch, w.senders)
}

// All sends e, which is no batch, to every channel.
func (w *Writer) All(ctx context.Context, e stream.Element) error {
	for _, s := range w.senders {
		if err := s.Send(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// batchElement wraps a batch.
func batchElement(b stream.Batch) stream.Element {
	return stream.Element{Kind: stream.ElementBatch, Batch: b}
}
