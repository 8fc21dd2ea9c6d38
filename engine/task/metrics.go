package task

import (
	"sync/atomic"

	"github.com/thalweg/thalweg/operators/stream"
)

// Metrics are the counters of one node in one task. The task adds to them once per
// batch; anybody may read.
type Metrics struct {
	RowsIn    atomic.Int64
	RowsOut   atomic.Int64
	LateRows  atomic.Int64
	StateRows atomic.Int64
	// BusyNanos is time in the node's own code, without the nodes it feeds.
	BusyNanos atomic.Int64
	// BlockedNanos is time spent waiting for room in the exchanges behind it.
	BlockedNanos atomic.Int64
	watermark    atomic.Int64
}

// NewMetrics makes counters at zero, without a watermark.
func NewMetrics() *Metrics {
	m := &Metrics{}
	m.watermark.Store(int64(stream.NoWatermark))
	return m
}

// Watermark is the last watermark that the node passed on.
func (m *Metrics) Watermark() stream.Watermark { return stream.Watermark(m.watermark.Load()) }
