package engine

import (
	"context"

	"github.com/thalweg/thalweg/internal/errs"
)

// StreamRecord is one record to append to a built-in stream.
type StreamRecord struct {
	// PartitionKey decides the shard; records without one are spread evenly.
	PartitionKey string
	Data         []byte
}

// RecordPosition is where an appended record lies.
type RecordPosition struct {
	Shard string `json:"shard"`
	// Sequence is decimal and grows within a shard.
	Sequence string `json:"sequence_number"`
}

// AppendRecords appends records to a stream, all of them or none, and returns their
// places once they are durable.
func (e *Engine) AppendRecords(ctx context.Context, stream string, records []StreamRecord) ([]RecordPosition, error) {
	return nil, errs.Unsupportedf("streams are not supported yet")
}
