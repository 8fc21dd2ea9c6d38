package kinesis

import (
	"context"
	"time"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
)

// subscriptionKey is what only one subscription may have at a time.
type subscriptionKey struct {
	stream   string
	consumer string
	created  int64 // of the consumer
	shard    shardlog.ShardID
}

// subscription is a running SubscribeToShard call.
type subscription struct {
	started time.Time
	// end makes the call end, with the error that is its cause.
	end context.CancelCauseFunc
}

// takeoverAfter is how old a subscription must be before another call for the same
// consumer and shard replaces it.
const takeoverAfter = 5 * time.Second

// eventMost is the most that one event gives: each of many slow subscribers holds one in
// memory.
var eventMost = amount{10_000, 1 << 20}

func (s *Service) subscribe(ctx context.Context, _ wire.Call, in *subscribeInput) (func(*wire.EventStream) error, error) {
	o, c, err := s.findConsumer(consumerRef{ConsumerARN: in.ConsumerARN})
	if err != nil {
		return nil, err
	}
	if s.fresh(time.UnixMilli(c.CreatedMillis)) {
		return nil, wire.Errorf(codeInUse, "Consumer %s is not ACTIVE", *in.ConsumerARN)
	}
	p := in.StartingPosition
	at, err := s.position(*p.Type, p.SequenceNumber, p.Timestamp)
	if err != nil {
		return nil, err
	}
	it, err := s.iterator(o, *in.ShardId, at)
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		return nil, errorAndClose(it, dryRun())
	}
	key := subscriptionKey{o.name, c.Name, c.CreatedMillis, it.ShardID()}
	running, done, err := s.enter(ctx, key)
	if err != nil {
		return nil, errorAndClose(it, err)
	}
	return func(events *wire.EventStream) error {
		defer done()
		defer it.Close()
		return s.push(running, events, it, o, c.Name)
	}, nil
}

func errorAndClose(it *shardlog.Iterator, err error) error {
	_ = it.Close() // nothing was written
	return err
}

// enter registers a subscription, replacing an older one. done must be called when
// it is over.
func (s *Service) enter(ctx context.Context, key subscriptionKey) (running context.Context, done func(), err error) {
	now := s.options.Now()
	running, cancel := context.WithCancelCause(ctx)
	mine := &subscription{now, cancel}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.subscriptions[key]; old != nil {
		if now.Sub(old.started) < takeoverAfter {
			cancel(nil)
			return nil, nil, wire.Errorf(codeInUse, "Another active subscription exists for this consumer: %s, shard %s", key.consumer, key.shard)
		}
		old.end(wire.Errorf(codeInUse, "Another subscription took over this consumer's shard %s", key.shard))
	}
	s.subscriptions[key] = mine
	return running, func() {
		cancel(nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.subscriptions[key] == mine {
			delete(s.subscriptions, key)
		}
	}, nil
}

// endSubscriptions ends those of a consumer that is gone; why says so.
func (s *Service) endSubscriptions(stream string, c consumer, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, sub := range s.subscriptions {
		if key.stream == stream && key.consumer == c.Name && key.created == c.CreatedMillis {
			sub.end(wire.Errorf(codeNotFound, "%s", why))
		}
	}
}

// push sends events until the shard's end, the client's leaving, or the end of the
// subscription's life. A slow client holds up only itself: nothing is read ahead
// of what it takes.
func (s *Service) push(ctx context.Context, events *wire.EventStream, it *shardlog.Iterator, o *opened, who string) error {
	life, stop := context.WithTimeout(ctx, s.options.SubscriptionLife)
	defer stop()
	defer events.Until(life)()
	for {
		c, err := s.read(life, it, eventMost, o)
		if life.Err() != nil {
			return endOf(ctx)
		}
		if err != nil {
			return err
		}
		event := subscribeEvent{Records: c.records, MillisBehindLatest: c.behind}
		if c.end {
			now, err := o.Describe()
			if err != nil {
				return s.unlessGone(o.name, o.Stream, err)
			}
			event.ChildShards = childrenOf(now.Shards, it.ShardID())
		} else {
			event.ContinuationSequenceNumber = continuation(c.next, s.options.Now())
		}
		if err := events.Send("SubscribeToShardEvent", event); err != nil || c.end {
			return nil // the client has gone, or the shard has ended
		}
		if s.limits != nil {
			waitFor(life, s.limits.given(limitOf(o.name, o.created, it.ShardID()), " of "+who, c.bytes))
		}
		switch err := it.Wait(life, s.options.Heartbeat); {
		case life.Err() != nil:
			return endOf(ctx)
		case err != nil:
			return s.unlessShardGone(o, it.ShardID(), err)
		}
	}
}

// waitFor waits for a time, or until ctx is done.
func waitFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// endOf is nil at the end of a subscription's life and when the client has gone.
func endOf(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil && cause != context.Canceled {
		return cause
	}
	return nil
}

// continuation is the number after which a client goes on: the one before the next
// record's. It carries the time, so that it advances also when nothing was sent.
func continuation(next shardlog.Sequence, now time.Time) string {
	if next.Index > 0 {
		next.Index--
	}
	next.Second = now.Unix()
	return next.String()
}
