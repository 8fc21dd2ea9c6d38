package exchange

import (
	"context"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// Sender is the writing end of a channel. One goroutine uses it.
type Sender interface {
	// Send hands an element on, and takes over the caller's reference on its
	// batch, also when it fails. It blocks while the channel is full, until ctx is
	// done. After the receiver has closed it returns ErrClosed, but for an end: a
	// receiver may leave at a last barrier, which the end follows.
	Send(ctx context.Context, e stream.Element) error
}

// Receiver is the reading end of a channel. One goroutine uses it.
type Receiver interface {
	// Poll takes the next element; the caller owns its batch. ok is false when
	// there is none now.
	Poll() (e stream.Element, ok bool)
	// Notify makes ready be called, from any goroutine, whenever an element may
	// have come; it is set once, before the first Poll.
	Notify(ready func())
	// Close drops what is queued and makes senders fail. Calling it again does
	// nothing.
	Close()
}

// ErrClosed is what a Sender returns when its receiver is gone: the job is being
// torn down.
var ErrClosed error = errs.Bugf("the receiving task is gone")
