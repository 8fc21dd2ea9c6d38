package windows

import (
	"math"
	"time"
)

// Emission tells when a window is emitted besides when it is due.
type Emission struct {
	// Early emits what a window holds so far EarlyDelay after it changed; 0 is after
	// each batch.
	Early      bool
	EarlyDelay time.Duration
	// Late emits a window that was due already LateDelay after it changed.
	Late      bool
	LateDelay time.Duration
	// Lateness is how long after a window was due rows of it still count.
	Lateness time.Duration
}

// LatenessMillis is Lateness in milliseconds; without late emission there is none.
func (e Emission) LatenessMillis() int64 {
	if !e.Late {
		return 0
	}
	return e.Lateness.Milliseconds()
}

// Before is the time t less d milliseconds, without running over.
func Before(t, d int64) int64 {
	if t < math.MinInt64+d {
		return math.MinInt64
	}
	return t - d
}
