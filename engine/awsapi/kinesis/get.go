package kinesis

import (
	"context"
	"errors"
	"time"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi/wire"
	"github.com/thalweg/thalweg/internal/errs"
)

// amount bounds what is read at once.
type amount struct{ records, bytes int }

// getMost is the most that one answer of GetRecords gives.
var getMost = amount{10_000, 10 << 20}

func (s *Service) getRecords(ctx context.Context, _ wire.Call, in *getRecordsInput) (*getRecordsOutput, error) {
	p, err := s.readPlace(*in.ShardIterator)
	if err != nil {
		return nil, err
	}
	o, it, err := s.openPlace(p)
	if err != nil {
		return nil, err
	}
	defer it.Close()
	if in.DryRun {
		return nil, dryRun()
	}
	limited := limitOf(o.name, o.created, p.shardID())
	if s.limits != nil && !s.limits.read(limited) {
		return nil, wire.Errorf(codeThroughput, "%s", s.throttled(o.name, p.shardID()))
	}
	most := getMost
	if in.Limit != nil {
		most.records = int(*in.Limit)
	}
	read, err := s.read(ctx, it, most, o)
	if err != nil {
		return nil, err
	}
	if s.limits != nil {
		s.limits.given(limited, "", read.bytes)
	}
	out := &getRecordsOutput{Records: read.records, MillisBehindLatest: read.behind, lost: read.lost}
	if read.end {
		all, err := o.shards()
		if err != nil {
			return nil, s.unlessGone(o.name, o.Stream, err)
		}
		out.ChildShards = childrenOf(all, p.shardID())
	} else {
		p.next, p.issued = read.next, s.options.Now().UnixMilli()
		out.NextShardIterator = p.token()
	}
	return out, nil
}

// openPlace opens a shard where an iterator stands.
func (s *Service) openPlace(p place) (*opened, *shardlog.Iterator, error) {
	o, err := s.openReady(p.stream)
	if err != nil {
		return nil, nil, err
	}
	if o.created.UnixMilli() != p.created {
		return nil, nil, wire.Errorf(codeNotFound, "the ShardIterator is of a stream %s that was deleted", p.stream)
	}
	it, err := s.iterator(o, string(p.shardID()), shardlog.AtSequence(p.next))
	return o, it, err
}

// chunk is what was read of a shard at once.
type chunk struct {
	records []record
	bytes   int
	// next is where reading goes on.
	next shardlog.Sequence
	// behind is the age of the shard's tip compared with the last record, in
	// milliseconds.
	behind int64
	// end tells that the shard is closed and nothing follows.
	end bool
	// lost tells of records that are corrupt on disk.
	lost string
}

// read reads what is there without waiting, at most so much, but a record of any size;
// the next call goes on behind it. Records that are corrupt on disk are left out: their loss is logged and noted, and
// the shard can be read on.
func (s *Service) read(ctx context.Context, it *shardlog.Iterator, most amount, o *opened) (chunk, error) {
	out := chunk{records: []record{}, next: it.Position()}
	encryption := ""
	if o.attrs.KeyID != "" {
		encryption = o.attrs.encryption()
	}
	for len(out.records) < most.records && it.Ready() {
		entries, err := it.Next(ctx, nil)
		switch {
		case errors.Is(err, shardlog.ErrShardEnd):
			out.end = len(out.records) == 0
			return out, nil
		case err != nil && errs.ClassOf(err) == errs.Corruption:
			s.options.Log.Error("records are lost", "error", err)
			out.next, out.lost = it.Position(), err.Error()
			continue
		case err != nil:
			return out, s.unlessShardGone(o, it.ShardID(), errs.Wrap(errs.Resource, err, "reading the log"))
		}
		for _, e := range entries {
			size := len(e.Data) + len(e.PartitionKey)
			if len(out.records) == most.records || len(out.records) > 0 && out.bytes+size > most.bytes {
				it.Back(e.Sequence)
				return s.measured(out, it), nil
			}
			out.bytes += size
			out.records = append(out.records, record{
				SequenceNumber: e.Sequence.String(), ApproximateArrivalTimestamp: wire.Timestamp{Time: time.UnixMilli(e.ArrivalMillis)},
				Data: append([]byte{}, e.Data...), PartitionKey: string(e.PartitionKey), EncryptionType: encryption,
			})
			out.next = e.Sequence
			out.next.Index++
		}
	}
	return s.measured(out, it), nil
}

// measured fills in how far behind the tip the chunk ends: 0 at the tip and only
// there, also where records arrived within a millisecond.
func (s *Service) measured(c chunk, it *shardlog.Iterator) chunk {
	newest, end := it.Tip()
	if c.next.Index >= end {
		return c
	}
	if n := len(c.records); n > 0 {
		c.behind = max(1, newest-c.records[n-1].ApproximateArrivalTimestamp.UnixMilli())
	} else {
		c.behind = max(1, s.options.Now().UnixMilli()-newest)
	}
	return c
}
