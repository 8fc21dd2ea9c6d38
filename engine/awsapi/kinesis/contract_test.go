package kinesis_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// contract is what AWS's client may expect of an action: an answer, and a typed error.
type contract struct {
	happy, refused func(w *contractWorld) error
	code           string
}

// contractWorld has a stream s with two shards, a consumer and three records, and an
// on-demand stream o with a channel.
type contractWorld struct {
	*world
	s, none, shard    *string
	consumer, channel *string
}

const noChannel = "arn:aws:kinesis:eu-west-1:000000000000:channel/none:1"

func newContractWorld(t *testing.T) *contractWorld {
	w := &contractWorld{world: newWorld(t), s: aws.String("s"), none: aws.String("none"), shard: aws.String("shardId-000000000000")}
	w.create("s", 2)
	w.put("s", 0, 3)
	must(w.client.CreateStream(w.ctx, &kinesis.CreateStreamInput{StreamName: aws.String("o"), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}}))
	w.consumer = must(w.client.RegisterStreamConsumer(w.ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: w.arn("s"), ConsumerName: aws.String("c")})).Consumer.ConsumerARN
	w.channel = must(w.client.CreateChannel(w.ctx, w.newChannel("ch", "o"))).ChannelDescription.ChannelARN
	return w
}

func (w *contractWorld) newChannel(name, stream string) *kinesis.CreateChannelInput {
	return &kinesis.CreateChannelInput{
		ChannelName: &name, ServiceExecutionRoleARN: aws.String("arn:aws:iam::000000000000:role/r"),
		StreamConfigurationList: []types.ChannelStreamConfiguration{{StreamARN: w.arn(stream), RecordConfiguration: &types.RecordConfiguration{RecordFormatType: types.RecordFormatTypeJson}}},
		S3DestinationConfiguration: &types.S3DestinationConfiguration{StorageConfiguration: &types.S3StorageConfiguration{
			BucketARN: aws.String("arn:aws:s3:::b"), ExpectedBucketOwner: aws.String("000000000000"), CompressionType: types.S3CompressionTypeGzip}},
	}
}

func (w *contractWorld) iterator() *string {
	return must(w.client.GetShardIterator(w.ctx, &kinesis.GetShardIteratorInput{StreamName: w.s, ShardId: w.shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})).ShardIterator
}

// wants is err, or that an answer is not as it should be.
func wants(err error, ok bool, answer any) error {
	if err == nil && !ok {
		return fmt.Errorf("the answer is %+v", answer)
	}
	return err
}

// TestEveryActionAnswersAndRefuses calls each action twice with AWS's own client: once as
// it should be called, and once as it should not.
func TestEveryActionAnswersAndRefuses(t *testing.T) {
	contracts := map[string]contract{}
	for _, family := range []map[string]contract{
		streamContracts(), recordContracts(), reshardContracts(), consumerContracts(), flagContracts(), keepingContracts(), tagContracts(),
		resourceTagContracts(), accountContracts(), channelContracts(),
	} {
		maps.Copy(contracts, family)
	}
	for _, action := range service(t).Actions() {
		t.Run(action, func(t *testing.T) {
			c, ok := contracts[action]
			if !ok {
				t.Fatal("no contract")
			}
			w := newContractWorld(t)
			if err := c.refused(w); code(err) != c.code {
				t.Errorf("refused with %v, not with %s", err, c.code)
			}
			if err := c.happy(w); err != nil {
				t.Error(err)
			}
		})
	}
	if len(contracts) != len(service(t).Actions()) {
		t.Errorf("%d contracts", len(contracts))
	}
}

func streamContracts() map[string]contract {
	const notFound = "ResourceNotFoundException"
	return map[string]contract{
		"CreateStream": {
			func(w *contractWorld) error {
				_, err := w.client.CreateStream(w.ctx, &kinesis.CreateStreamInput{StreamName: aws.String("new"), ShardCount: aws.Int32(3), Tags: map[string]string{"a": "1"}})
				d := must(w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("new")}))
				return wants(err, *d.StreamDescriptionSummary.OpenShardCount == 3, d)
			},
			func(w *contractWorld) error {
				_, err := w.client.CreateStream(w.ctx, &kinesis.CreateStreamInput{StreamName: w.s, ShardCount: aws.Int32(1)})
				return err
			}, "ResourceInUseException",
		},
		"DeleteStream": {
			func(w *contractWorld) error {
				_, err := w.client.DeleteStream(w.ctx, &kinesis.DeleteStreamInput{StreamName: w.s, EnforceConsumerDeletion: aws.Bool(true)})
				l := must(w.client.ListStreams(w.ctx, &kinesis.ListStreamsInput{}))
				return wants(err, slices.Equal(l.StreamNames, []string{"o"}), l)
			},
			func(w *contractWorld) error {
				_, err := w.client.DeleteStream(w.ctx, &kinesis.DeleteStreamInput{StreamName: w.s})
				return err
			}, "ResourceInUseException",
		},
		"DescribeStream": {
			func(w *contractWorld) error {
				d, err := w.client.DescribeStream(w.ctx, &kinesis.DescribeStreamInput{StreamName: w.s})
				return wants(err, err == nil && len(d.StreamDescription.Shards) == 2 && *d.StreamDescription.StreamARN == *w.arn("s"), d)
			},
			func(w *contractWorld) error {
				_, err := w.client.DescribeStream(w.ctx, &kinesis.DescribeStreamInput{StreamName: w.none})
				return err
			}, notFound,
		},
		"DescribeStreamSummary": {
			func(w *contractWorld) error {
				d, err := w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: w.arn("s")})
				return wants(err, err == nil && *d.StreamDescriptionSummary.ConsumerCount == 1, d)
			},
			func(w *contractWorld) error {
				_, err := w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: w.arn("none")})
				return err
			}, notFound,
		},
		"ListStreams": {
			func(w *contractWorld) error {
				l, err := w.client.ListStreams(w.ctx, &kinesis.ListStreamsInput{Limit: aws.Int32(1)})
				return wants(err, err == nil && len(l.StreamNames) == 1 && *l.HasMoreStreams, l)
			},
			func(w *contractWorld) error {
				_, err := w.client.ListStreams(w.ctx, &kinesis.ListStreamsInput{Limit: aws.Int32(0)})
				return err
			}, "ValidationException",
		},
		"ListShards": {
			func(w *contractWorld) error {
				l, err := w.client.ListShards(w.ctx, &kinesis.ListShardsInput{StreamName: w.s, ExclusiveStartShardId: w.shard})
				return wants(err, err == nil && len(l.Shards) == 1, l)
			},
			func(w *contractWorld) error {
				_, err := w.client.ListShards(w.ctx, &kinesis.ListShardsInput{NextToken: aws.String("garbage")})
				return err
			}, "InvalidArgumentException",
		},
	}
}

func recordContracts() map[string]contract {
	return map[string]contract{
		"PutRecord": {
			func(w *contractWorld) error {
				out, err := w.client.PutRecord(w.ctx, &kinesis.PutRecordInput{StreamName: w.s, Data: []byte("x"), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String("0")})
				return wants(err, err == nil && *out.ShardId == *w.shard && out.SequenceNumber != nil, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.PutRecord(w.ctx, &kinesis.PutRecordInput{StreamName: w.s, Data: []byte("x"), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String("-1")})
				return err
			}, "ValidationException",
		},
		"PutRecords": {
			func(w *contractWorld) error {
				out, err := w.client.PutRecords(w.ctx, &kinesis.PutRecordsInput{StreamName: w.s, Records: []types.PutRecordsRequestEntry{{Data: []byte("x"), PartitionKey: aws.String("k")}}})
				return wants(err, err == nil && *out.FailedRecordCount == 0 && len(out.Records) == 1, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.PutRecords(w.ctx, &kinesis.PutRecordsInput{StreamName: w.none, Records: []types.PutRecordsRequestEntry{{Data: []byte("x"), PartitionKey: aws.String("k")}}})
				return err
			}, "ResourceNotFoundException",
		},
		"GetShardIterator": {
			func(w *contractWorld) error {
				if w.iterator() == nil {
					return fmt.Errorf("no iterator")
				}
				return nil
			},
			func(w *contractWorld) error {
				_, err := w.client.GetShardIterator(w.ctx, &kinesis.GetShardIteratorInput{StreamName: w.s, ShardId: aws.String("shardId-000000000009"), ShardIteratorType: types.ShardIteratorTypeLatest})
				return err
			}, "ResourceNotFoundException",
		},
		"GetRecords": {
			func(w *contractWorld) error {
				out, err := w.client.GetRecords(w.ctx, &kinesis.GetRecordsInput{ShardIterator: w.iterator()})
				return wants(err, err == nil && out.NextShardIterator != nil && out.MillisBehindLatest != nil, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.GetRecords(w.ctx, &kinesis.GetRecordsInput{ShardIterator: aws.String("garbage")})
				return err
			}, "InvalidArgumentException",
		},
	}
}

func reshardContracts() map[string]contract {
	const half = "85070591730234615865843651857942052864" // of the first shard's keys
	return map[string]contract{
		"SplitShard": {
			func(w *contractWorld) error {
				_, err := w.client.SplitShard(w.ctx, &kinesis.SplitShardInput{StreamName: w.s, ShardToSplit: w.shard, NewStartingHashKey: aws.String(half)})
				l := must(w.client.ListShards(w.ctx, &kinesis.ListShardsInput{StreamName: w.s}))
				return wants(err, len(l.Shards) == 4 && *l.Shards[3].ParentShardId == *w.shard, l)
			},
			func(w *contractWorld) error {
				_, err := w.client.SplitShard(w.ctx, &kinesis.SplitShardInput{StreamName: w.s, ShardToSplit: w.shard, NewStartingHashKey: aws.String("1")})
				return err
			}, "InvalidArgumentException",
		},
		"MergeShards": {
			func(w *contractWorld) error {
				_, err := w.client.MergeShards(w.ctx, &kinesis.MergeShardsInput{StreamName: w.s, ShardToMerge: w.shard, AdjacentShardToMerge: aws.String("shardId-000000000001")})
				l := must(w.client.ListShards(w.ctx, &kinesis.ListShardsInput{StreamName: w.s}))
				return wants(err, len(l.Shards) == 3 && l.Shards[2].AdjacentParentShardId != nil, l)
			},
			func(w *contractWorld) error {
				_, err := w.client.MergeShards(w.ctx, &kinesis.MergeShardsInput{StreamName: w.s, ShardToMerge: w.shard, AdjacentShardToMerge: w.shard})
				return err
			}, "InvalidArgumentException",
		},
		"UpdateShardCount": {
			func(w *contractWorld) error {
				out, err := w.client.UpdateShardCount(w.ctx, &kinesis.UpdateShardCountInput{StreamName: w.s, TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling})
				return wants(err, err == nil && *out.CurrentShardCount == 2 && *out.TargetShardCount == 4, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.UpdateShardCount(w.ctx, &kinesis.UpdateShardCountInput{StreamName: w.s, TargetShardCount: aws.Int32(5), ScalingType: types.ScalingTypeUniformScaling})
				return err
			}, "InvalidArgumentException",
		},
		"UpdateStreamMode": {
			func(w *contractWorld) error {
				_, err := w.client.UpdateStreamMode(w.ctx, &kinesis.UpdateStreamModeInput{StreamARN: w.arn("s"), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}})
				d := must(w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: w.s}))
				return wants(err, d.StreamDescriptionSummary.StreamModeDetails.StreamMode == types.StreamModeOnDemand, d)
			},
			func(w *contractWorld) error {
				_, err := w.client.UpdateStreamMode(w.ctx, &kinesis.UpdateStreamModeInput{StreamARN: w.arn("none"), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}})
				return err
			}, "ResourceNotFoundException",
		},
		"UpdateStreamWarmThroughput": {
			func(w *contractWorld) error {
				out, err := w.client.UpdateStreamWarmThroughput(w.ctx, &kinesis.UpdateStreamWarmThroughputInput{StreamARN: w.arn("o"), WarmThroughputMiBps: aws.Int32(5)})
				return wants(err, err == nil && *out.WarmThroughput.TargetMiBps == 5, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.UpdateStreamWarmThroughput(w.ctx, &kinesis.UpdateStreamWarmThroughputInput{StreamARN: w.arn("s"), WarmThroughputMiBps: aws.Int32(5)})
				return err
			}, "ValidationException",
		},
		"UpdateStreamRecordDistributionStrategy": {
			func(w *contractWorld) error {
				_, err := w.client.UpdateStreamRecordDistributionStrategy(w.ctx, &kinesis.UpdateStreamRecordDistributionStrategyInput{StreamARN: w.arn("s"), RecordDistributionStrategy: types.RecordDistributionStrategyAuto})
				d := must(w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: w.s}))
				return wants(err, d.StreamDescriptionSummary.RecordDistributionStrategy == types.RecordDistributionStrategyAuto, d)
			},
			func(w *contractWorld) error {
				_, err := w.client.UpdateStreamRecordDistributionStrategy(w.ctx, &kinesis.UpdateStreamRecordDistributionStrategyInput{StreamARN: w.arn("s"), RecordDistributionStrategy: "SOMEHOW"})
				return err
			}, "ValidationException",
		},
	}
}
