package kinesis

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// chunk is what a fetcher hands to its reader.
type chunk struct {
	records []types.Record
	// behind is how far the last record is from the shard's tip, in milliseconds; at
	// 0 nothing had followed when it was fetched.
	behind int64
	at     time.Time
	// end says that the shard has ended behind these records, gone that it is not
	// there any more.
	end, gone bool
	err       error
}

// place is where a fetcher goes on.
type place struct {
	kind     types.ShardIteratorType
	sequence *string
	at       *time.Time
}

func placeOf(p split) place {
	at := place{kind: types.ShardIteratorType(p.Start)}
	if p.Sequence != "" {
		at.sequence = &p.Sequence
	}
	if p.Start == startTime {
		from := time.UnixMilli(p.Millis)
		at.at = &from
	}
	return at
}

func (p *place) after(sequence *string) {
	*p = place{kind: types.ShardIteratorTypeAfterSequenceNumber, sequence: sequence}
}

// fetcher gets records until its context is done; chunks waits for the reader, so
// that no more than two answers lie in memory.
type fetcher struct {
	source *source
	client *kinesis.Client
	shard  string
	place  place
	chunks chan chunk
}

// run fetches. Its last chunk ends the shard or has an error.
func (f *fetcher) run(ctx context.Context) {
	step := f.poll
	if f.source.consumer != "" {
		step = f.subscribe
	}
	var iterator *string
	for {
		err := step(ctx, &iterator)
		switch {
		case ctx.Err() != nil, errors.Is(err, errEnd):
			return
		case code(err) == "ExpiredIteratorException":
			iterator = nil // the place says the same
		case code(err) == "ResourceNotFoundException":
			f.send(ctx, chunk{gone: true, err: f.source.failure(err, "reading "+f.shard+" of")})
			return
		case err != nil:
			f.send(ctx, chunk{err: f.source.failure(err, "reading "+f.shard+" of")})
			return
		}
	}
}

// errEnd ends a fetcher whose last chunk was sent.
var errEnd = errors.New("end of shard")

func (f *fetcher) send(ctx context.Context, c chunk) {
	c.at = time.Now()
	select {
	case f.chunks <- c:
	case <-ctx.Done():
	}
}

// poll asks once for records.
func (f *fetcher) poll(ctx context.Context, iterator **string) error {
	if *iterator == nil {
		in := &kinesis.GetShardIteratorInput{ShardId: &f.shard, ShardIteratorType: f.place.kind, StartingSequenceNumber: f.place.sequence, Timestamp: f.place.at}
		in.StreamName, in.StreamARN = f.source.ref()
		out, err := f.client.GetShardIterator(ctx, in)
		if err != nil {
			return err
		}
		*iterator = out.ShardIterator
	}
	limit := int32(f.source.table.Options.Int(optionFetch))
	out, err := f.client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: *iterator, Limit: &limit})
	if err != nil {
		return err
	}
	*iterator = out.NextShardIterator
	c := chunk{records: out.Records, end: out.NextShardIterator == nil}
	if out.MillisBehindLatest != nil {
		c.behind = *out.MillisBehindLatest
	}
	if n := len(out.Records); n > 0 {
		f.place.after(out.Records[n-1].SequenceNumber)
	}
	f.send(ctx, c)
	switch {
	case c.end:
		return errEnd
	case len(c.records) == 0:
		return pause(ctx, f.source.table.Options.Duration(optionInterval))
	}
	return nil
}

// subscribePause is how long to wait before taking a subscription over.
const subscribePause = time.Second

// subscribe takes the events of one subscription, which lasts five minutes at most.
func (f *fetcher) subscribe(ctx context.Context, _ **string) error {
	// smithy-go 1.28.9 keeps what it decodes of an event in its client: subscriptions
	// at the same time need clients of their own.
	client := kinesis.New(f.client.Options())
	out, err := client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{ConsumerARN: &f.source.consumerARN, ShardId: &f.shard,
		StartingPosition: &types.StartingPosition{Type: f.place.kind, SequenceNumber: f.place.sequence, Timestamp: f.place.at}})
	if code(err) == "ResourceInUseException" || code(err) == "LimitExceededException" {
		// Another one, perhaps of this job before it was restarted, has it for a while.
		return pause(ctx, subscribePause)
	}
	if err != nil {
		return err
	}
	events := out.GetStream()
	defer events.Close()
	for {
		select {
		case event, more := <-events.Events():
			if !more {
				return f.resume(ctx, events.Err())
			}
			e, ok := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent)
			if !ok {
				continue
			}
			c := chunk{records: e.Value.Records, end: len(e.Value.ChildShards) > 0 || e.Value.ContinuationSequenceNumber == nil}
			if e.Value.MillisBehindLatest != nil {
				c.behind = *e.Value.MillisBehindLatest
			}
			if !c.end {
				f.place.after(e.Value.ContinuationSequenceNumber)
			}
			f.send(ctx, c)
			if c.end {
				return errEnd
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// resume decides what the end of a subscription means: unless the stream is gone, the
// next one goes on at the same place.
func (f *fetcher) resume(ctx context.Context, err error) error {
	if code(err) == "ResourceNotFoundException" {
		return err
	}
	if err != nil {
		return pause(ctx, subscribePause)
	}
	return nil
}
