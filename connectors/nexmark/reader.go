package nexmark

import (
	"context"
	"sync"
	"time"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
)

// reader generates one split.
type reader struct {
	source    *source
	split     Split
	env       connector.ReaderEnv
	generator *generator
	// wallBase is the wall clock in milliseconds at which a paced stream's base
	// time is taken to lie; 0 until the first event.
	wallBase int64

	closing sync.Once
	closed  chan struct{}
}

var _ connector.Reader = (*reader)(nil)

// eventsPerRow bounds how many events are drawn for a batch of rows when a filter
// leaves most of them out.
const eventsPerRow = 64

// pacedPause is the least time a paced reader waits, so that events gather into
// batches.
const pacedPause = 5 * time.Millisecond

// Next implements connector.Reader.
func (r *reader) Next(ctx context.Context, wait <-chan struct{}) (stream.Batch, error) {
	for {
		if r.generator.emitted >= r.generator.limit {
			return r.end(ctx, wait)
		}
		if err := ctx.Err(); err != nil {
			return stream.Batch{}, err
		}
		events := int64(r.env.BatchRows) * eventsPerRow
		if r.source.paced {
			due, delay := r.due(events)
			if due == 0 {
				if back, err := r.pause(ctx, wait, delay); back {
					return stream.Batch{}, err
				}
				continue
			}
			events = due
		}
		batch := r.generator.batch(r.env.Alloc, r.env.BatchRows, events)
		if batch.Rows() > 0 {
			return batch, nil
		}
		batch.Release()
		select {
		case <-wait:
			return stream.Batch{}, nil
		case <-r.closed:
			return stream.Batch{}, connector.ErrEndOfSplit
		default:
		}
	}
}

// end answers after the last event: a kept-alive split stays silent.
func (r *reader) end(ctx context.Context, wait <-chan struct{}) (stream.Batch, error) {
	if !r.source.keepAlive {
		return stream.Batch{}, connector.ErrEndOfSplit
	}
	select {
	case <-ctx.Done():
		return stream.Batch{}, ctx.Err()
	case <-wait:
		return stream.Batch{}, nil
	case <-r.closed:
		return stream.Batch{}, connector.ErrEndOfSplit
	}
}

// due tells how many of the next events, at most most, are due, and when none is,
// how long the next one takes.
func (r *reader) due(most int64) (events int64, delay time.Duration) {
	t := &r.generator.schedule.timeline
	now := r.source.clock.Now().UnixMilli()
	if r.wallBase == 0 {
		r.wallBase = now
	}
	next := r.generator.schedule.next
	dueAt := func(n int64) int64 { return r.wallBase + t.millis(n) - t.baseMillis }
	if wait := dueAt(next) - now; wait > 0 {
		return 0, max(time.Duration(wait)*time.Millisecond, pacedPause)
	}
	// The largest number of due events, by bisection: times grow with the number.
	low, high := int64(1), most
	for low < high {
		middle := (low + high + 1) / 2
		if dueAt(next+middle-1) <= now {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low, 0
}

// pause waits; back tells that Next is to return, with err.
func (r *reader) pause(ctx context.Context, wait <-chan struct{}, d time.Duration) (back bool, err error) {
	timer, stop := r.source.clock.After(d)
	defer stop()
	select {
	case <-timer:
		return false, nil
	case <-wait:
		return true, nil
	case <-ctx.Done():
		return true, ctx.Err()
	case <-r.closed:
		return true, connector.ErrEndOfSplit
	}
}

// Position implements connector.Reader.
func (r *reader) Position() []byte { return encodePosition(r.generator.where(), r.wallBase) }

func (r *reader) seek(position []byte) error {
	p, wallBase, err := decodePosition(position)
	if err != nil {
		return err
	}
	r.wallBase = wallBase
	r.generator.seek(r.split, p)
	return nil
}

// Lag implements connector.Reader: rows is what remains of a bounded split.
func (r *reader) Lag() connector.Lag {
	lag := connector.Lag{Rows: -1, Millis: -1, Done: r.generator.emitted, Total: -1}
	if r.source.config.limited() {
		lag.Total = r.generator.limit
	}
	if r.source.paced && r.wallBase != 0 {
		t := &r.generator.schedule.timeline
		due := r.wallBase + t.millis(r.generator.schedule.next) - t.baseMillis
		lag.Millis = max(0, r.source.clock.Now().UnixMilli()-due)
	}
	return lag
}

// Close implements connector.Reader.
func (r *reader) Close() error {
	r.closing.Do(func() { close(r.closed) })
	return nil
}
