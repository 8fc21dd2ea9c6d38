package task

import (
	"sync"

	"github.com/thalweg/thalweg/connectors/connector"
)

// Progress is how far the splits of a source task are. The task writes it; anybody
// may read.
type Progress struct {
	mu  sync.Mutex
	now ProgressInfo
}

// ProgressInfo is a Progress at one moment.
type ProgressInfo struct {
	Splits int
	Ended  int
	// Bad counts records that could not be decoded.
	Bad int64
	// Lag sums up rows and units over splits and takes the greatest of the times;
	// -1 where a split does not know.
	Lag connector.Lag
}

// Load reads the progress.
func (p *Progress) Load() ProgressInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *Progress) store(info ProgressInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = info
}

// AddLag adds b to a: unknown stays unknown.
func AddLag(a, b connector.Lag) connector.Lag {
	return connector.Lag{Rows: addKnown(a.Rows, b.Rows), Millis: maxKnown(a.Millis, b.Millis),
		Done: a.Done + max(0, b.Done), Total: addKnown(a.Total, b.Total)}
}

func addKnown(a, b int64) int64 {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

func maxKnown(a, b int64) int64 {
	if a < 0 || b < 0 {
		return -1
	}
	return max(a, b)
}
