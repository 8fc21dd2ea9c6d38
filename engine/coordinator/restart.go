package coordinator

import (
	"fmt"
	"math"
	"time"
)

// Strategy is how a failed job is started again. The strategies are Flink's.
type Strategy uint8

// The strategies.
const (
	// NoRestart lets the first failure end the job.
	NoRestart Strategy = iota
	// FixedDelay bounds the attempts of the job's whole life, with one wait before each.
	FixedDelay
	// FailureRate bounds the failures within an interval, with one wait before each
	// attempt.
	FailureRate
	// ExponentialDelay waits longer before each attempt, until one has run for long.
	ExponentialDelay
)

// String gives the strategy's name in Flink's options.
func (s Strategy) String() string {
	names := [...]string{"none", "fixed-delay", "failure-rate", "exponential-delay"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("strategy(%d)", uint8(s))
}

// Restart says what becomes of a failed job. Its zero value lets it fail.
type Restart struct {
	Strategy Strategy
	// Attempts is how often to start again: in all with FixedDelay, within Interval
	// with FailureRate, and in a row with ExponentialDelay, where -1 is without limit.
	Attempts int
	Interval time.Duration
	// Delay is the wait before an attempt; with ExponentialDelay before the first.
	Delay time.Duration
	// ExponentialDelay multiplies the wait by Multiplier with each attempt, up to Max,
	// and adds or takes away up to the share Jitter of it. The wait is never shorter
	// than Delay. Wait and count start anew ResetAfter the start of an attempt.
	Max        time.Duration
	Multiplier float64
	Jitter     float64
	ResetAfter time.Duration
}

// Restarts reports whether the job is started again at all.
func (r Restart) Restarts() bool { return r.Strategy != NoRestart && r.Attempts != 0 }

// backOff counts a failure and gives the wait before the next attempt; ok is false
// when there is to be none.
func (m *Machine) backOff(now time.Duration) (wait time.Duration, ok bool) {
	r := m.cfg.Restart
	switch r.Strategy {
	case FixedDelay:
		m.failures++
		return r.Delay, m.failures <= r.Attempts
	case FailureRate:
		m.failedAt = append(since(m.failedAt, now-r.Interval), now)
		return r.Delay, len(m.failedAt) <= r.Attempts
	case ExponentialDelay:
		// The last attempt started at retryAt; that of the first failure is not counted.
		if m.failures > 0 && now-m.retryAt >= r.ResetAfter {
			m.failures = 0
		}
		wait = m.exponential(m.failures)
		m.failures++
		return wait, r.Attempts < 0 || m.failures <= r.Attempts
	}
	return 0, false
}

// exponential is the wait, in whole milliseconds, after so many failures in a row
// before the present one.
func (m *Machine) exponential(failures int) time.Duration {
	r := m.cfg.Restart
	// A finite power keeps full jitter from making it 0 times infinity.
	wait := min(float64(r.Delay)*math.Pow(r.Multiplier, float64(failures)), math.MaxInt64)
	if r.Jitter > 0 && m.cfg.Random != nil {
		wait += wait * r.Jitter * (2*m.cfg.Random() - 1)
	}
	return max(r.Delay, time.Duration(min(wait, float64(r.Max))).Truncate(time.Millisecond))
}

// since drops the times before from off an ascending list.
func since(times []time.Duration, from time.Duration) []time.Duration {
	for len(times) > 0 && times[0] < from {
		times = times[1:]
	}
	return times
}
