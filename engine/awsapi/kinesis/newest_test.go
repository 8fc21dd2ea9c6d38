package kinesis_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

func (w *world) arn(name string) *string {
	return aws.String("arn:aws:kinesis:eu-west-1:000000000000:stream/" + name)
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestAccountSettings(t *testing.T) {
	w := newWorld(t)
	d, err := w.client.DescribeAccountSettings(w.ctx, &kinesis.DescribeAccountSettingsInput{})
	if err != nil || d.MinimumThroughputBillingCommitment.Status != "DISABLED" {
		t.Fatalf("at first %+v, %v", d, err)
	}
	for _, step := range []struct{ set, want string }{{"ENABLED", "ENABLED"}, {"DISABLED", "ENABLED_UNTIL_EARLIEST_ALLOWED_END"}} {
		_, err := w.client.UpdateAccountSettings(w.ctx, &kinesis.UpdateAccountSettingsInput{MinimumThroughputBillingCommitment: &types.MinimumThroughputBillingCommitmentInput{
			Status: types.MinimumThroughputBillingCommitmentInputStatus(step.set)}})
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.client.DescribeAccountSettings(w.ctx, &kinesis.DescribeAccountSettingsInput{})
		if err != nil || string(d.MinimumThroughputBillingCommitment.Status) != step.want || d.MinimumThroughputBillingCommitment.StartedAt == nil {
			t.Errorf("after %s: %+v, %v", step.set, d.MinimumThroughputBillingCommitment, err)
		}
	}
}

func TestWarmThroughputGivesShards(t *testing.T) {
	w := newWorld(t)
	w.create("provisioned", 1)
	_, err := w.client.UpdateStreamWarmThroughput(w.ctx, &kinesis.UpdateStreamWarmThroughputInput{StreamName: aws.String("provisioned"), WarmThroughputMiBps: aws.Int32(4)})
	if code(err) != "ValidationException" {
		t.Errorf("of a provisioned stream: %v", err)
	}
	_, err = w.client.CreateStream(w.ctx, &kinesis.CreateStreamInput{StreamName: aws.String("s"), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.client.UpdateStreamWarmThroughput(w.ctx, &kinesis.UpdateStreamWarmThroughputInput{StreamARN: w.arn("s"), WarmThroughputMiBps: aws.Int32(7)})
	if err != nil || *out.WarmThroughput.TargetMiBps != 7 || *out.WarmThroughput.CurrentMiBps != 7 {
		t.Fatalf("%+v, %v", out, err)
	}
	d, err := w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
	if err != nil || *d.StreamDescriptionSummary.OpenShardCount != 7 || *d.StreamDescriptionSummary.WarmThroughput.TargetMiBps != 7 {
		t.Errorf("%+v, %v", d.StreamDescriptionSummary, err)
	}
}

// TestAutoDistributionSpreadsOneKey puts records of one key, and some without any,
// into a stream that spreads them itself.
func TestAutoDistributionSpreadsOneKey(t *testing.T) {
	w := newWorld(t)
	w.create("s", 4)
	put := func(key *string) (shards map[string]bool, err error) {
		in := &kinesis.PutRecordsInput{StreamName: aws.String("s")}
		for range 100 {
			in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: []byte("x"), PartitionKey: key})
		}
		out, err := w.client.PutRecords(w.ctx, in)
		if err != nil {
			return nil, err
		}
		shards = map[string]bool{}
		for _, r := range out.Records {
			shards[*r.ShardId] = true
		}
		return shards, nil
	}
	if shards, err := put(aws.String("k")); err != nil || len(shards) != 1 {
		t.Errorf("by key: %v, %v", shards, err)
	}
	_, err := w.client.UpdateStreamRecordDistributionStrategy(w.ctx, &kinesis.UpdateStreamRecordDistributionStrategyInput{
		StreamARN: w.arn("s"), RecordDistributionStrategy: types.RecordDistributionStrategyAuto})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []*string{aws.String("k"), nil} {
		if shards, err := put(key); err != nil || len(shards) != 4 {
			t.Errorf("spread: %v, %v", shards, err)
		}
	}
	d, err := w.client.DescribeStreamSummary(w.ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
	if err != nil || d.StreamDescriptionSummary.RecordDistributionStrategy != types.RecordDistributionStrategyAuto {
		t.Errorf("%+v, %v", d.StreamDescriptionSummary, err)
	}
	if st, err := w.store.Stream("s"); err != nil || !st.Annotations().Spread {
		t.Errorf("the log was not told: %v", err)
	}
}

// TestChannels keeps channels and gives them back; their state says that nothing
// delivers them.
func TestChannels(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.CreateStream(w.ctx, &kinesis.CreateStreamInput{StreamName: aws.String("s"), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}})
	if err != nil {
		t.Fatal(err)
	}
	in := &kinesis.CreateChannelInput{ChannelName: aws.String("c"), Tags: map[string]string{"a": "1"}, ServiceExecutionRoleARN: aws.String("arn:aws:iam::000000000000:role/r"),
		StreamConfigurationList: []types.ChannelStreamConfiguration{{StreamARN: w.arn("s"), RecordConfiguration: &types.RecordConfiguration{RecordFormatType: types.RecordFormatTypeJson}}},
		S3DestinationConfiguration: &types.S3DestinationConfiguration{StorageConfiguration: &types.S3StorageConfiguration{BucketARN: aws.String("arn:aws:s3:::b"),
			ExpectedBucketOwner: aws.String("000000000000"), CompressionType: types.S3CompressionTypeGzip}}}
	c, err := w.client.CreateChannel(w.ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	arn := c.ChannelDescription.ChannelARN
	if reason := c.ChannelDescription.ChannelStatusReason; reason == nil || !strings.Contains(*reason, "does not deliver") || c.ChannelDescription.LoggingConfiguration == nil {
		t.Errorf("made as %+v", c.ChannelDescription)
	}
	if c.ChannelDescription.ChannelStatus != types.ChannelStatusFailed || *c.ChannelDescription.S3DestinationConfiguration.DataFreshnessInSeconds != 300 {
		t.Errorf("made as %+v", c.ChannelDescription)
	}
	if _, err := w.client.CreateChannel(w.ctx, in); code(err) != "ResourceInUseException" {
		t.Errorf("made twice: %v", err)
	}
	_, err = w.client.UpdateChannel(w.ctx, &kinesis.UpdateChannelInput{ChannelARN: arn, S3DestinationConfiguration: &types.S3DestinationUpdateInput{DataFreshnessInSeconds: aws.Int32(60)}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.client.DescribeChannel(w.ctx, &kinesis.DescribeChannelInput{ChannelARN: arn})
	if err != nil || *d.ChannelDescription.S3DestinationConfiguration.DataFreshnessInSeconds != 60 {
		t.Errorf("described as %+v, %v", d, err)
	}
	l, err := w.client.ListChannels(w.ctx, &kinesis.ListChannelsInput{StreamFilter: []types.StreamFilter{{StreamARN: w.arn("s")}}})
	if err != nil || len(l.ChannelSummaries) != 1 || *l.ChannelSummaries[0].Streams[0].StreamARN != *w.arn("s") {
		t.Errorf("listed as %+v, %v", l, err)
	}
	must(w.client.TagResource(w.ctx, &kinesis.TagResourceInput{ResourceARN: arn, Tags: map[string]string{"b": "2"}}))
	must(w.client.UntagResource(w.ctx, &kinesis.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"a"}}))
	tags := must(w.client.ListTagsForResource(w.ctx, &kinesis.ListTagsForResourceInput{ResourceARN: arn})).Tags
	if len(tags) != 1 || *tags[0].Key != "b" {
		t.Errorf("tagged %v", tags)
	}
	_, err = w.client.TagResource(w.ctx, &kinesis.TagResourceInput{ResourceARN: aws.String(*arn + "x"), Tags: map[string]string{"b": "2"}})
	if code(err) != "ResourceNotFoundException" {
		t.Errorf("another channel is tagged: %v", err)
	}
	if _, err := w.client.DeleteChannel(w.ctx, &kinesis.DeleteChannelInput{ChannelARN: arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.DescribeChannel(w.ctx, &kinesis.DescribeChannelInput{ChannelARN: arn}); code(err) != "ResourceNotFoundException" {
		t.Errorf("deleted: %v", err)
	}
}
