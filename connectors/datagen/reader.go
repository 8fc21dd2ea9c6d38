package datagen

import (
	"context"
	"sync"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/column"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// place is a reader's position: the rows of the split that were given, and the
// time that its timestamps count from.
type place struct {
	Version    int   `msgpack:"v"`
	Row        int64 `msgpack:"r"`
	BaseMillis int64 `msgpack:"b"`
}

// placeVersion is the format of place. Version 1 is the first.
const placeVersion = 1

// decode reads a position; nil is the start.
func (p *place) decode(b []byte) error {
	if b == nil {
		return nil
	}
	if err := msgpack.Unmarshal(b, p); err != nil {
		return errs.Wrap(errs.Corruption, err, "position in made-up rows")
	}
	if p.Version != placeVersion {
		return errs.Corruptionf("position in made-up rows has version %d, want %d", p.Version, placeVersion)
	}
	return nil
}

// latency is how long rows may gather into a batch when they keep to a rate.
const latency = 5 * time.Millisecond

// reader reads one split.
type reader struct {
	*source
	split      payload
	env        connector.ReaderEnv
	set        *column.Set
	generators []*generator
	at         place
	rows       int64 // in the split
	// The rate is kept from here on: after a restart nothing is caught up.
	startRow    int64
	startMillis int64
	closed      chan struct{}
	// mu guards set against a Close that overlaps with Next.
	mu sync.Mutex
}

var _ connector.Reader = (*reader)(nil)

// Next gives the next rows, waiting for their time.
func (r *reader) Next(ctx context.Context, wait <-chan struct{}) (stream.Batch, error) {
	if err := ctx.Err(); err != nil {
		return stream.Batch{}, err
	}
	left := r.rows - r.at.Row
	if left <= 0 {
		return stream.Batch{}, connector.ErrEndOfSplit
	}
	n, err := r.due(ctx, wait, min(left, int64(r.env.BatchRows)))
	if n == 0 || err != nil {
		return stream.Batch{}, err
	}
	return r.make(n)
}

// make gives the next n rows.
func (r *reader) make(n int64) (stream.Batch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.closed:
		return stream.Batch{}, nil
	default:
	}
	for _, g := range r.generators {
		g.fill(r, int(n))
	}
	r.at.Row += n
	batch := r.set.Flush(int(n))
	if r.at.Row == r.rows {
		return batch, connector.ErrEndOfSplit
	}
	return batch, nil
}

// due is how many of the next most rows have their time, at least one unless
// something wakes the wait.
func (r *reader) due(ctx context.Context, wait <-chan struct{}, most int64) (int64, error) {
	if r.rate == 0 {
		return most, nil
	}
	for {
		elapsed := max(0, r.clock.NowMillis()-r.startMillis)
		given := r.at.Row - r.startRow
		// Row k of the split is row k·Of of the table, at rate rows a second.
		allowed := int64(float64(elapsed)/1000*float64(r.rate)/float64(r.split.Of)) + 1
		if allowed > given {
			return min(most, allowed-given), nil
		}
		until := time.Duration(float64(given*r.split.Of)/float64(r.rate)*float64(time.Second)) - time.Duration(elapsed)*time.Millisecond
		timer, free := r.clock.After(max(until, latency))
		select {
		case <-timer:
		case <-wait:
			free()
			return 0, nil
		case <-r.closed:
			free()
			return 0, nil
		case <-ctx.Done():
			free()
			return 0, ctx.Err()
		}
		free()
	}
}

// number is the table's row number of the split's row k.
func (r *reader) number(k int64) int64 { return k*r.split.Of + r.split.Index }

// millis is the time of table row n: what a reader at the rate would see.
func (r *reader) millis(n int64) int64 {
	if r.rate == 0 {
		return r.at.BaseMillis
	}
	return r.at.BaseMillis + int64(float64(n)*1000/float64(r.rate))
}

// Position is the next row.
func (r *reader) Position() []byte {
	r.at.Version = placeVersion
	b, err := msgpack.Marshal(r.at)
	if err != nil {
		panic("datagen: a position does not encode: " + err.Error())
	}
	return b
}

// Lag tells the progress in rows.
func (r *reader) Lag() connector.Lag {
	lag := connector.Lag{Rows: -1, Millis: -1, Done: r.at.Row, Total: -1}
	if r.Bounded() {
		lag.Total = r.rows
	}
	return lag
}

// Close ends a blocked Next.
func (r *reader) Close() error {
	close(r.closed)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set.Free()
	return nil
}
