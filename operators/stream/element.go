package stream

import (
	"fmt"
	"math"
	"time"
)

// Watermark promises that no row with event time ≤ it follows. It is an epoch
// time in milliseconds.
type Watermark int64

// The ends of event time.
const (
	// NoWatermark is the watermark before any was seen.
	NoWatermark Watermark = math.MinInt64
	// EndOfTime is the watermark of a bounded input that has ended.
	EndOfTime Watermark = math.MaxInt64
	// NearEnd is greater than the time of any row, and yet not the end: more rows may
	// come, all of them late. Times may be added to it.
	NearEnd Watermark = 1 << 62
)

// String prints the watermark as a UTC date-time, or -inf or +inf.
func (w Watermark) String() string {
	switch w {
	case NoWatermark:
		return "-inf"
	case EndOfTime:
		return "+inf"
	}
	return time.UnixMilli(int64(w)).UTC().Format("2006-01-02T15:04:05.000Z")
}

// BarrierKind tells why a barrier flows.
type BarrierKind uint8

// The kinds of barrier.
const (
	// Checkpoint is a periodic snapshot.
	Checkpoint BarrierKind = iota
	// Savepoint is a complete snapshot that the user asked for.
	Savepoint
	// Stop is the last barrier of a job that stops with its state kept; no end of
	// time precedes it.
	Stop
	// Final is the last barrier of a job whose inputs have all ended: everything
	// before it, results of the end of time included, is to be committed.
	Final
)

// String gives the kind's lower-case name.
func (k BarrierKind) String() string {
	names := [...]string{"checkpoint", "savepoint", "stop", "final"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("barrier(%d)", uint8(k))
}

// Last reports whether no element follows a barrier of this kind.
func (k BarrierKind) Last() bool { return k == Stop || k == Final }

// Barrier separates the rows of one epoch from those of the next. Epochs count
// from 1 and grow by one per attempted snapshot, over restarts too.
type Barrier struct {
	Epoch uint64
	Kind  BarrierKind
}

// ElementKind tells what an Element carries.
type ElementKind uint8

// The kinds of element.
const (
	ElementBatch ElementKind = iota
	ElementWatermark
	ElementBarrier
	// ElementIdle says that the sender has no input for now: it is left out of
	// the watermark's minimum until its next batch or watermark.
	ElementIdle
	// ElementEnd is the last element of a channel.
	ElementEnd
)

// String gives the kind's lower-case name.
func (k ElementKind) String() string {
	names := [...]string{"batch", "watermark", "barrier", "idle", "end"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("element(%d)", uint8(k))
}

// Element is what flows through an exchange: one of the kinds, with the member of
// the same name set. The receiver owns the reference on Batch.
type Element struct {
	Kind      ElementKind
	Batch     Batch
	Watermark Watermark
	Barrier   Barrier
}
