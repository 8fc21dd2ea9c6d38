package streams

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/thalweg/thalweg/connectors/shardlog"
	api "github.com/thalweg/thalweg/engine/awsapi/kinesis"
	"github.com/thalweg/thalweg/internal/errs"
)

// Tailing says what to read of a stream.
type Tailing struct {
	Stream string
	From   Start
	// Shard is the only one to read; empty for all.
	Shard string
	// Follow goes on when everything there is has been read.
	Follow bool
	// Limit is the most records to read; 0 for no limit.
	Limit int64
	// Warn is told of records that are lost; may be nil.
	Warn func(text string)
}

// Start is where reading begins.
type Start struct {
	kind     types.ShardIteratorType
	at       time.Time
	sequence string
	shard    string // that the sequence number is of
}

// ParseStart reads earliest, latest, a time (RFC 3339, or without its zone in UTC), a
// duration that leads back from now, or a sequence number.
func ParseStart(text string, now time.Time) (Start, error) {
	switch text {
	case "latest":
		return Start{kind: types.ShardIteratorTypeLatest}, nil
	case "earliest":
		return Start{kind: types.ShardIteratorTypeTrimHorizon}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return Start{kind: types.ShardIteratorTypeAtTimestamp, at: now.Add(-d)}, nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.Parse(form, text); err == nil {
			return Start{kind: types.ShardIteratorTypeAtTimestamp, at: at}, nil
		}
	}
	if s, err := shardlog.ParseSequence(text); err == nil {
		return Start{kind: types.ShardIteratorTypeAtSequenceNumber, sequence: text, shard: string(shardlog.ShardIDOf(s.Shard))}, nil
	}
	return Start{}, errs.Userf("%q is no place in a stream", text).
		WithHint("it is earliest, latest, a time such as 2026-01-31T12:00:00Z, a duration back from now such as 15m, or a sequence number")
}

// errEnough ends reading at the limit.
var errEnough = errors.New("enough")

// Tail gives records one after the other. Those of a shard come in order, and a shard's
// after those of its parents.
func (c *Client) Tail(ctx context.Context, t Tailing, give func(Record) error) error {
	if t.Shard == "" {
		t.Shard = t.From.shard
	}
	first, err := c.firstShards(ctx, t)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	run := &tailRun{client: c, Tailing: t, give: give, cancel: cancel, begun: map[string]bool{}, done: map[string]bool{}}
	run.mu.Lock()
	for _, id := range first {
		run.start(ctx, id, t.From)
	}
	run.mu.Unlock()
	run.readers.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errEnough) {
		return cause
	}
	return nil
}

// firstShards lists the shards to begin with; all others come from them.
func (c *Client) firstShards(ctx context.Context, t Tailing) ([]string, error) {
	if t.Shard != "" {
		return []string{t.Shard}, nil
	}
	filter := &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}
	switch t.From.kind {
	case types.ShardIteratorTypeTrimHorizon:
		filter.Type = types.ShardFilterTypeAtTrimHorizon
	case types.ShardIteratorTypeAtTimestamp:
		filter.Type, filter.Timestamp = types.ShardFilterTypeAtTimestamp, &t.From.at
	}
	shards, err := c.shards(ctx, &kinesis.ListShardsInput{StreamName: &t.Stream, ShardFilter: filter})
	ids := make([]string, len(shards))
	for i, s := range shards {
		ids[i] = s.ID
	}
	return ids, err
}

// tailRun is a Tail under way: a goroutine a shard.
type tailRun struct {
	Tailing
	client  *Client
	cancel  context.CancelCauseFunc
	readers sync.WaitGroup

	// mu guards what follows, and give.
	mu   sync.Mutex
	give func(Record) error
	told int64
	// begun are the shards read or being read, done those read to their end.
	begun, done map[string]bool
}

// start reads a shard; r.mu is held.
func (r *tailRun) start(ctx context.Context, id string, from Start) {
	r.begun[id] = true
	r.readers.Go(func() {
		children, err := r.read(ctx, id, from)
		if err != nil {
			r.cancel(err)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.done[id] = true
		for _, child := range children {
			if r.Shard == "" && r.ready(child) {
				r.start(ctx, *child.ShardId, Start{kind: types.ShardIteratorTypeTrimHorizon})
			}
		}
	})
}

// ready reports whether a shard's turn has come: all its parents have been read. They
// come from the shards that reading began with, which have all keys among them. r.mu
// is held.
func (r *tailRun) ready(child types.ChildShard) bool {
	for _, p := range child.ParentShards {
		if !r.done[p] {
			return false
		}
	}
	return !r.begun[*child.ShardId]
}

// tailPause is how long a reader at the tip waits: Kinesis allows five reads a second.
const tailPause = 250 * time.Millisecond

// read reads a shard to its end, and gives its children.
func (r *tailRun) read(ctx context.Context, id string, from Start) ([]types.ChildShard, error) {
	in := &kinesis.GetShardIteratorInput{StreamName: &r.Stream, ShardId: &id, ShardIteratorType: from.kind}
	if from.kind == types.ShardIteratorTypeAtTimestamp {
		in.Timestamp = &from.at
	}
	if from.sequence != "" {
		in.StartingSequenceNumber = &from.sequence
	}
	it, err := r.client.api.GetShardIterator(ctx, in)
	if err != nil {
		return nil, r.client.explain(err)
	}
	for next := it.ShardIterator; ; {
		out, err := r.client.api.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: next})
		if err != nil {
			return nil, r.client.explain(err)
		}
		r.warn(out)
		if err := r.tell(id, out.Records); err != nil {
			return nil, err
		}
		if next = out.NextShardIterator; next == nil {
			return out.ChildShards, nil
		}
		if len(out.Records) > 0 {
			continue
		}
		if *out.MillisBehindLatest == 0 && !r.Follow {
			return nil, nil
		}
		if err := pause(ctx, tailPause); err != nil {
			return nil, err
		}
	}
}

// warn passes on what the server says of records that are lost.
func (r *tailRun) warn(out *kinesis.GetRecordsOutput) {
	answer, ok := middleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response)
	if !ok || r.Warn == nil {
		return
	}
	if text := answer.Header.Get(api.HeaderLost); text != "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.Warn(text)
	}
}

func (r *tailRun) tell(shard string, records []types.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range records {
		if r.Limit > 0 && r.told == r.Limit {
			return errEnough
		}
		out := Record{Shard: shard, Sequence: *rec.SequenceNumber, Arrival: rec.ApproximateArrivalTimestamp.UTC(), Key: *rec.PartitionKey}
		out.setData(rec.Data)
		if err := r.give(out); err != nil {
			return err
		}
		r.told++
	}
	if r.Limit > 0 && r.told == r.Limit {
		return errEnough
	}
	return nil
}
