package kinesis

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
)

// reader decodes what a fetching goroutine gets of one shard.
type reader struct {
	source *source
	*decoding
	chunks chan chunk
	// now is the chunk that is being decoded, from record next on.
	now   chunk
	next  int
	ended bool

	// stop ends the fetcher, fetching is done when it has ended.
	stop     context.CancelFunc
	stopped  <-chan struct{}
	fetching sync.WaitGroup

	// mu is held by Next, so that Close frees nothing that is in use; lag is also
	// read beside it.
	mu     sync.Mutex
	closed bool
	lagMu  sync.Mutex
	lag    connector.Lag
}

var _ connector.Reader = (*reader)(nil)

func startReader(s *source, client *kinesis.Client, d *decoding) *reader {
	ctx, stop := context.WithCancel(context.Background())
	r := &reader{source: s, decoding: d, chunks: make(chan chunk, 1), stop: stop, stopped: ctx.Done(), lag: connector.Lag{Rows: -1, Millis: -1, Total: -1}}
	if r.place.Start == "" {
		r.ended = true // nothing of it was asked for
		return r
	}
	f := &fetcher{source: s, client: client, shard: d.place.Shard, place: placeOf(d.place), chunks: r.chunks}
	r.fetching.Go(func() { f.run(ctx) })
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
		if err := r.decode(); err != nil {
			return stream.Batch{}, err
		}
		rows := r.decoder.Rows()
		switch {
		case r.ended && rows == 0:
			return stream.Batch{}, connector.ErrEndOfSplit
		case r.ended || r.decoder.Full():
			return r.flush(), nil
		}
		if rows > 0 || r.passed {
			select {
			case r.now = <-r.chunks:
				r.next = 0
				continue
			default:
				return r.rowsOrPassed(rows), nil
			}
		}
		select {
		case r.now = <-r.chunks:
			r.next = 0
		case <-wait:
			return stream.Batch{}, nil
		case <-r.stopped:
			return stream.Batch{}, connector.ErrEndOfSplit
		case <-ctx.Done():
			return stream.Batch{}, ctx.Err()
		}
	}
}

// rowsOrPassed gives the rows, or an empty batch that tells that the place has moved on.
func (r *reader) rowsOrPassed(rows int) stream.Batch {
	if rows > 0 {
		return r.flush()
	}
	r.passed = false
	return stream.Batch{}
}

// decode decodes the present chunk until it is used up or the batch is full.
func (r *reader) decode() error {
	if r.now.gone {
		return r.lost()
	}
	if r.now.err != nil {
		return r.now.err
	}
	for r.next < len(r.now.records) && !r.ended {
		if r.decoder.Full() {
			return nil
		}
		rec := &r.now.records[r.next]
		if end := r.place.EndMillis; end > 0 && rec.ApproximateArrivalTimestamp.UnixMilli() > end {
			r.ended = true
			return nil
		}
		whole, err := r.add(rec)
		if err != nil || !whole {
			return err
		}
		r.next++
	}
	if r.now.at.IsZero() {
		return nil
	}
	end := r.place.EndMillis
	// Only an answer without records is at the tip for sure: some servers say so always.
	tip := r.now.behind == 0 && len(r.now.records) == 0
	r.ended = r.ended || r.now.end || end > 0 && tip && r.now.at.UnixMilli() > end
	r.report(r.now.behind)
	r.now, r.next = chunk{}, 0
	return nil
}

// lost ends a shard that is gone: its retention ended before all of it was read, or
// just after.
func (r *reader) lost() error {
	r.ended = true
	why := r.now.err.Error()
	r.now = chunk{}
	return r.bad.Bad(connector.BadRecord{Where: "stream " + r.source.stream + ", " + r.place.Shard,
		Reason: "the shard is gone: what of it was not read has expired (" + why + ")"})
}

func (r *reader) report(behind int64) {
	r.lagMu.Lock()
	defer r.lagMu.Unlock()
	r.lag.Millis, r.lag.Done = behind, r.done
	if behind == 0 {
		r.lag.Rows = 0
	} else {
		r.lag.Rows = -1
	}
}

// Position implements connector.Reader.
func (r *reader) Position() []byte { return r.place.encode() }

// Lag implements connector.Reader.
func (r *reader) Lag() connector.Lag {
	r.lagMu.Lock()
	defer r.lagMu.Unlock()
	return r.lag
}

// Close implements connector.Reader.
func (r *reader) Close() error {
	r.stop()
	r.fetching.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		r.free()
	}
	return nil
}
