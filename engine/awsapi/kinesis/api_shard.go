package kinesis

import "github.com/thalweg/thalweg/engine/awsapi/wire"

type hashKeyRange struct {
	StartingHashKey string `json:"StartingHashKey"`
	EndingHashKey   string `json:"EndingHashKey"`
}

type sequenceNumberRange struct {
	StartingSequenceNumber string `json:"StartingSequenceNumber"`
	EndingSequenceNumber   string `json:"EndingSequenceNumber,omitempty"`
}

type shard struct {
	ShardId               string              `json:"ShardId"`
	ParentShardId         string              `json:"ParentShardId,omitempty"`
	AdjacentParentShardId string              `json:"AdjacentParentShardId,omitempty"`
	HashKeyRange          hashKeyRange        `json:"HashKeyRange"`
	SequenceNumberRange   sequenceNumberRange `json:"SequenceNumberRange"`
}

type childShard struct {
	ShardId      string       `json:"ShardId"`
	ParentShards []string     `json:"ParentShards"`
	HashKeyRange hashKeyRange `json:"HashKeyRange"`
}

type shardFilter struct {
	Type      *string         `json:"Type" aws:"required;enum=AFTER_SHARD_ID|AT_TRIM_HORIZON|FROM_TRIM_HORIZON|AT_LATEST|AT_TIMESTAMP|FROM_TIMESTAMP"`
	ShardId   *string         `json:"ShardId,omitempty" aws:"len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	Timestamp *wire.Timestamp `json:"Timestamp,omitempty"`
}

type listShardsInput struct {
	streamRef
	NextToken               *string         `json:"NextToken,omitempty" aws:"len=1..1048576"`
	ExclusiveStartShardId   *string         `json:"ExclusiveStartShardId,omitempty" aws:"len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	MaxResults              *int64          `json:"MaxResults,omitempty" aws:"value=1..10000"`
	StreamCreationTimestamp *wire.Timestamp `json:"StreamCreationTimestamp,omitempty"`
	ShardFilter             *shardFilter    `json:"ShardFilter,omitempty"`
}

type listShardsOutput struct {
	Shards    []shard `json:"Shards"`
	NextToken string  `json:"NextToken,omitempty"`
}
