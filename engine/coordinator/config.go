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
}

// Restart says what becomes of a failed job.
type Restart struct {
	// Attempts is how often in a row to start again: 0 never, -1 without limit.
	Attempts int
	// The wait before an attempt starts at Initial and doubles up to Max; after
	// ResetAfter of undisturbed running both wait and count start anew.
	Initial    time.Duration
	Max        time.Duration
	ResetAfter time.Duration
}

// promptPause bounds the share of time that prompt checkpoints take to a fifth.
const promptPause = 4

// promptRetry is how long rows wait whose checkpoint has failed.
const promptRetry = time.Second

// Defaults of a Config.
const (
	DefaultTimeout    = 10 * time.Minute
	DefaultInitial    = time.Second
	DefaultMax        = time.Minute
	DefaultResetAfter = 10 * time.Minute
)

// WithDefaults fills in what is zero and has another default.
func (c Config) WithDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Restart.Initial == 0 {
		c.Restart.Initial = DefaultInitial
	}
	if c.Restart.Max == 0 {
		c.Restart.Max = DefaultMax
	}
	if c.Restart.ResetAfter == 0 {
		c.Restart.ResetAfter = DefaultResetAfter
	}
	return c
}
