package nexmark

import "time"

// Clock paces a stream that is emitted in real time. Now is the time, After a
// channel that gets a value when the duration has passed, and a function that
// gives it up.
type Clock struct {
	Now   func() time.Time
	After func(d time.Duration) (<-chan time.Time, func())
}

// SystemClock is the machine's clock.
func SystemClock() Clock {
	return Clock{
		Now: time.Now,
		After: func(d time.Duration) (<-chan time.Time, func()) {
			t := time.NewTimer(d)
			return t.C, func() { t.Stop() }
		},
	}
}
