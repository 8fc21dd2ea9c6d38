package kinesis

import "github.com/thalweg/thalweg/engine/awsapi/wire"

type registerConsumerInput struct {
	StreamARN    *string           `json:"StreamARN" aws:"required;len=1..2048"`
	ConsumerName *string           `json:"ConsumerName" aws:"required;len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	Tags         map[string]string `json:"Tags,omitempty" aws:"len=0..200"`
}

type registerConsumerOutput struct {
	Consumer consumerDescription `json:"Consumer"`
}

type consumerDescription struct {
	ConsumerName              string         `json:"ConsumerName"`
	ConsumerARN               string         `json:"ConsumerARN"`
	ConsumerStatus            string         `json:"ConsumerStatus"`
	ConsumerCreationTimestamp wire.Timestamp `json:"ConsumerCreationTimestamp"`
	StreamARN                 string         `json:"StreamARN,omitempty"`
}

// consumerRef names a consumer by its ARN, or by its stream's and its name.
type consumerRef struct {
	StreamARN    *string `json:"StreamARN,omitempty" aws:"len=1..2048"`
	ConsumerName *string `json:"ConsumerName,omitempty" aws:"len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	ConsumerARN  *string `json:"ConsumerARN,omitempty" aws:"len=1..2048"`
}

type describeConsumerOutput struct {
	ConsumerDescription consumerDescription `json:"ConsumerDescription"`
}

type listConsumersInput struct {
	StreamARN               *string         `json:"StreamARN" aws:"required;len=1..2048"`
	NextToken               *string         `json:"NextToken,omitempty" aws:"len=1..1048576"`
	MaxResults              *int64          `json:"MaxResults,omitempty" aws:"value=1..10000"`
	StreamCreationTimestamp *wire.Timestamp `json:"StreamCreationTimestamp,omitempty"`
}

type listConsumersOutput struct {
	Consumers []consumerDescription `json:"Consumers"`
	NextToken string                `json:"NextToken,omitempty"`
}

type startingPosition struct {
	Type           *string         `json:"Type" aws:"required;enum=AFTER_SEQUENCE_NUMBER|AT_SEQUENCE_NUMBER|AT_TIMESTAMP|LATEST|TRIM_HORIZON"`
	SequenceNumber *string         `json:"SequenceNumber,omitempty" aws:"pattern=0|([1-9]\\d{0,128})"`
	Timestamp      *wire.Timestamp `json:"Timestamp,omitempty"`
}

type subscribeInput struct {
	ConsumerARN      *string           `json:"ConsumerARN" aws:"required;len=1..2048"`
	ShardId          *string           `json:"ShardId" aws:"required;len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	StartingPosition *startingPosition `json:"StartingPosition" aws:"required"`
	DryRun           bool              `json:"DryRun,omitempty"`
}

type subscribeEvent struct {
	Records                    []record     `json:"Records"`
	ContinuationSequenceNumber string       `json:"ContinuationSequenceNumber,omitempty"`
	MillisBehindLatest         int64        `json:"MillisBehindLatest"`
	ChildShards                []childShard `json:"ChildShards,omitempty"`
}

type addTagsInput struct {
	streamRef
	Tags map[string]string `json:"Tags" aws:"required;len=1..200"`
}

type removeTagsInput struct {
	streamRef
	TagKeys []string `json:"TagKeys" aws:"required;len=1..50"`
}

type listTagsInput struct {
	streamRef
	ExclusiveStartTagKey *string `json:"ExclusiveStartTagKey,omitempty" aws:"len=1..128"`
	Limit                *int64  `json:"Limit,omitempty" aws:"value=1..50"`
}

type tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

type listTagsOutput struct {
	Tags        []tag `json:"Tags"`
	HasMoreTags bool  `json:"HasMoreTags"`
}

type resourceRef struct {
	ResourceARN *string `json:"ResourceARN" aws:"required;len=1..2048"`
}

type tagResourceInput struct {
	ResourceARN *string           `json:"ResourceARN" aws:"required;len=1..2048"`
	Tags        map[string]string `json:"Tags" aws:"required;len=1..200"`
}

type untagResourceInput struct {
	ResourceARN *string  `json:"ResourceARN" aws:"required;len=1..2048"`
	TagKeys     []string `json:"TagKeys" aws:"required;len=1..50"`
}

type listTagsForResourceOutput struct {
	Tags []tag `json:"Tags"`
}

type putPolicyInput struct {
	ResourceARN *string `json:"ResourceARN" aws:"required;len=1..2048"`
	Policy      *string `json:"Policy" aws:"required"`
}

type getPolicyOutput struct {
	Policy string `json:"Policy"`
}
