package streams

import (
	"context"
	"math/big"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// Stream is a stream as it is shown.
type Stream struct {
	Name           string    `json:"name"`
	ARN            string    `json:"arn"`
	Status         string    `json:"status"`
	Mode           string    `json:"mode"`
	Shards         int32     `json:"shards"`
	RetentionHours int32     `json:"retention_hours"`
	Consumers      int32     `json:"consumers"`
	Created        time.Time `json:"created"`
}

// Shard is a shard as it is shown.
type Shard struct {
	ID        string   `json:"id"`
	Open      bool     `json:"open"`
	Parents   []string `json:"parents,omitempty"`
	FirstHash string   `json:"first_hash_key"`
	LastHash  string   `json:"last_hash_key"`
	Starting  string   `json:"starting_sequence_number"`
	Ending    string   `json:"ending_sequence_number,omitempty"`
}

// middle is the first hash key of the upper half of the shard's, in decimal.
func (s Shard) middle() string {
	first, _ := new(big.Int).SetString(s.FirstHash, 10)
	last, _ := new(big.Int).SetString(s.LastHash, 10)
	if first == nil || last == nil {
		return ""
	}
	sum := first.Add(first, last)
	return sum.Rsh(sum.Add(sum, big.NewInt(1)), 1).String()
}

// Share is the part of all hash keys that the shard has.
func (s Shard) Share() float64 {
	first, _ := new(big.Float).SetString(s.FirstHash)
	last, _ := new(big.Float).SetString(s.LastHash)
	if first == nil || last == nil {
		return 0
	}
	width, _ := last.Sub(last, first).Float64()
	const all = 1 << 63 * 2.0 * (1 << 63) * 2.0 // 2^128
	return width / all
}

// Names lists the names of all streams.
func (c *Client) Names(ctx context.Context) ([]string, error) {
	var names []string
	in := &kinesis.ListStreamsInput{}
	for {
		out, err := c.api.ListStreams(ctx, in)
		if err != nil {
			return nil, c.explain(err)
		}
		names = append(names, out.StreamNames...)
		if !*out.HasMoreStreams || len(out.StreamNames) == 0 {
			return names, nil
		}
		in.ExclusiveStartStreamName = aws.String(names[len(names)-1])
	}
}

// List describes all streams.
func (c *Client) List(ctx context.Context) ([]Stream, error) {
	names, err := c.Names(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Stream, 0, len(names))
	for _, name := range names {
		s, err := c.Describe(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Describe describes a stream.
func (c *Client) Describe(ctx context.Context, name string) (Stream, error) {
	s, err := c.summary(ctx, name)
	if err != nil {
		return Stream{}, err
	}
	out := Stream{Name: *s.StreamName, ARN: *s.StreamARN, Status: string(s.StreamStatus), Mode: string(types.StreamModeProvisioned),
		Shards: *s.OpenShardCount, RetentionHours: *s.RetentionPeriodHours, Created: s.StreamCreationTimestamp.UTC()}
	if s.StreamModeDetails != nil {
		out.Mode = string(s.StreamModeDetails.StreamMode)
	}
	if s.ConsumerCount != nil {
		out.Consumers = *s.ConsumerCount
	}
	return out, nil
}

// Shards lists the shards of a stream, closed ones too.
func (c *Client) Shards(ctx context.Context, name string) ([]Shard, error) {
	return c.shards(ctx, &kinesis.ListShardsInput{StreamName: &name})
}

func (c *Client) shards(ctx context.Context, in *kinesis.ListShardsInput) ([]Shard, error) {
	var all []Shard
	for {
		out, err := c.api.ListShards(ctx, in)
		if err != nil {
			return nil, c.explain(err)
		}
		for _, s := range out.Shards {
			all = append(all, shardOf(s))
		}
		if out.NextToken == nil {
			return all, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

func shardOf(s types.Shard) Shard {
	out := Shard{ID: *s.ShardId, FirstHash: *s.HashKeyRange.StartingHashKey, LastHash: *s.HashKeyRange.EndingHashKey,
		Starting: *s.SequenceNumberRange.StartingSequenceNumber, Open: s.SequenceNumberRange.EndingSequenceNumber == nil}
	if !out.Open {
		out.Ending = *s.SequenceNumberRange.EndingSequenceNumber
	}
	for _, p := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
		if p != nil {
			out.Parents = append(out.Parents, *p)
		}
	}
	return out
}
