package kinesis

import "github.com/thalweg/thalweg/engine/awsapi/wire"

type putRecordInput struct {
	streamRef
	Data                      []byte  `json:"Data" aws:"required"`
	PartitionKey              *string `json:"PartitionKey" aws:"len=1..256"`
	ExplicitHashKey           *string `json:"ExplicitHashKey,omitempty" aws:"pattern=0|([1-9]\\d{0,38})"`
	SequenceNumberForOrdering *string `json:"SequenceNumberForOrdering,omitempty" aws:"pattern=0|([1-9]\\d{0,128})"`
	DryRun                    bool    `json:"DryRun,omitempty"`
}

type putRecordOutput struct {
	ShardId        string `json:"ShardId"`
	SequenceNumber string `json:"SequenceNumber"`
	EncryptionType string `json:"EncryptionType,omitempty"`
}

type putRecordsInput struct {
	streamRef
	Records []putRecordsEntry `json:"Records" aws:"required;len=1..500"`
	DryRun  bool              `json:"DryRun,omitempty"`
}

type putRecordsEntry struct {
	Data            []byte  `json:"Data" aws:"required"`
	PartitionKey    *string `json:"PartitionKey" aws:"len=1..256"`
	ExplicitHashKey *string `json:"ExplicitHashKey,omitempty" aws:"pattern=0|([1-9]\\d{0,38})"`
}

// putRecordsOutput begins with the count of failures: Fluent Bit searches the text
// for `"FailedRecordCount":0`.
type putRecordsOutput struct {
	FailedRecordCount int64              `json:"FailedRecordCount"`
	Records           []putRecordsResult `json:"Records"`
	EncryptionType    string             `json:"EncryptionType,omitempty"`
}

type putRecordsResult struct {
	SequenceNumber string `json:"SequenceNumber,omitempty"`
	ShardId        string `json:"ShardId,omitempty"`
	ErrorCode      string `json:"ErrorCode,omitempty"`
	ErrorMessage   string `json:"ErrorMessage,omitempty"`
}

type getShardIteratorInput struct {
	streamRef
	ShardId                *string         `json:"ShardId" aws:"required;len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	ShardIteratorType      *string         `json:"ShardIteratorType" aws:"required;enum=AFTER_SEQUENCE_NUMBER|AT_SEQUENCE_NUMBER|AT_TIMESTAMP|LATEST|TRIM_HORIZON"`
	StartingSequenceNumber *string         `json:"StartingSequenceNumber,omitempty" aws:"pattern=0|([1-9]\\d{0,128})"`
	Timestamp              *wire.Timestamp `json:"Timestamp,omitempty"`
	DryRun                 bool            `json:"DryRun,omitempty"`
}

type getShardIteratorOutput struct {
	ShardIterator string `json:"ShardIterator"`
}

type getRecordsInput struct {
	ShardIterator *string `json:"ShardIterator" aws:"required;len=1..512"`
	Limit         *int64  `json:"Limit,omitempty" aws:"value=1..10000"`
	StreamARN     *string `json:"StreamARN,omitempty" aws:"len=1..2048"`
	DryRun        bool    `json:"DryRun,omitempty"`
}

// getRecordsOutput has either a next iterator or, at the end of a closed shard,
// child shards: KCL retries anything else for ever.
type getRecordsOutput struct {
	Records            []record     `json:"Records"`
	NextShardIterator  string       `json:"NextShardIterator,omitempty"`
	MillisBehindLatest int64        `json:"MillisBehindLatest"`
	ChildShards        []childShard `json:"ChildShards,omitempty"`

	lost string
}

// HeaderLost is where GetRecords tells of records that are corrupt on disk and so
// left out.
const HeaderLost = "X-Thalweg-Records-Lost"

// Note implements wire.Noted.
func (o *getRecordsOutput) Note() (header, text string) { return HeaderLost, o.lost }

type record struct {
	SequenceNumber              string         `json:"SequenceNumber"`
	ApproximateArrivalTimestamp wire.Timestamp `json:"ApproximateArrivalTimestamp"`
	Data                        []byte         `json:"Data"`
	PartitionKey                string         `json:"PartitionKey"`
	EncryptionType              string         `json:"EncryptionType,omitempty"`
}
