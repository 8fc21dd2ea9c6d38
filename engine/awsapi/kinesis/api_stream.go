package kinesis

import "github.com/thalweg/thalweg/engine/awsapi/wire"

// streamRef names a stream by name or ARN; both together are allowed.
type streamRef struct {
	StreamName *string `json:"StreamName,omitempty" aws:"len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	StreamARN  *string `json:"StreamARN,omitempty" aws:"len=1..2048"`
}

type streamMode struct {
	StreamMode *string `json:"StreamMode,omitempty" aws:"required;enum=PROVISIONED|ON_DEMAND"`
}

type createStreamInput struct {
	StreamName          *string           `json:"StreamName" aws:"required;len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	ShardCount          *int64            `json:"ShardCount,omitempty" aws:"value=1.."`
	StreamModeDetails   *streamMode       `json:"StreamModeDetails,omitempty"`
	Tags                map[string]string `json:"Tags,omitempty" aws:"len=0..200"`
	MaxRecordSizeInKiB  *int64            `json:"MaxRecordSizeInKiB,omitempty" aws:"value=1024..10240"`
	WarmThroughputMiBps *int64            `json:"WarmThroughputMiBps,omitempty" aws:"value=0.."`

	RecordDistributionStrategy *string `json:"RecordDistributionStrategy,omitempty" aws:"enum=USER_PARTITION_KEY|AUTO"`
}

type deleteStreamInput struct {
	streamRef
	EnforceConsumerDeletion bool `json:"EnforceConsumerDeletion,omitempty"`
}

type describeStreamInput struct {
	streamRef
	Limit                 *int64  `json:"Limit,omitempty" aws:"value=1..10000"`
	ExclusiveStartShardId *string `json:"ExclusiveStartShardId,omitempty" aws:"len=1..128;pattern=[a-zA-Z0-9_.-]+"`
}

type describeStreamOutput struct {
	StreamDescription streamDescription `json:"StreamDescription"`
}

type streamDescription struct {
	StreamName              string            `json:"StreamName"`
	StreamARN               string            `json:"StreamARN"`
	StreamStatus            string            `json:"StreamStatus"`
	StreamModeDetails       streamMode        `json:"StreamModeDetails"`
	Shards                  []shard           `json:"Shards"`
	HasMoreShards           bool              `json:"HasMoreShards"`
	RetentionPeriodHours    int64             `json:"RetentionPeriodHours"`
	StreamCreationTimestamp wire.Timestamp    `json:"StreamCreationTimestamp"`
	EnhancedMonitoring      []enhancedMetrics `json:"EnhancedMonitoring"`
	EncryptionType          string            `json:"EncryptionType"`
	KeyId                   string            `json:"KeyId,omitempty"`
}

type enhancedMetrics struct {
	ShardLevelMetrics []string `json:"ShardLevelMetrics"`
}

type describeStreamSummaryOutput struct {
	StreamDescriptionSummary streamSummary `json:"StreamDescriptionSummary"`
}

// streamSummary has no StreamId: KCL and KPL would send it back on later calls.
type streamSummary struct {
	StreamName              string            `json:"StreamName"`
	StreamARN               string            `json:"StreamARN"`
	StreamStatus            string            `json:"StreamStatus"`
	StreamModeDetails       streamMode        `json:"StreamModeDetails"`
	RetentionPeriodHours    int64             `json:"RetentionPeriodHours"`
	StreamCreationTimestamp wire.Timestamp    `json:"StreamCreationTimestamp"`
	EnhancedMonitoring      []enhancedMetrics `json:"EnhancedMonitoring"`
	EncryptionType          string            `json:"EncryptionType"`
	KeyId                   string            `json:"KeyId,omitempty"`
	OpenShardCount          int64             `json:"OpenShardCount"`
	ConsumerCount           int64             `json:"ConsumerCount"`
	MaxRecordSizeInKiB      int64             `json:"MaxRecordSizeInKiB"`
	ChannelCount            int64             `json:"ChannelCount"`
	WarmThroughput          *warmThroughput   `json:"WarmThroughput,omitempty"`

	RecordDistributionStrategy string `json:"RecordDistributionStrategy"`
}

type listStreamsInput struct {
	Limit                    *int64  `json:"Limit,omitempty" aws:"value=1..10000"`
	ExclusiveStartStreamName *string `json:"ExclusiveStartStreamName,omitempty" aws:"len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	NextToken                *string `json:"NextToken,omitempty" aws:"len=1..1048576"`
}

type listStreamsOutput struct {
	StreamNames     []string       `json:"StreamNames"`
	HasMoreStreams  bool           `json:"HasMoreStreams"`
	NextToken       string         `json:"NextToken,omitempty"`
	StreamSummaries []streamListed `json:"StreamSummaries"`
}

type streamListed struct {
	StreamName              string         `json:"StreamName"`
	StreamARN               string         `json:"StreamARN"`
	StreamStatus            string         `json:"StreamStatus"`
	StreamModeDetails       streamMode     `json:"StreamModeDetails"`
	StreamCreationTimestamp wire.Timestamp `json:"StreamCreationTimestamp"`
}

type retentionInput struct {
	streamRef
	RetentionPeriodHours *int64 `json:"RetentionPeriodHours" aws:"required"`
}

type monitoringInput struct {
	streamRef
	ShardLevelMetrics []string `json:"ShardLevelMetrics" aws:"required;len=1..7;enum=IncomingBytes|IncomingRecords|OutgoingBytes|OutgoingRecords|WriteProvisionedThroughputExceeded|ReadProvisionedThroughputExceeded|IteratorAgeMilliseconds|ALL"`
}

type monitoringOutput struct {
	StreamName               string   `json:"StreamName"`
	StreamARN                string   `json:"StreamARN"`
	CurrentShardLevelMetrics []string `json:"CurrentShardLevelMetrics"`
	DesiredShardLevelMetrics []string `json:"DesiredShardLevelMetrics"`
}

type encryptionInput struct {
	streamRef
	EncryptionType *string `json:"EncryptionType" aws:"required;enum=NONE|KMS"`
	KeyId          *string `json:"KeyId" aws:"required;len=1..2048"`
}

type maxRecordSizeInput struct {
	StreamARN          *string `json:"StreamARN,omitempty" aws:"len=1..2048"`
	MaxRecordSizeInKiB *int64  `json:"MaxRecordSizeInKiB" aws:"required;value=1024..10240"`
}

type describeLimitsOutput struct {
	ShardLimit               int64 `json:"ShardLimit"`
	OpenShardCount           int64 `json:"OpenShardCount"`
	OnDemandStreamCount      int64 `json:"OnDemandStreamCount"`
	OnDemandStreamCountLimit int64 `json:"OnDemandStreamCountLimit"`
	ChannelCount             int64 `json:"ChannelCount"`
	ChannelCountLimit        int64 `json:"ChannelCountLimit"`
}

// none is an input or output without members.
type none struct{}
