package kinesis_test

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// The contracts of actions that are about what stands beside records: consumers, flags,
// tags, policies, settings and channels.

func consumerContracts() map[string]contract {
	return map[string]contract{
		"RegisterStreamConsumer": {
			func(w *contractWorld) error {
				out, err := w.client.RegisterStreamConsumer(w.ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: w.arn("s"), ConsumerName: aws.String("new")})
				return wants(err, err == nil && *out.Consumer.ConsumerName == "new", out)
			},
			func(w *contractWorld) error {
				_, err := w.client.RegisterStreamConsumer(w.ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: w.arn("s"), ConsumerName: aws.String("c")})
				return err
			}, "ResourceInUseException",
		},
		"DescribeStreamConsumer": {
			func(w *contractWorld) error {
				out, err := w.client.DescribeStreamConsumer(w.ctx, &kinesis.DescribeStreamConsumerInput{StreamARN: w.arn("s"), ConsumerName: aws.String("c")})
				return wants(err, err == nil && *out.ConsumerDescription.ConsumerARN == *w.consumer && out.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.DescribeStreamConsumer(w.ctx, &kinesis.DescribeStreamConsumerInput{StreamARN: w.arn("s"), ConsumerName: aws.String("none")})
				return err
			}, "ResourceNotFoundException",
		},
		"ListStreamConsumers": {
			func(w *contractWorld) error {
				out, err := w.client.ListStreamConsumers(w.ctx, &kinesis.ListStreamConsumersInput{StreamARN: w.arn("s")})
				return wants(err, err == nil && len(out.Consumers) == 1, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.ListStreamConsumers(w.ctx, &kinesis.ListStreamConsumersInput{StreamARN: w.arn("none")})
				return err
			}, "ResourceNotFoundException",
		},
		"DeregisterStreamConsumer": {
			func(w *contractWorld) error {
				_, err := w.client.DeregisterStreamConsumer(w.ctx, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: w.consumer})
				l := must(w.client.ListStreamConsumers(w.ctx, &kinesis.ListStreamConsumersInput{StreamARN: w.arn("s")}))
				return wants(err, len(l.Consumers) == 0, l)
			},
			func(w *contractWorld) error {
				_, err := w.client.DeregisterStreamConsumer(w.ctx, &kinesis.DeregisterStreamConsumerInput{StreamARN: w.arn("s"), ConsumerName: aws.String("none")})
				return err
			}, "ResourceNotFoundException",
		},
		"SubscribeToShard": {
			func(w *contractWorld) error {
				out, err := w.client.SubscribeToShard(w.ctx, &kinesis.SubscribeToShardInput{ConsumerARN: w.consumer, ShardId: w.shard, StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon}})
				if err != nil {
					return err
				}
				defer out.GetStream().Close()
				e, ok := (<-out.GetStream().Events()).(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent)
				return wants(nil, ok && e.Value.ContinuationSequenceNumber != nil, e)
			},
			func(w *contractWorld) error {
				_, err := w.client.SubscribeToShard(w.ctx, &kinesis.SubscribeToShardInput{ConsumerARN: w.consumer, ShardId: aws.String("shardId-000000000009"), StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest}})
				return err
			}, "ResourceNotFoundException",
		},
	}
}

func flagContracts() map[string]contract {
	metrics := []types.MetricsName{types.MetricsNameIncomingBytes}
	return map[string]contract{
		"EnableEnhancedMonitoring": {
			func(w *contractWorld) error {
				out, err := w.client.EnableEnhancedMonitoring(w.ctx, &kinesis.EnableEnhancedMonitoringInput{StreamName: w.s, ShardLevelMetrics: metrics})
				return wants(err, err == nil && len(out.CurrentShardLevelMetrics) == 0 && slices.Equal(out.DesiredShardLevelMetrics, metrics), out)
			},
			func(w *contractWorld) error {
				_, err := w.client.EnableEnhancedMonitoring(w.ctx, &kinesis.EnableEnhancedMonitoringInput{StreamName: w.s, ShardLevelMetrics: []types.MetricsName{"Luck"}})
				return err
			}, "ValidationException",
		},
		"DisableEnhancedMonitoring": {
			func(w *contractWorld) error {
				must(w.client.EnableEnhancedMonitoring(w.ctx, &kinesis.EnableEnhancedMonitoringInput{StreamName: w.s, ShardLevelMetrics: metrics}))
				out, err := w.client.DisableEnhancedMonitoring(w.ctx, &kinesis.DisableEnhancedMonitoringInput{StreamName: w.s, ShardLevelMetrics: []types.MetricsName{types.MetricsNameAll}})
				return wants(err, err == nil && slices.Equal(out.CurrentShardLevelMetrics, metrics) && len(out.DesiredShardLevelMetrics) == 0, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.DisableEnhancedMonitoring(w.ctx, &kinesis.DisableEnhancedMonitoringInput{StreamName: w.none, ShardLevelMetrics: metrics})
				return err
			}, "ResourceNotFoundException",
		},
		"StartStreamEncryption": {
			func(w *contractWorld) error {
				_, err := w.client.StartStreamEncryption(w.ctx, &kinesis.StartStreamEncryptionInput{StreamName: w.s, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/aws/kinesis")})
				d := must(w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: w.s})).StreamDescriptionSummary
				return wants(err, d.EncryptionType == types.EncryptionTypeKms && *d.KeyId == "alias/aws/kinesis", d)
			},
			func(w *contractWorld) error {
				_, err := w.client.StartStreamEncryption(w.ctx, &kinesis.StartStreamEncryptionInput{StreamName: w.s, EncryptionType: "ROT13", KeyId: aws.String("alias/aws/kinesis")})
				return err
			}, "ValidationException",
		},
		"StopStreamEncryption": {
			func(w *contractWorld) error {
				must(w.client.StartStreamEncryption(w.ctx, &kinesis.StartStreamEncryptionInput{StreamName: w.s, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/aws/kinesis")}))
				_, err := w.client.StopStreamEncryption(w.ctx, &kinesis.StopStreamEncryptionInput{StreamName: w.s, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/aws/kinesis")})
				d := must(w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: w.s})).StreamDescriptionSummary
				return wants(err, d.EncryptionType == types.EncryptionTypeNone, d)
			},
			func(w *contractWorld) error {
				_, err := w.client.StopStreamEncryption(w.ctx, &kinesis.StopStreamEncryptionInput{StreamName: w.none, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("k")})
				return err
			}, "ResourceNotFoundException",
		},
	}
}

func keepingContracts() map[string]contract {
	return map[string]contract{
		"IncreaseStreamRetentionPeriod": {
			func(w *contractWorld) error {
				_, err := w.client.IncreaseStreamRetentionPeriod(w.ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: w.s, RetentionPeriodHours: aws.Int32(8760)})
				d := must(w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: w.s})).StreamDescriptionSummary
				return wants(err, *d.RetentionPeriodHours == 8760, d)
			},
			func(w *contractWorld) error {
				_, err := w.client.IncreaseStreamRetentionPeriod(w.ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: w.s, RetentionPeriodHours: aws.Int32(23)})
				return err
			}, "InvalidArgumentException",
		},
		"DecreaseStreamRetentionPeriod": {
			func(w *contractWorld) error {
				must(w.client.IncreaseStreamRetentionPeriod(w.ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: w.s, RetentionPeriodHours: aws.Int32(72)}))
				_, err := w.client.DecreaseStreamRetentionPeriod(w.ctx, &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: w.s, RetentionPeriodHours: aws.Int32(48)})
				d := must(w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: w.s})).StreamDescriptionSummary
				return wants(err, *d.RetentionPeriodHours == 48, d)
			},
			func(w *contractWorld) error {
				_, err := w.client.DecreaseStreamRetentionPeriod(w.ctx, &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: w.s, RetentionPeriodHours: aws.Int32(48)})
				return err
			}, "InvalidArgumentException",
		},
		"UpdateMaxRecordSize": {
			func(w *contractWorld) error {
				_, err := w.client.UpdateMaxRecordSize(w.ctx, &kinesis.UpdateMaxRecordSizeInput{StreamARN: w.arn("s"), MaxRecordSizeInKiB: aws.Int32(2048)})
				_, put := w.client.PutRecord(w.ctx, &kinesis.PutRecordInput{StreamName: w.s, Data: make([]byte, 2<<20-1), PartitionKey: aws.String("k")})
				return wants(err, put == nil, put)
			},
			func(w *contractWorld) error {
				_, err := w.client.UpdateMaxRecordSize(w.ctx, &kinesis.UpdateMaxRecordSizeInput{StreamARN: w.arn("s"), MaxRecordSizeInKiB: aws.Int32(1)})
				return err
			}, "ValidationException",
		},
	}
}

func tagContracts() map[string]contract {
	tags := map[string]string{"a": "1"}
	return map[string]contract{
		"AddTagsToStream": {
			func(w *contractWorld) error {
				_, err := w.client.AddTagsToStream(w.ctx, &kinesis.AddTagsToStreamInput{StreamName: w.s, Tags: tags})
				l := must(w.client.ListTagsForStream(w.ctx, &kinesis.ListTagsForStreamInput{StreamName: w.s}))
				return wants(err, len(l.Tags) == 1 && *l.Tags[0].Value == "1", l)
			},
			func(w *contractWorld) error {
				_, err := w.client.AddTagsToStream(w.ctx, &kinesis.AddTagsToStreamInput{StreamName: w.none, Tags: tags})
				return err
			}, "ResourceNotFoundException",
		},
		"RemoveTagsFromStream": {
			func(w *contractWorld) error {
				must(w.client.AddTagsToStream(w.ctx, &kinesis.AddTagsToStreamInput{StreamName: w.s, Tags: tags}))
				_, err := w.client.RemoveTagsFromStream(w.ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: w.s, TagKeys: []string{"a"}})
				l := must(w.client.ListTagsForStream(w.ctx, &kinesis.ListTagsForStreamInput{StreamName: w.s}))
				return wants(err, len(l.Tags) == 0, l)
			},
			func(w *contractWorld) error {
				_, err := w.client.RemoveTagsFromStream(w.ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: w.none, TagKeys: []string{"a"}})
				return err
			}, "ResourceNotFoundException",
		},
		"ListTagsForStream": {
			func(w *contractWorld) error {
				l, err := w.client.ListTagsForStream(w.ctx, &kinesis.ListTagsForStreamInput{StreamName: w.s})
				return wants(err, err == nil && !*l.HasMoreTags, l)
			},
			func(w *contractWorld) error {
				_, err := w.client.ListTagsForStream(w.ctx, &kinesis.ListTagsForStreamInput{StreamName: w.none})
				return err
			}, "ResourceNotFoundException",
		},
	}
}

func resourceTagContracts() map[string]contract {
	tags := map[string]string{"a": "1"}
	return map[string]contract{
		"TagResource": {
			func(w *contractWorld) error {
				_, err := w.client.TagResource(w.ctx, &kinesis.TagResourceInput{ResourceARN: w.consumer, Tags: tags})
				return err
			},
			func(w *contractWorld) error {
				_, err := w.client.TagResource(w.ctx, &kinesis.TagResourceInput{ResourceARN: w.arn("none"), Tags: tags})
				return err
			}, "ResourceNotFoundException",
		},
		"UntagResource": {
			func(w *contractWorld) error {
				must(w.client.TagResource(w.ctx, &kinesis.TagResourceInput{ResourceARN: w.arn("s"), Tags: tags}))
				_, err := w.client.UntagResource(w.ctx, &kinesis.UntagResourceInput{ResourceARN: w.arn("s"), TagKeys: []string{"a"}})
				l := must(w.client.ListTagsForResource(w.ctx, &kinesis.ListTagsForResourceInput{ResourceARN: w.arn("s")}))
				return wants(err, len(l.Tags) == 0, l)
			},
			func(w *contractWorld) error {
				_, err := w.client.UntagResource(w.ctx, &kinesis.UntagResourceInput{ResourceARN: w.arn("none"), TagKeys: []string{"a"}})
				return err
			}, "ResourceNotFoundException",
		},
		"ListTagsForResource": {
			func(w *contractWorld) error {
				must(w.client.TagResource(w.ctx, &kinesis.TagResourceInput{ResourceARN: w.consumer, Tags: tags}))
				l, err := w.client.ListTagsForResource(w.ctx, &kinesis.ListTagsForResourceInput{ResourceARN: w.consumer})
				return wants(err, err == nil && len(l.Tags) == 1, l)
			},
			func(w *contractWorld) error {
				_, err := w.client.ListTagsForResource(w.ctx, &kinesis.ListTagsForResourceInput{ResourceARN: w.arn("none")})
				return err
			}, "ResourceNotFoundException",
		},
	}
}

func accountContracts() map[string]contract {
	policy := aws.String(`{"Version":"2012-10-17","Statement":[]}`)
	return map[string]contract{
		"PutResourcePolicy": {
			func(w *contractWorld) error {
				_, err := w.client.PutResourcePolicy(w.ctx, &kinesis.PutResourcePolicyInput{ResourceARN: w.arn("s"), Policy: policy})
				g := must(w.client.GetResourcePolicy(w.ctx, &kinesis.GetResourcePolicyInput{ResourceARN: w.arn("s")}))
				return wants(err, *g.Policy == *policy, g)
			},
			func(w *contractWorld) error {
				_, err := w.client.PutResourcePolicy(w.ctx, &kinesis.PutResourcePolicyInput{ResourceARN: w.arn("none"), Policy: policy})
				return err
			}, "ResourceNotFoundException",
		},
		"GetResourcePolicy": {
			func(w *contractWorld) error {
				must(w.client.PutResourcePolicy(w.ctx, &kinesis.PutResourcePolicyInput{ResourceARN: w.consumer, Policy: policy}))
				g, err := w.client.GetResourcePolicy(w.ctx, &kinesis.GetResourcePolicyInput{ResourceARN: w.consumer})
				return wants(err, err == nil && *g.Policy == *policy, g)
			},
			func(w *contractWorld) error {
				_, err := w.client.GetResourcePolicy(w.ctx, &kinesis.GetResourcePolicyInput{ResourceARN: w.arn("none")})
				return err
			}, "ResourceNotFoundException",
		},
		"DeleteResourcePolicy": {
			func(w *contractWorld) error {
				must(w.client.PutResourcePolicy(w.ctx, &kinesis.PutResourcePolicyInput{ResourceARN: w.arn("s"), Policy: policy}))
				_, err := w.client.DeleteResourcePolicy(w.ctx, &kinesis.DeleteResourcePolicyInput{ResourceARN: w.arn("s")})
				return err
			},
			func(w *contractWorld) error {
				_, err := w.client.DeleteResourcePolicy(w.ctx, &kinesis.DeleteResourcePolicyInput{ResourceARN: w.arn("s")})
				return err
			}, "ResourceNotFoundException",
		},
		"DescribeLimits": {
			func(w *contractWorld) error {
				out, err := w.client.DescribeLimits(w.ctx, &kinesis.DescribeLimitsInput{})
				return wants(err, err == nil && *out.OnDemandStreamCount == 1 && *out.ShardLimit >= *out.OpenShardCount, out)
			},
			unsigned(func(w *contractWorld, c *kinesis.Client) error {
				_, err := c.DescribeLimits(w.ctx, &kinesis.DescribeLimitsInput{})
				return err
			}), "UnrecognizedClientException",
		},
		"DescribeAccountSettings": {
			func(w *contractWorld) error {
				out, err := w.client.DescribeAccountSettings(w.ctx, &kinesis.DescribeAccountSettingsInput{})
				return wants(err, err == nil && out.MinimumThroughputBillingCommitment != nil, out)
			},
			unsigned(func(w *contractWorld, c *kinesis.Client) error {
				_, err := c.DescribeAccountSettings(w.ctx, &kinesis.DescribeAccountSettingsInput{})
				return err
			}), "UnrecognizedClientException",
		},
		"UpdateAccountSettings": {
			func(w *contractWorld) error {
				_, err := w.client.UpdateAccountSettings(w.ctx, &kinesis.UpdateAccountSettingsInput{MinimumThroughputBillingCommitment: &types.MinimumThroughputBillingCommitmentInput{Status: "ENABLED"}})
				return err
			},
			func(w *contractWorld) error {
				_, err := w.client.UpdateAccountSettings(w.ctx, &kinesis.UpdateAccountSettingsInput{MinimumThroughputBillingCommitment: &types.MinimumThroughputBillingCommitmentInput{Status: "PERHAPS"}})
				return err
			}, "ValidationException",
		},
	}
}

// unsigned calls with credentials that the server does not know: actions that take
// nothing have no other way to be refused.
func unsigned(call func(w *contractWorld, c *kinesis.Client) error) func(w *contractWorld) error {
	return func(w *contractWorld) error {
		o := w.client.Options()
		o.Credentials = credentials.NewStaticCredentialsProvider("STRANGER", "secret", "")
		return call(w, kinesis.New(o))
	}
}

func channelContracts() map[string]contract {
	return map[string]contract{
		"CreateChannel": {
			func(w *contractWorld) error {
				out, err := w.client.CreateChannel(w.ctx, w.newChannel("new", "o"))
				return wants(err, err == nil && *out.ChannelDescription.ChannelName == "new", out)
			},
			func(w *contractWorld) error {
				_, err := w.client.CreateChannel(w.ctx, w.newChannel("new", "none"))
				return err
			}, "ResourceNotFoundException",
		},
		"DescribeChannel": {
			func(w *contractWorld) error {
				out, err := w.client.DescribeChannel(w.ctx, &kinesis.DescribeChannelInput{ChannelARN: w.channel})
				return wants(err, err == nil && *out.ChannelDescription.ChannelARN == *w.channel, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.DescribeChannel(w.ctx, &kinesis.DescribeChannelInput{ChannelARN: aws.String(noChannel)})
				return err
			}, "ResourceNotFoundException",
		},
		"UpdateChannel": {
			func(w *contractWorld) error {
				out, err := w.client.UpdateChannel(w.ctx, &kinesis.UpdateChannelInput{ChannelARN: w.channel, S3DestinationConfiguration: &types.S3DestinationUpdateInput{DataFreshnessInSeconds: aws.Int32(60)}})
				return wants(err, err == nil && *out.ChannelDescription.S3DestinationConfiguration.DataFreshnessInSeconds == 60, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.UpdateChannel(w.ctx, &kinesis.UpdateChannelInput{ChannelARN: aws.String(noChannel), S3DestinationConfiguration: &types.S3DestinationUpdateInput{DataFreshnessInSeconds: aws.Int32(60)}})
				return err
			}, "ResourceNotFoundException",
		},
		"ListChannels": {
			func(w *contractWorld) error {
				out, err := w.client.ListChannels(w.ctx, &kinesis.ListChannelsInput{})
				return wants(err, err == nil && len(out.ChannelSummaries) == 1, out)
			},
			func(w *contractWorld) error {
				_, err := w.client.ListChannels(w.ctx, &kinesis.ListChannelsInput{NextToken: aws.String("garbage")})
				return err
			}, "InvalidArgumentException",
		},
		"DeleteChannel": {
			func(w *contractWorld) error {
				_, err := w.client.DeleteChannel(w.ctx, &kinesis.DeleteChannelInput{ChannelARN: w.channel})
				l := must(w.client.ListChannels(w.ctx, &kinesis.ListChannelsInput{}))
				return wants(err, len(l.ChannelSummaries) == 0, l)
			},
			func(w *contractWorld) error {
				_, err := w.client.DeleteChannel(w.ctx, &kinesis.DeleteChannelInput{ChannelARN: aws.String(noChannel)})
				return err
			}, "ResourceNotFoundException",
		},
	}
}
