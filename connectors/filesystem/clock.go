package filesystem

import "time"

// Clock tells the time to a writer, for rolling by age.
type Clock interface {
	// NowMillis is the time in epoch milliseconds.
	NowMillis() int64
}

type systemClock struct{}

// NowMillis is the machine's time.
func (systemClock) NowMillis() int64 { return time.Now().UnixMilli() }
