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
