package shardlog

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/keyed"
	"github.com/thalweg/thalweg/connectors/format/kpl"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/stream"
)

// reader decodes one shard's records.
type reader struct {
	source   *source
	env      connector.ReaderEnv
	split    split // Next is the index of the next record to decode
	start    uint64
	iterator *Iterator
	decoder  *keyed.Decoder
	extra    *extras
	// entries are those read and not decoded yet, borrowed from the iterator.
	entries []Entry
	trimmed uint64
	arrival int64 // of the last record decoded
	// within are the records of an aggregated one; those outside of first to last
	// are another shard's.
	within      []kpl.Record
	first, last HashKey
	// passed tells that records were decoded that gave no row, since Next last
	// returned.
	passed bool

	// mu is held by Next, so that Close frees nothing that is in use.
	mu     sync.Mutex
	closed bool
}

var _ connector.Reader = (*reader)(nil)

// Next implements connector.Reader. It waits only while it has no row: what is
// there goes out at once. Records without rows are told by an empty batch.
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
		atEnd := r.split.End > 0 && r.split.Next >= r.split.End
		switch {
		case atEnd && r.decoder.Rows() == 0:
			return stream.Batch{}, connector.ErrEndOfSplit
		case r.decoder.Full() || r.decoder.Rows() > 0 && (atEnd || !r.iterator.Ready()):
			return r.flush(), nil
		case r.passed && !r.iterator.Ready():
			// Position, lag and dead letters have moved on.
			r.passed = false
			return stream.Batch{}, nil
		}
		woken, err := r.read(ctx, wait)
		if errors.Is(err, connector.ErrEndOfSplit) && r.decoder.Rows() > 0 {
			return r.flush(), err // a closed shard's last rows
		}
		if err != nil || woken {
			return stream.Batch{}, err
		}
	}
}

// decode decodes entries until they are used up or the batch is full.
func (r *reader) decode() error {
	for len(r.entries) > 0 && !r.decoder.Full() {
		e := &r.entries[0]
		if r.split.End > 0 && e.Sequence.Index >= r.split.End {
			r.entries, r.split.Next = nil, r.split.End
			return nil
		}
		if e.Sequence.Index != r.split.Next { // what was begun is gone
			r.split.Next, r.split.Sub = e.Sequence.Index, 0
		}
		whole, err := r.record(e)
		if err != nil || !whole {
			return err
		}
		r.split.Next, r.split.Sub, r.arrival = e.Sequence.Index+1, 0, e.ArrivalMillis
		r.entries = r.entries[1:]
	}
	return nil
}

// record decodes a record, or the records within it from where it was left; whole
// is false when the batch is full before its end.
func (r *reader) record(e *Entry) (whole bool, err error) {
	aggregated := false
	if !r.source.keepAggregated {
		r.within, aggregated = kpl.Split(r.within[:0], e.Data)
	}
	if !aggregated {
		return true, r.one(e, 0)
	}
	for ; r.split.Sub < len(r.within); r.split.Sub++ {
		if r.decoder.Full() {
			return false, nil
		}
		inner := &r.within[r.split.Sub]
		if !r.mine(inner) {
			r.passed = true
			continue
		}
		part := *e
		part.PartitionKey, part.Data = inner.Key, inner.Data
		if err := r.one(&part, r.split.Sub); err != nil {
			return false, err
		}
	}
	r.passed = r.passed || len(r.within) == 0
	return true, nil
}

// mine reports whether a record within another is this shard's: its producer puts
// those again that a reshard led astray. Of a stream that spreads records all are.
func (r *reader) mine(inner *kpl.Record) bool {
	k := hashOf(string(inner.Key))
	if len(inner.ExplicitHashKey) > 0 {
		var err error
		if k, err = ParseHashKey(string(inner.ExplicitHashKey)); err != nil {
			return true // it says nothing
		}
	}
	return !k.Less(r.first) && !r.last.Less(k)
}

// one decodes what stands alone, or number sub within another.
func (r *reader) one(e *Entry, sub int) error {
	before := r.decoder.Rows()
	if err := r.decoder.Record(e.PartitionKey, e.Data); err != nil {
		if errs.ClassOf(err) == errs.Resource {
			return err
		}
		bad := connector.BadRecord{Where: r.where(e), Reason: err.Error(), Raw: e.Data}
		if err := r.env.Bad.Bad(bad); err != nil {
			return err
		}
	}
	r.extra.add(e, sub, r.decoder.Rows()-before)
	r.passed = r.passed || r.decoder.Rows() == before
	return nil
}

// where names a record's place.
func (r *reader) where(e *Entry) string {
	return "stream " + r.source.stream + ", " + string(r.split.Shard) + ", sequence " + e.Sequence.String()
}

// read gets the next entries; woken tells that it was called back before.
func (r *reader) read(ctx context.Context, wait <-chan struct{}) (woken bool, err error) {
	r.entries, err = r.iterator.Next(ctx, wait)
	if gone := r.iterator.Trimmed(); gone > r.trimmed {
		lost := gone - r.trimmed
		r.trimmed = gone
		if err := r.missing(fmt.Sprintf("the retention of %d records ended before they were read", lost)); err != nil {
			return false, err
		}
	}
	switch {
	case errors.Is(err, ErrShardEnd) || errors.Is(err, ErrInterrupted):
		return false, connector.ErrEndOfSplit
	case err != nil && errs.ClassOf(err) == errs.Corruption:
		// The iterator goes on behind what is lost.
		if r.missing(err.Error()) != nil {
			return false, err
		}
		r.split.Next, r.split.Sub, r.passed = r.iterator.Position().Index, 0, true
		return false, nil
	case err != nil:
		return false, err
	}
	return len(r.entries) == 0, nil
}

// missing reports records that can't be read any more.
func (r *reader) missing(reason string) error {
	return r.env.Bad.Bad(connector.BadRecord{
		Where: "stream " + r.source.stream + ", " + string(r.split.Shard), Reason: reason,
	})
}

// flush gives the decoded rows with their metadata.
func (r *reader) flush() stream.Batch {
	r.passed = false
	extra := r.extra.flush()
	defer release(extra)
	return r.source.splice.Join(r.decoder.Flush(), extra)
}

// Position implements connector.Reader.
func (r *reader) Position() []byte { return r.split.position() }

// Lag implements connector.Reader.
func (r *reader) Lag() connector.Lag {
	v := r.iterator.shard.view.Load()
	lag := connector.Lag{Done: int64(r.split.Next - r.start), Total: -1}
	end := v.end
	if r.split.End > 0 {
		end = min(end, r.split.End)
	}
	// Numbers that a crash left unused lie between the last record and the end.
	if end > r.split.Next && (len(r.entries) > 0 || r.iterator.next < end) {
		lag.Rows = int64(end - r.split.Next)
		lag.Millis = max(0, v.arrival-r.arrival)
		if r.arrival == 0 { // nothing was decoded yet
			lag.Millis = r.iterator.shard.age(v, max(r.split.Next, v.horizon))
		}
	}
	if r.split.End > 0 {
		lag.Total = int64(r.split.End - r.start)
	}
	return lag
}

// Close implements connector.Reader.
func (r *reader) Close() error {
	r.iterator.Interrupt()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	r.decoder.Close()
	r.extra.free()
	return r.iterator.Close()
}
