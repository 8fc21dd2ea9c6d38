package kinesis

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	smithy "github.com/aws/smithy-go/middleware"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format"
	"github.com/thalweg/thalweg/internal/errs"
)

// source is the reading side of one table: a split per shard.
type source struct {
	*layout
	splice *format.Splice

	// mu guards client and consumerARN, made at first use.
	mu          sync.Mutex
	client      *kinesis.Client
	consumerARN string
}

var (
	_ connector.Changing     = (*source)(nil)
	_ connector.Rediscoverer = (*source)(nil)
)

func newSource(l *layout) (*source, error) {
	return &source{layout: l, splice: format.NewSplice(l.table.Schema, l.table.Beside)}, nil
}

// Apply implements connector.Source: every projection is done while decoding.
func (s *source) Apply(p connector.Pushdown) (connector.Applied, error) {
	columns := p.Columns
	if columns == nil {
		columns = s.table.Schema
	}
	s.splice = format.NewSplice(columns, s.table.Beside)
	return connector.Applied{Columns: true, Filters: make([]bool, len(p.Filters))}, nil
}

// Changes implements connector.Changing.
func (s *source) Changes() connector.SinkMode { return s.records.Changes() }

// Bounded implements connector.Source.
func (s *source) Bounded() bool { return s.bound != boundNever }

// DiscoverEvery implements connector.Rediscoverer.
func (s *source) DiscoverEvery() time.Duration {
	if s.bound == boundLatest {
		return 0
	}
	return s.table.Options.Duration(optionDiscovery)
}

// connect makes the client.
func (s *source) connect(ctx context.Context) (*kinesis.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	client, err := s.newClient(ctx)
	s.client = client
	return client, err
}

// Discover implements connector.Source. Start and end of a split are resolved when
// it is found, so that a restart before the first checkpoint reads the same.
func (s *source) Discover(ctx context.Context, known []connector.SplitID, _ int) ([]connector.Split, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	have := make(map[connector.SplitID]bool, len(known))
	for _, id := range known {
		have[id] = true
	}
	// Asked only where there is a new shard, which is seldom.
	spread := sync.OnceValue(func() bool { return !s.keepAggregated && s.spreads(ctx, client) })
	var out []connector.Split
	err = s.listShards(ctx, client, func(page *kinesis.ListShardsOutput) {
		now := clockOf(page.ResultMetadata)
		for _, shard := range page.Shards {
			if have[connector.SplitID(*shard.ShardId)] {
				continue
			}
			p := s.splitOf(shard, now, len(known) == 0)
			if !spread() {
				p.First, p.Last = *shard.HashKeyRange.StartingHashKey, *shard.HashKeyRange.EndingHashKey
			}
			out = append(out, connector.Split{ID: connector.SplitID(p.Shard), Payload: p.encode(), Parents: parentsOf(shard)})
		}
	})
	return out, err
}

// clock is the present, as this process and as the server see it: the server's clock
// tells whole seconds.
type clock struct{ early, late time.Time }

// dateSlack is how far the server's answers' date may lie behind its clock.
const dateSlack = time.Second

// clockOf reads the clocks. early is not in the server's future, late not in its past.
func clockOf(metadata smithy.Metadata) clock {
	now := time.Now()
	c := clock{now, now}
	if server, ok := middleware.GetServerTime(metadata); ok {
		if server.Add(dateSlack).Before(now) {
			c.early = server
		}
		if server.After(now) {
			c.late = server.Add(dateSlack)
		}
	}
	return c
}

// splitOf says what is read of a shard. Those that came by resharding while the job ran
// are read whole.
func (s *source) splitOf(shard types.Shard, now clock, first bool) split {
	p := split{Version: splitVersion, Shard: *shard.ShardId, Start: startEarliest}
	closed := shard.SequenceNumberRange.EndingSequenceNumber != nil
	if first {
		switch s.start.position {
		case startLatest:
			p.Start, p.Millis = startTime, now.early.UnixMilli()
			if closed {
				p.Start = ""
			}
		case startTime:
			p.Start, p.Millis = startTime, s.start.at.UnixMilli()
		case startSequence:
			if number, ok := s.start.sequences[p.Shard]; ok {
				p.Start, p.Sequence = startSequence, number
			}
		}
	}
	switch s.bound {
	case boundLatest:
		p.EndMillis = now.late.UnixMilli()
	case boundTime:
		p.EndMillis = s.table.Options.Int(optionBoundMillis)
	}
	return p
}

func parentsOf(shard types.Shard) (out []connector.SplitID) {
	for _, parent := range []*string{shard.ParentShardId, shard.AdjacentParentShardId} {
		if parent != nil {
			out = append(out, connector.SplitID(*parent))
		}
	}
	return out
}

// Open implements connector.Source.
func (s *source) Open(ctx context.Context, sp connector.Split, position []byte, env connector.ReaderEnv) (connector.Reader, error) {
	if position == nil {
		position = sp.Payload
	}
	p, err := decodeSplit(position)
	if err != nil {
		return nil, err
	}
	client, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	if s.consumer != "" {
		if err := s.register(ctx, client); err != nil {
			return nil, err
		}
	}
	d, err := newDecoding(s, p, env)
	if err != nil {
		return nil, err
	}
	return startReader(s, client, d), nil
}

// registerPause is how often a consumer's state is looked at.
const registerPause = 500 * time.Millisecond

// register finds the consumer of enhanced fan-out, or makes it, and waits until it is
// ACTIVE.
func (s *source) register(ctx context.Context, client *kinesis.Client) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consumerARN != "" {
		return nil
	}
	arn, err := s.findARN(ctx, client)
	if err != nil {
		return err
	}
	for {
		found, err := client.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{StreamARN: &arn, ConsumerName: &s.consumer})
		switch {
		case err == nil && found.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive:
			s.consumerARN = *found.ConsumerDescription.ConsumerARN
			return nil
		case code(err) == "ResourceNotFoundException" && s.table.Options.String(optionLifecycle) == lifecycleJob:
			_, err = client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: &arn, ConsumerName: &s.consumer})
			if err != nil && code(err) != "ResourceInUseException" {
				return s.failure(err, "registering the consumer "+s.consumer+" of")
			}
		case err != nil:
			return s.failure(err, "looking for the consumer "+s.consumer+" of")
		}
		if err := pause(ctx, registerPause); err != nil {
			return err
		}
	}
}

func (s *source) findARN(ctx context.Context, client *kinesis.Client) (string, error) {
	if s.arn != "" {
		return s.arn, nil
	}
	out, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &s.stream})
	if err != nil {
		return "", s.failure(err, "describing")
	}
	if out.StreamDescriptionSummary == nil || out.StreamDescriptionSummary.StreamARN == nil {
		return "", errs.Resourcef("table '%s': the stream %s has no ARN", s.table.Name, s.stream)
	}
	return *out.StreamDescriptionSummary.StreamARN, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
