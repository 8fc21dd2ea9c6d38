package kinesis

type splitShardInput struct {
	streamRef
	ShardToSplit       *string `json:"ShardToSplit" aws:"required;len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	NewStartingHashKey *string `json:"NewStartingHashKey" aws:"required;pattern=0|([1-9]\\d{0,38})"`
}

type mergeShardsInput struct {
	streamRef
	ShardToMerge         *string `json:"ShardToMerge" aws:"required;len=1..128;pattern=[a-zA-Z0-9_.-]+"`
	AdjacentShardToMerge *string `json:"AdjacentShardToMerge" aws:"required;len=1..128;pattern=[a-zA-Z0-9_.-]+"`
}

type updateShardCountInput struct {
	streamRef
	TargetShardCount *int64  `json:"TargetShardCount" aws:"required;value=1.."`
	ScalingType      *string `json:"ScalingType" aws:"required;enum=UNIFORM_SCALING"`
}

type updateShardCountOutput struct {
	StreamName        string `json:"StreamName"`
	StreamARN         string `json:"StreamARN"`
	CurrentShardCount int64  `json:"CurrentShardCount"`
	TargetShardCount  int64  `json:"TargetShardCount"`
}

type updateStreamModeInput struct {
	StreamARN           *string     `json:"StreamARN" aws:"required;len=1..2048"`
	StreamModeDetails   *streamMode `json:"StreamModeDetails" aws:"required"`
	WarmThroughputMiBps *int64      `json:"WarmThroughputMiBps,omitempty" aws:"value=0.."`
}
