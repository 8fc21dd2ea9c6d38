package kinesis_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/thalweg/thalweg/engine/awsapi/kinesis"
)

const shard0 = "shardId-000000000000"

// TestAnExpiredShardIsNamed reads a shard by an iterator that is still valid, after
// retention took the shard: neither is the stream gone, nor the iterator.
func TestAnExpiredShardIsNamed(t *testing.T) {
	w := newTimedWorld(t)
	w.create("s", 1)
	w.put("s", 0, 3)
	w.now = w.now.Add(time.Hour)
	must(w.client.SplitShard(w.ctx, &sdk.SplitShardInput{StreamName: aws.String("s"), ShardToSplit: aws.String(shard0),
		NewStartingHashKey: aws.String("170141183460469231731687303715884105728")}))
	w.now = w.now.Add(25 * time.Hour)
	iterator := func() (*sdk.GetShardIteratorOutput, error) {
		return w.client.GetShardIterator(w.ctx, &sdk.GetShardIteratorInput{StreamName: aws.String("s"), ShardId: aws.String("shard-0"),
			ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	}
	it := must(iterator())
	must(w.store.Trim())
	w.now = w.now.Add(time.Minute)
	_, getErr := w.client.GetRecords(w.ctx, &sdk.GetRecordsInput{ShardIterator: it.ShardIterator})
	_, iteratorErr := iterator()
	for name, err := range map[string]error{"GetRecords": getErr, "GetShardIterator": iteratorErr} {
		if code(err) != "ResourceNotFoundException" || !strings.HasSuffix(err.Error(), "Shard "+shard0+" in stream s under account 000000000000 does not exist") {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.now = w.now.Add(4 * time.Minute)
	if _, err := w.client.GetRecords(w.ctx, &sdk.GetRecordsInput{ShardIterator: it.ShardIterator}); code(err) != "ExpiredIteratorException" {
		t.Errorf("five minutes on: %v", err)
	}
}

// TestADeletedStreamIsShownUntilItsNameIsFree deletes a stream that takes a while to go.
func TestADeletedStreamIsShownUntilItsNameIsFree(t *testing.T) {
	w := newTimedWorldWith(t, kinesis.Options{Transition: time.Second})
	must(w.client.CreateStream(w.ctx, &sdk.CreateStreamInput{StreamName: aws.String("s"), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}}))
	w.now = w.now.Add(2 * time.Second)
	must(w.client.DeleteStream(w.ctx, &sdk.DeleteStreamInput{StreamName: aws.String("s")}))
	summary := must(w.client.DescribeStreamSummary(w.ctx, &sdk.DescribeStreamSummaryInput{StreamName: aws.String("s")})).StreamDescriptionSummary
	whole := must(w.client.DescribeStream(w.ctx, &sdk.DescribeStreamInput{StreamName: aws.String("s")})).StreamDescription
	for _, d := range []struct {
		status types.StreamStatus
		mode   types.StreamMode
	}{{summary.StreamStatus, summary.StreamModeDetails.StreamMode}, {whole.StreamStatus, whole.StreamModeDetails.StreamMode}} {
		if d.status != types.StreamStatusDeleting || d.mode != types.StreamModeOnDemand {
			t.Errorf("%+v", d)
		}
	}
	_, again := w.client.DeleteStream(w.ctx, &sdk.DeleteStreamInput{StreamName: aws.String("s")})
	_, made := w.client.CreateStream(w.ctx, &sdk.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)})
	if code(again) != "ResourceNotFoundException" || code(made) != "ResourceInUseException" {
		t.Errorf("deleted again: %v; made anew: %v", again, made)
	}
	w.now = w.now.Add(2 * time.Second)
	if _, err := w.client.DescribeStreamSummary(w.ctx, &sdk.DescribeStreamSummaryInput{StreamName: aws.String("s")}); code(err) != "ResourceNotFoundException" {
		t.Errorf("after a while: %v", err)
	}
	w.create("s", 1)
}

// TestParallelLivesOfOneName makes, changes, writes, reads and deletes a stream from
// several clients at once: what comes too late is told so, and nothing is a failure of the
// server's.
func TestParallelLivesOfOneName(t *testing.T) {
	w := newWorld(t)
	name, arn := aws.String("s"), w.arn("s")
	acts := []func() error{
		func() error {
			_, err := w.client.CreateStream(w.ctx, &sdk.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(2)})
			return err
		},
		func() error {
			_, err := w.client.DeleteStream(w.ctx, &sdk.DeleteStreamInput{StreamName: name, EnforceConsumerDeletion: aws.Bool(true)})
			return err
		},
		func() error {
			_, err := w.client.PutRecord(w.ctx, &sdk.PutRecordInput{StreamName: name, Data: []byte("x"), PartitionKey: aws.String("k")})
			return err
		},
		func() error {
			out, err := w.client.PutRecords(w.ctx, &sdk.PutRecordsInput{StreamName: name, Records: []types.PutRecordsRequestEntry{
				{Data: []byte("x"), PartitionKey: aws.String("a")}, {Data: []byte("x"), PartitionKey: aws.String("b")}}})
			if err == nil && *out.FailedRecordCount > 0 {
				return fmt.Errorf("a record failed: %s", *out.Records[0].ErrorMessage)
			}
			return err
		},
		func() error {
			_, err := w.client.UpdateShardCount(w.ctx, &sdk.UpdateShardCountInput{StreamName: name, TargetShardCount: aws.Int32(3), ScalingType: types.ScalingTypeUniformScaling})
			return err
		},
		func() error {
			_, err := w.client.AddTagsToStream(w.ctx, &sdk.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"a": "b"}})
			return err
		},
		func() error {
			_, err := w.client.IncreaseStreamRetentionPeriod(w.ctx, &sdk.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(30)})
			return err
		},
		func() error {
			_, err := w.client.RegisterStreamConsumer(w.ctx, &sdk.RegisterStreamConsumerInput{StreamARN: arn, ConsumerName: aws.String("c")})
			return err
		},
		func() error {
			it, err := w.client.GetShardIterator(w.ctx, &sdk.GetShardIteratorInput{StreamName: name, ShardId: aws.String(shard0), ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
			if err == nil {
				_, err = w.client.GetRecords(w.ctx, &sdk.GetRecordsInput{ShardIterator: it.ShardIterator})
			}
			return err
		},
		func() error {
			_, err := w.client.DescribeStream(w.ctx, &sdk.DescribeStreamInput{StreamName: name})
			return err
		},
	}
	expected := []string{"ResourceNotFoundException", "ResourceInUseException"}
	var clients sync.WaitGroup
	for seed := range uint64(6) {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(seed, 7))
			for range 150 {
				if err := acts[r.IntN(len(acts))](); err != nil && !slices.Contains(expected, code(err)) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	clients.Wait()
}

// TestTokensBelongToTheirListing gives the token of one listing to another.
func TestTokensBelongToTheirListing(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a", "b"} {
		w.create(name, 2)
		for _, c := range []string{"c1", "c2"} {
			must(w.client.RegisterStreamConsumer(w.ctx, &sdk.RegisterStreamConsumerInput{StreamARN: w.arn(name), ConsumerName: &c}))
		}
	}
	streams := must(w.client.ListStreams(w.ctx, &sdk.ListStreamsInput{Limit: aws.Int32(1)})).NextToken
	consumers := must(w.client.ListStreamConsumers(w.ctx, &sdk.ListStreamConsumersInput{StreamARN: w.arn("a"), MaxResults: aws.Int32(1)})).NextToken
	_, shardsErr := w.client.ListShards(w.ctx, &sdk.ListShardsInput{NextToken: streams})
	_, consumersErr := w.client.ListStreamConsumers(w.ctx, &sdk.ListStreamConsumersInput{StreamARN: w.arn("b"), NextToken: consumers})
	for _, err := range []error{shardsErr, consumersErr} {
		if code(err) != "InvalidArgumentException" {
			t.Error(err)
		}
	}
	rest := must(w.client.ListStreamConsumers(w.ctx, &sdk.ListStreamConsumersInput{StreamARN: w.arn("a"), NextToken: consumers}))
	if len(rest.Consumers) != 1 || *rest.Consumers[0].ConsumerName != "c2" {
		t.Errorf("the second page: %+v", rest.Consumers)
	}
}

// TestAConsumersARNIsOfOneLife registers a consumer anew and uses the ARN of the one before.
func TestAConsumersARNIsOfOneLife(t *testing.T) {
	w := newTimedWorld(t)
	w.create("s", 1)
	register := func() *string {
		return must(w.client.RegisterStreamConsumer(w.ctx, &sdk.RegisterStreamConsumerInput{StreamARN: w.arn("s"), ConsumerName: aws.String("c")})).Consumer.ConsumerARN
	}
	old := register()
	must(w.client.DeregisterStreamConsumer(w.ctx, &sdk.DeregisterStreamConsumerInput{ConsumerARN: old}))
	w.now = w.now.Add(2 * time.Second)
	register()
	_, tagErr := w.client.TagResource(w.ctx, &sdk.TagResourceInput{ResourceARN: old, Tags: map[string]string{"a": "b"}})
	_, putErr := w.client.PutResourcePolicy(w.ctx, &sdk.PutResourcePolicyInput{ResourceARN: old, Policy: aws.String("{}")})
	_, getErr := w.client.GetResourcePolicy(w.ctx, &sdk.GetResourcePolicyInput{ResourceARN: old})
	for _, err := range []error{tagErr, putErr, getErr} {
		if code(err) != "ResourceNotFoundException" {
			t.Error(err)
		}
	}
}

// TestShortNamesOfShards are taken wherever a shard is named: one subscription is one.
func TestShortNamesOfShards(t *testing.T) {
	w := newWorld(t)
	w.create("s", 3)
	after := must(w.client.ListShards(w.ctx, &sdk.ListShardsInput{StreamName: aws.String("s"), ExclusiveStartShardId: aws.String("shard-1")}))
	filtered := must(w.client.ListShards(w.ctx, &sdk.ListShardsInput{StreamName: aws.String("s"), ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAfterShardId, ShardId: aws.String("1")}}))
	described := must(w.client.DescribeStream(w.ctx, &sdk.DescribeStreamInput{StreamName: aws.String("s"), ExclusiveStartShardId: aws.String("1")}))
	if len(after.Shards) != 1 || len(filtered.Shards) != 1 || len(described.StreamDescription.Shards) != 1 {
		t.Errorf("behind the second of three: %d, %d and %d", len(after.Shards), len(filtered.Shards), len(described.StreamDescription.Shards))
	}
	consumer := must(w.client.RegisterStreamConsumer(w.ctx, &sdk.RegisterStreamConsumerInput{StreamARN: w.arn("s"), ConsumerName: aws.String("c")})).Consumer
	in := &sdk.SubscribeToShardInput{ConsumerARN: consumer.ConsumerARN, ShardId: aws.String(shard0), StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest}}
	first := must(w.client.SubscribeToShard(w.ctx, in)).GetStream()
	defer first.Close()
	in.ShardId = aws.String("shard-0")
	if _, err := w.client.SubscribeToShard(w.ctx, in); code(err) != "ResourceInUseException" {
		t.Errorf("subscribed twice: %v", err)
	}
}

// TestNumbersThatAreTooLarge has values that are in bounds once they have overflowed, or
// are at the edge of what there is.
func TestNumbersThatAreTooLarge(t *testing.T) {
	w := newWorld(t)
	w.create("s", 1)
	name := aws.String("s")
	_, retention := w.client.IncreaseStreamRetentionPeriod(w.ctx, &sdk.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(5_124_120)})
	_, count := w.client.UpdateShardCount(w.ctx, &sdk.UpdateShardCountInput{StreamName: name, TargetShardCount: aws.Int32(10_001), ScalingType: types.ScalingTypeUniformScaling})
	if code(retention) != "InvalidArgumentException" || code(count) != "LimitExceededException" {
		t.Errorf("retention: %v; shards: %v", retention, count)
	}
	epoch := time.Unix(0, 0)
	if got := must(w.client.ListShards(w.ctx, &sdk.ListShardsInput{StreamName: name, ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: &epoch}})); len(got.Shards) != 1 {
		t.Errorf("%d shards at the epoch", len(got.Shards))
	}
}
