package shardlog

import (
	"context"
	"fmt"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
)

// expiredReader reads a shard that is gone since the job's checkpoint: it has
// nothing to give, and reports what was not read in time.
type expiredReader struct {
	source *source
	env    connector.ReaderEnv
	split  split
	end    uint64
}

var _ connector.Reader = (*expiredReader)(nil)

// Next implements connector.Reader.
func (r *expiredReader) Next(context.Context, <-chan struct{}) (stream.Batch, error) {
	if r.split.Next < r.end {
		bad := connector.BadRecord{
			Where:  "stream " + r.source.stream + ", " + string(r.split.Shard),
			Reason: fmt.Sprintf("the retention of %d records ended before they were read, and the shard is gone", r.end-r.split.Next),
		}
		if err := r.env.Bad.Bad(bad); err != nil {
			return stream.Batch{}, err
		}
		r.split.Next, r.split.Sub = r.end, 0
	}
	return stream.Batch{}, connector.ErrEndOfSplit
}

// Position implements connector.Reader.
func (r *expiredReader) Position() []byte { return r.split.position() }

// Lag implements connector.Reader.
func (r *expiredReader) Lag() connector.Lag { return connector.Lag{Total: -1} }

// Close implements connector.Reader.
func (r *expiredReader) Close() error { return nil }
