package nats

import (
	"time"

	"github.com/nats-io/nats.go"

	"github.com/thalweg/thalweg/internal/errs"
)

// coreQueueMessages is how many messages of a subject may wait; more are dropped.
const coreQueueMessages = 64 << 10

// subscribe connects and starts to receive the split's subject.
func (r *reader) subscribe() error {
	c, err := r.source.connect()
	if err != nil {
		return err
	}
	queue := make(chan *nats.Msg, coreQueueMessages)
	group := r.source.table.Options.String(optionQueue)
	sub, err := c.ChanQueueSubscribe(r.split.Subject, group, queue)
	if err == nil {
		// The server knows the subscription when Open returns.
		err = c.FlushTimeout(c.timeout)
	}
	if err != nil {
		c.Close()
		return errs.Wrap(errs.Resource, err, "table '%s': subscribing to '%s'", r.source.table.Name, r.split.Subject)
	}
	r.session = c
	r.drops = func() int {
		n, err := sub.Dropped()
		if err != nil {
			return 0 // the subscription is closed
		}
		return n
	}
	r.received.Add(1)
	go func() {
		defer r.received.Done()
		for {
			select {
			case m := <-queue:
				if !r.send(message{subject: m.Subject, millis: time.Now().UnixMilli(), header: m.Header, data: m.Data}) {
					return
				}
			case <-r.stopped.Done():
				return
			}
		}
	}()
	return nil
}
