package datagen

import "time"

// Clock tells the time and waits, for readers that keep to a rate.
type Clock interface {
	// NowMillis is the time in epoch milliseconds.
	NowMillis() int64
	// After gives a channel that is readable after d, and a function that frees
	// it.
	After(d time.Duration) (<-chan time.Time, func())
}

type systemClock struct{}

// NowMillis is the machine's time.
func (systemClock) NowMillis() int64 { return time.Now().UnixMilli() }

// After waits on the machine's clock.
func (systemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
