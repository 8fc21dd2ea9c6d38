package streams

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/thalweg/thalweg/internal/errs"
)

// Creation is what a new stream is to be.
type Creation struct {
	Name     string
	Shards   int
	OnDemand bool
	// Retention is how long records are kept; 0 for the default, a day.
	Retention time.Duration
	RecordKiB int // 0 for the default
	Tags      map[string]string
}

// Create makes a stream and waits until it can be used.
func (c *Client) Create(ctx context.Context, n Creation) error {
	in := &kinesis.CreateStreamInput{StreamName: &n.Name, Tags: n.Tags}
	if n.OnDemand {
		in.StreamModeDetails = &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}
	} else {
		in.ShardCount = aws.Int32(int32(n.Shards))
	}
	if n.RecordKiB != 0 {
		in.MaxRecordSizeInKiB = aws.Int32(int32(n.RecordKiB))
	}
	if _, err := c.api.CreateStream(ctx, in); err != nil {
		return c.explain(err)
	}
	if err := c.await(ctx, n.Name); err != nil || n.Retention == 0 {
		return err
	}
	return c.Retain(ctx, n.Name, n.Retention)
}

// awaitEvery is how often a stream's state is looked at.
const awaitEvery = 200 * time.Millisecond

// await waits until a stream is ACTIVE.
func (c *Client) await(ctx context.Context, name string) error {
	for {
		s, err := c.summary(ctx, name)
		if err != nil {
			return err
		}
		if s.StreamStatus == types.StreamStatusActive {
			return nil
		}
		if err := pause(ctx, awaitEvery); err != nil {
			return err
		}
	}
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

func (c *Client) summary(ctx context.Context, name string) (*types.StreamDescriptionSummary, error) {
	out, err := c.api.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
	if err != nil {
		return nil, c.explain(err)
	}
	return out.StreamDescriptionSummary, nil
}

// Retain changes how long a stream keeps its records.
func (c *Client) Retain(ctx context.Context, name string, d time.Duration) error {
	if d < time.Hour || d%time.Hour != 0 {
		return errs.Userf("a retention of %s is not possible", d).WithHint("it is a number of whole hours, such as 48h, from 24h to 8760h")
	}
	now, err := c.summary(ctx, name)
	if err != nil {
		return err
	}
	hours := aws.Int32(int32(d / time.Hour))
	if *hours >= *now.RetentionPeriodHours {
		_, err = c.api.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: &name, RetentionPeriodHours: hours})
	} else {
		_, err = c.api.DecreaseStreamRetentionPeriod(ctx, &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: &name, RetentionPeriodHours: hours})
	}
	if err != nil {
		return c.explain(err)
	}
	return c.await(ctx, name)
}

// Delete removes a stream and its records; with force also one that has registered
// consumers.
func (c *Client) Delete(ctx context.Context, name string, force bool) error {
	_, err := c.api.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &name, EnforceConsumerDeletion: &force})
	return c.explain(err)
}

// Split splits a shard: at a hash key, in decimal, or in the middle if it is empty.
func (c *Client) Split(ctx context.Context, name, shard, at string) error {
	if at == "" {
		shards, err := c.Shards(ctx, name)
		if err != nil {
			return err
		}
		for _, s := range shards {
			if s.ID == shard {
				at = s.middle()
			}
		}
		if at == "" {
			return errs.Userf("stream %s has no shard %s", name, shard).WithHint("`thalweg stream describe %s` lists them", name)
		}
	}
	_, err := c.api.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: &name, ShardToSplit: &shard, NewStartingHashKey: &at})
	if err != nil {
		return c.explain(err)
	}
	return c.await(ctx, name)
}

// Merge merges two neighbouring shards.
func (c *Client) Merge(ctx context.Context, name, first, second string) error {
	_, err := c.api.MergeShards(ctx, &kinesis.MergeShardsInput{StreamName: &name, ShardToMerge: &first, AdjacentShardToMerge: &second})
	if err != nil {
		return c.explain(err)
	}
	return c.await(ctx, name)
}

// Scale changes the number of open shards. A call can at most double or halve it, so
// it takes as many steps as need be and tells each.
func (c *Client) Scale(ctx context.Context, name string, target int, tell func(string)) error {
	for {
		now, err := c.summary(ctx, name)
		if err != nil {
			return err
		}
		open := int(*now.OpenShardCount)
		if open == target {
			return nil
		}
		step := min(max(target, (open+1)/2), 2*open)
		tell(fmt.Sprintf("%d shards → %d", open, step))
		_, err = c.api.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{StreamName: &name,
			TargetShardCount: aws.Int32(int32(step)), ScalingType: types.ScalingTypeUniformScaling})
		if err != nil {
			return c.explain(err)
		}
		if err := c.await(ctx, name); err != nil {
			return err
		}
	}
}
