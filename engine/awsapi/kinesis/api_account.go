package kinesis

import "github.com/thalweg/thalweg/engine/awsapi/wire"

type commitmentInput struct {
	Status *string `json:"Status" aws:"required;enum=ENABLED|DISABLED"`
}

type updateAccountSettingsInput struct {
	MinimumThroughputBillingCommitment *commitmentInput `json:"MinimumThroughputBillingCommitment" aws:"required"`
}

type commitmentOutput struct {
	Status               string          `json:"Status"`
	StartedAt            *wire.Timestamp `json:"StartedAt,omitempty"`
	EndedAt              *wire.Timestamp `json:"EndedAt,omitempty"`
	EarliestAllowedEndAt *wire.Timestamp `json:"EarliestAllowedEndAt,omitempty"`
}

type accountSettingsOutput struct {
	MinimumThroughputBillingCommitment commitmentOutput `json:"MinimumThroughputBillingCommitment"`
}

type warmThroughputInput struct {
	streamRef
	WarmThroughputMiBps *int64 `json:"WarmThroughputMiBps" aws:"required;value=0.."`
}

type warmThroughput struct {
	TargetMiBps  int64 `json:"TargetMiBps"`
	CurrentMiBps int64 `json:"CurrentMiBps"`
}

type warmThroughputOutput struct {
	StreamName     string         `json:"StreamName"`
	StreamARN      string         `json:"StreamARN"`
	WarmThroughput warmThroughput `json:"WarmThroughput"`
}

type distributionInput struct {
	StreamARN                  *string `json:"StreamARN" aws:"required;len=1..2048"`
	RecordDistributionStrategy *string `json:"RecordDistributionStrategy" aws:"required;enum=USER_PARTITION_KEY|AUTO"`
}
