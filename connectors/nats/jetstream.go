package nats

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/thalweg/thalweg/internal/errs"
)

const (
	// fetchMessages and fetchBytes bound what is under way from the server; the
	// bytes are more than the largest message that NATS can be set to allow.
	fetchMessages = 1024
	fetchBytes    = 72 << 20
	// idleConsumer is how long a consumer outlives a reader that is held up.
	idleConsumer = 5 * time.Minute
	// The pauses before trying again while the server can't be reached.
	retryFirst = 50 * time.Millisecond
	retryLast  = 5 * time.Second
)

// follow connects and starts to read the stream.
func (r *reader) follow(ctx context.Context) error {
	c, err := r.source.connect()
	if err != nil {
		return err
	}
	r.session = c
	if _, err := r.source.streamInfo(ctx, c); err != nil {
		c.Close()
		return err
	}
	r.received.Add(1)
	go func() {
		defer r.received.Done()
		t := tailer{reader: r, next: r.split.Next}
		t.run(r.stopped)
	}()
	return nil
}

// tailer reads a stream through one consumer after the other.
type tailer struct {
	*reader
	// next is the least stream sequence that was not received; 0 means that none
	// was, and to start at the split's time.
	next uint64
}

// errGap says that a message got lost between the server and here.
var errGap = errors.New("a message of the consumer is missing")

// run receives until the split has ended or ctx is done. What can pass is tried
// again.
func (t *tailer) run(ctx context.Context) {
	pause := retryFirst
	for ctx.Err() == nil {
		before := t.next
		ended, err := t.receive(ctx)
		switch {
		case ended || ctx.Err() != nil:
			return
		case errors.Is(err, jetstream.ErrStreamNotFound):
			name := t.source.table.Options.String(optionStream)
			t.send(message{err: errs.Userf("table '%s': the JetStream stream '%s' was deleted", t.source.table.Name, name)})
			return
		case t.next != before || errors.Is(err, errGap):
			pause = retryFirst
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		pause = min(2*pause, retryLast)
	}
}

// receive makes a consumer and reads from it until something fails.
func (t *tailer) receive(ctx context.Context) (ended bool, err error) {
	limited, cancel := t.session.limited(ctx)
	defer cancel()
	consumer, err := t.session.stream.CreateConsumer(limited, t.source.table.Options.String(optionStream), t.config())
	if err != nil {
		return false, err
	}
	defer t.remove(consumer)
	if t.split.Bounded && (consumer.CachedInfo().NumPending == 0 || t.next > t.split.End) {
		t.send(message{none: true})
		return true, nil
	}
	expected := uint64(1)
	for {
		batch, err := consumer.Fetch(fetchMessages, jetstream.FetchContext(ctx), jetstream.FetchMaxBytes(fetchBytes))
		if err != nil {
			return false, err
		}
		for m := range batch.Messages() {
			ended, err := t.pass(m, expected)
			if ended || err != nil {
				return ended, err
			}
			expected++
		}
		if err := batch.Error(); err != nil {
			return false, err
		}
	}
}

// config is that of a consumer that goes on behind the last message.
func (t *tailer) config() jetstream.ConsumerConfig {
	c := jetstream.ConsumerConfig{
		AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1, InactiveThreshold: idleConsumer,
		MaxDeliver: 1, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: t.next,
	}
	if t.next == 0 {
		c.DeliverPolicy, c.OptStartSeq, c.OptStartTime = jetstream.DeliverByStartTimePolicy, 0, t.split.startTime()
	}
	if t.split.Subject != allSubjects {
		c.FilterSubject = t.split.Subject
	}
	return c
}

// remove deletes a consumer that is not needed any more; if that fails the server
// does so after a while.
func (t *tailer) remove(consumer jetstream.Consumer) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if t.session.IsConnected() {
		_ = t.session.stream.DeleteConsumer(ctx, t.source.table.Options.String(optionStream), consumer.CachedInfo().Name)
	}
}

// pass hands a message on. ended tells that nothing follows.
func (t *tailer) pass(m jetstream.Msg, expected uint64) (ended bool, err error) {
	meta, err := m.Metadata()
	if err != nil {
		return false, err
	}
	if meta.Sequence.Consumer != expected {
		return false, errGap
	}
	if t.split.Bounded && meta.Sequence.Stream > t.split.End {
		t.send(message{none: true})
		return true, nil
	}
	last := t.split.Bounded && (meta.Sequence.Stream == t.split.End || meta.NumPending == 0)
	t.next = meta.Sequence.Stream + 1
	sent := t.send(message{
		subject: m.Subject(), sequence: meta.Sequence.Stream, millis: meta.Timestamp.UnixMilli(),
		header: nats.Header(m.Headers()), data: m.Data(), last: last,
	})
	return last || !sent, nil
}
