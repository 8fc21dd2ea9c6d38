package nats

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/thalweg/thalweg/internal/errs"
)

const (
	// pendingMessages and pendingBytes bound what the server has not acknowledged.
	pendingMessages = 1024
	pendingBytes    = 16 << 20
)

// publisher publishes messages to JetStream without waiting for each. One
// goroutine uses it.
type publisher struct {
	sink    *sink
	session *session
	waiting []published
	bytes   int
}

// published is a message that was not acknowledged yet.
type published struct {
	ack     jetstream.PubAckFuture
	subject string
	bytes   int
}

func (s *sink) publisher() (*publisher, error) {
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	return &publisher{sink: s, session: c}, nil
}

// publish publishes m under an id; m is the publisher's from now on. It waits while
// much is unacknowledged, and gives the error of any earlier message.
func (p *publisher) publish(ctx context.Context, m *nats.Msg, id string) error {
	for len(p.waiting) >= pendingMessages || len(p.waiting) > 0 && p.bytes+len(m.Data) > pendingBytes {
		if err := p.await(ctx); err != nil {
			return err
		}
	}
	ack, err := p.session.stream.PublishMsgAsync(m, jetstream.WithMsgID(id))
	if err != nil {
		return p.failed(m.Subject, err)
	}
	p.waiting = append(p.waiting, published{ack, m.Subject, len(m.Data)})
	p.bytes += len(m.Data)
	return nil
}

// await waits for the oldest message's acknowledgement.
func (p *publisher) await(ctx context.Context) error {
	oldest := p.waiting[0]
	select {
	case <-oldest.ack.Ok():
	case err := <-oldest.ack.Err():
		return p.failed(oldest.subject, err)
	case <-ctx.Done():
		return ctx.Err()
	}
	p.bytes -= oldest.bytes
	p.waiting = p.waiting[1:]
	return nil
}

// flush waits until everything is acknowledged.
func (p *publisher) flush(ctx context.Context) error {
	for len(p.waiting) > 0 {
		if err := p.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *publisher) failed(subject string, err error) error {
	if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) {
		return errs.Userf("table '%s': no JetStream stream takes the subject '%s'", p.sink.table.Name, subject).
			WithHint("add the subject to a stream")
	}
	return errs.Wrap(errs.Resource, err, "table '%s': publishing to '%s'", p.sink.table.Name, subject)
}

func (p *publisher) close() { p.session.Close() }
