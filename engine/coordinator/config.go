package coordinator

import (
	"time"

	"github.com/thalweg/thalweg/engine/graph"
)

// Config is what a job's life depends on.
type Config struct {
	// Tasks are all tasks, Sources those of them that read sources.
	Tasks   []graph.TaskID
	Sources []graph.TaskID
	// Interval is the time from the start of one checkpoint to the start of the
	// next; 0 means none but those asked for and the last.
	Interval time.Duration
	// CommitDelay is how long rows may wait that a sink holds back until its commit,
	// before a checkpoint is begun for them out of turn; 0 leaves them to Interval.
	// Such checkpoints keep a pause of promptPause times what the last one took.
	CommitDelay time.Duration
	// MinPause is the least time between the end of one and the start of the next.
	MinPause time.Duration
	// Timeout abandons a checkpoint whose barriers have not passed by then.
	Timeout time.Duration
	Restart Restart
	// Random gives numbers from 0 to below 1 for the jitter of restarts, so that the
	// machine has no chance of its own; nil is without jitter.
	Random func() float64
}

// promptPause bounds the share of time that prompt checkpoints take to a fifth.
const promptPause = 4

// promptRetry is how long rows wait whose checkpoint has failed.
const promptRetry = time.Second

// DefaultTimeout is the default of Config.Timeout.
const DefaultTimeout = 10 * time.Minute

// WithDefaults fills in what is zero and has another default.
func (c Config) WithDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	return c
}
