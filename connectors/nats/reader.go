package nats

import (
	"context"
	"fmt"
	"sync"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
)

// reader decodes the messages that a receiving goroutine puts into a channel.
type reader struct {
	source   *source
	decoding *decoding
	split    split // Next is the least stream sequence that was not decoded
	session  *session
	messages chan message
	ended    bool
	// missed counts messages that core NATS dropped and that were reported.
	missed int
	drops  func() int
	done   int64

	// stop ends the receiving goroutine, received is done when it has ended.
	stop     context.CancelFunc
	stopped  context.Context
	received sync.WaitGroup
	// mu is held by Next, so that Close frees nothing that is in use.
	mu     sync.Mutex
	closed bool
}

var _ connector.Reader = (*reader)(nil)

// queuedMessages is how many messages wait between the goroutines.
const queuedMessages = 256

func newReader(s *source, d *decoding, p split) *reader {
	r := &reader{source: s, decoding: d, split: p, messages: make(chan message, queuedMessages), drops: func() int { return 0 }}
	r.stopped, r.stop = context.WithCancel(context.Background())
	return r
}

// Next implements connector.Reader. It waits only while it has no row: what is
// there goes out at once.
func (r *reader) Next(ctx context.Context, wait <-chan struct{}) (stream.Batch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return stream.Batch{}, connector.ErrEndOfSplit
	}
	for {
		if err := ctx.Err(); err != nil {
			return stream.Batch{}, err
		}
		rows := r.decoding.decoder.Rows()
		if r.ended && rows == 0 {
			return stream.Batch{}, connector.ErrEndOfSplit
		}
		if r.ended || r.decoding.decoder.Full() {
			return r.decoding.flush(), nil
		}
		if rows > 0 {
			select {
			case m := <-r.messages:
				if err := r.take(&m); err != nil {
					return stream.Batch{}, err
				}
				continue
			default:
				return r.decoding.flush(), nil
			}
		}
		select {
		case m := <-r.messages:
			if err := r.take(&m); err != nil {
				return stream.Batch{}, err
			}
		case <-wait:
			return stream.Batch{}, nil
		case <-ctx.Done():
			return stream.Batch{}, ctx.Err()
		case <-r.stopped.Done():
			return stream.Batch{}, connector.ErrEndOfSplit
		}
	}
}

// take decodes a message.
func (r *reader) take(m *message) error {
	if m.err != nil {
		return m.err
	}
	if missed := r.drops(); missed > r.missed {
		lost := missed - r.missed
		r.missed = missed
		if err := r.decoding.bad.Bad(connector.BadRecord{Where: "subject " + r.split.Subject,
			Reason: fmt.Sprintf("%d messages came faster than they were read and were dropped", lost)}); err != nil {
			return err
		}
	}
	r.ended = m.last || m.none
	if m.none {
		return nil
	}
	if m.sequence > 0 {
		r.split.Next = m.sequence + 1
	}
	r.done++
	return r.decoding.add(m)
}

// where names a message's place.
func (m *message) where() string {
	if m.sequence == 0 {
		return "subject " + m.subject
	}
	return fmt.Sprintf("stream sequence %d, subject %s", m.sequence, m.subject)
}

// Position implements connector.Reader.
func (r *reader) Position() []byte {
	b, err := r.split.encode()
	if err != nil {
		panic(err) // a struct of plain members
	}
	return b
}

// Lag implements connector.Reader.
func (r *reader) Lag() connector.Lag {
	return connector.Lag{Rows: int64(len(r.messages)), Millis: -1, Done: r.done, Total: -1}
}

// Close implements connector.Reader.
func (r *reader) Close() error {
	r.stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	r.session.Close()
	r.received.Wait()
	r.decoding.free()
	return nil
}

// send hands a message to Next; it reports false when the reader is closed.
func (r *reader) send(m message) bool {
	select {
	case r.messages <- m:
		return true
	case <-r.stopped.Done():
		return false
	}
}
