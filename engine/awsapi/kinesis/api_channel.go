package kinesis

import "github.com/thalweg/thalweg/engine/awsapi/wire"

type createChannelInput struct {
	ChannelName             *string              `json:"ChannelName" aws:"required;len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	ServiceExecutionRoleARN *string              `json:"ServiceExecutionRoleARN" aws:"required;len=1..2048"`
	StreamConfigurationList []channelStream      `json:"StreamConfigurationList" aws:"required;len=1.."`
	S3                      *s3Destination       `json:"S3DestinationConfiguration,omitempty"`
	S3Tables                *s3TablesDestination `json:"S3TablesDestinationConfiguration,omitempty"`
	EncryptionConfiguration *channelEncryption   `json:"EncryptionConfiguration,omitempty"`
	LoggingConfiguration    *channelLogging      `json:"LoggingConfiguration,omitempty"`
	Tags                    map[string]string    `json:"Tags,omitempty" aws:"len=0..200"`
}

type channelStream struct {
	StreamARN               *string              `json:"StreamARN" aws:"required;len=1..2048"`
	StreamCreationTimestamp *wire.Timestamp      `json:"StreamCreationTimestamp,omitempty"`
	RecordConfiguration     *recordConfiguration `json:"RecordConfiguration,omitempty"`
}

type recordConfiguration struct {
	RecordFormatType *string `json:"RecordFormatType" aws:"required;enum=GSR_JSON|JSON|STRING|BYTE_ARRAY"`
	GSRSchemaARN     *string `json:"GSRSchemaARN,omitempty"`
}

type s3Destination struct {
	StorageConfiguration           *s3Storage  `json:"StorageConfiguration" aws:"required"`
	DataFreshnessInSeconds         *int64      `json:"DataFreshnessInSeconds,omitempty" aws:"value=0.."`
	DeadLetterQueueS3Configuration *deadLetter `json:"DeadLetterQueueS3Configuration,omitempty"`
}

type s3Storage struct {
	BucketARN           *string `json:"BucketARN" aws:"required"`
	CompressionType     *string `json:"CompressionType" aws:"required;enum=NONE|GZIP|ZSTD"`
	ExpectedBucketOwner *string `json:"ExpectedBucketOwner" aws:"required"`
	OutputKeyTemplate   *string `json:"OutputKeyTemplate,omitempty"`
	StorageClass        *string `json:"StorageClass,omitempty" aws:"enum=STANDARD|INTELLIGENT_TIERING|GLACIER_IR"`
}

type deadLetter struct {
	BucketARN           *string `json:"BucketARN" aws:"required"`
	ExpectedBucketOwner *string `json:"ExpectedBucketOwner,omitempty"`
	ErrorOutputPrefix   *string `json:"ErrorOutputPrefix,omitempty"`
}

type s3TablesDestination struct {
	DeadLetterQueueS3Configuration *deadLetter `json:"DeadLetterQueueS3Configuration" aws:"required"`
	S3TablesConfigurationList      []s3Table   `json:"S3TablesConfigurationList" aws:"required;len=1.."`
	DataFreshnessInSeconds         *int64      `json:"DataFreshnessInSeconds,omitempty" aws:"value=0.."`
}

type s3Table struct {
	CompressionType *string        `json:"CompressionType,omitempty" aws:"enum=NONE|ZSTD|SNAPPY"`
	Namespace       *string        `json:"Namespace" aws:"required"`
	TableBucketARN  *string        `json:"TableBucketARN" aws:"required"`
	TableName       *string        `json:"TableName" aws:"required"`
	PartitionSpec   *partitionSpec `json:"PartitionSpec,omitempty"`
}

type partitionSpec struct {
	PartitionFields []partitionField `json:"PartitionFields,omitempty"`
}

type partitionField struct {
	SourceName *string `json:"SourceName" aws:"required"`
	Transform  *string `json:"Transform" aws:"required;enum=TIME_HOUR"`
}

type channelEncryption struct {
	EncryptionType *string `json:"EncryptionType" aws:"required;enum=KMS"`
	KeyId          *string `json:"KeyId,omitempty" aws:"len=1..2048"`
}

type channelLogging struct {
	CloudWatchLogs *cloudWatchLogs `json:"CloudWatchLogs,omitempty"`
}

type cloudWatchLogs struct {
	Enabled       *bool   `json:"Enabled,omitempty"`
	LogGroupName  *string `json:"LogGroupName,omitempty"`
	LogStreamName *string `json:"LogStreamName,omitempty"`
}

type channelRef struct {
	ChannelARN *string `json:"ChannelARN" aws:"required;len=1..2048"`
}

type channelFreshness struct {
	DataFreshnessInSeconds *int64 `json:"DataFreshnessInSeconds,omitempty" aws:"value=0.."`
}

type updateChannelInput struct {
	ChannelARN           *string           `json:"ChannelARN" aws:"required;len=1..2048"`
	LoggingConfiguration *channelLogging   `json:"LoggingConfiguration,omitempty"`
	S3                   *channelFreshness `json:"S3DestinationConfiguration,omitempty"`
	S3Tables             *channelFreshness `json:"S3TablesDestinationConfiguration,omitempty"`
}

type channelDescription struct {
	ChannelARN               string               `json:"ChannelARN"`
	ChannelId                string               `json:"ChannelId"`
	ChannelName              string               `json:"ChannelName"`
	ChannelStatus            string               `json:"ChannelStatus"`
	ChannelStatusReason      string               `json:"ChannelStatusReason,omitempty"`
	ChannelCreationTimestamp wire.Timestamp       `json:"ChannelCreationTimestamp"`
	ServiceExecutionRoleARN  *string              `json:"ServiceExecutionRoleARN"`
	StreamConfigurationList  []channelStream      `json:"StreamConfigurationList"`
	LoggingConfiguration     *channelLogging      `json:"LoggingConfiguration,omitempty"`
	EncryptionConfiguration  *channelEncryption   `json:"EncryptionConfiguration,omitempty"`
	S3                       *s3Destination       `json:"S3DestinationConfiguration,omitempty"`
	S3Tables                 *s3TablesDestination `json:"S3TablesDestinationConfiguration,omitempty"`
}

type channelOutput struct {
	ChannelDescription channelDescription `json:"ChannelDescription"`
}

type streamFilter struct {
	StreamARN               *string         `json:"StreamARN" aws:"required;len=1..2048"`
	StreamCreationTimestamp *wire.Timestamp `json:"StreamCreationTimestamp,omitempty"`
}

type listChannelsInput struct {
	MaxResults   *int64         `json:"MaxResults,omitempty" aws:"value=1..100"`
	NextToken    *string        `json:"NextToken,omitempty" aws:"len=1..1048576"`
	StreamFilter []streamFilter `json:"StreamFilter,omitempty"`
}

type channelIdentifier struct {
	StreamARN               string          `json:"StreamARN"`
	StreamCreationTimestamp *wire.Timestamp `json:"StreamCreationTimestamp,omitempty"`
}

type channelSummary struct {
	ChannelARN               string              `json:"ChannelARN"`
	ChannelId                string              `json:"ChannelId"`
	ChannelName              string              `json:"ChannelName"`
	ChannelStatus            string              `json:"ChannelStatus"`
	ChannelStatusReason      string              `json:"ChannelStatusReason,omitempty"`
	ChannelCreationTimestamp wire.Timestamp      `json:"ChannelCreationTimestamp"`
	ChannelDestinationType   string              `json:"ChannelDestinationType"`
	Streams                  []channelIdentifier `json:"Streams"`
}

type listChannelsOutput struct {
	ChannelSummaries []channelSummary `json:"ChannelSummaries"`
	NextToken        string           `json:"NextToken,omitempty"`
}
