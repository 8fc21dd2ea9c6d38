// Package windows is the arithmetic of windows over event time: which windows a
// time belongs to, and the slices that windows share. All times are milliseconds since
// the epoch, by the local clock of the windows' Zone; ranges are half-open; a window and a slice are named by their end.
//
// A slice is the longest stretch of time that lies in the very same windows. So a
// row is aggregated once, into its slice, and windows are put together from
// slices.
package windows

import (
	"fmt"

	"github.com/thalweg/thalweg/internal/errs"
)

// Kind is the shape of windows.
type Kind uint8

// The shapes.
const (
	Tumble Kind = iota
	Hop
	Cumulate
	Session
)

// String gives the table function's name.
func (k Kind) String() string {
	names := [...]string{"TUMBLE", "HOP", "CUMULATE", "SESSION"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("window(%d)", uint8(k))
}

// Spec describes windows over a time column.
type Spec struct {
	Kind Kind
	// Time is the time column.
	Time int
	// SizeMillis is the length (CUMULATE: the greatest; SESSION: the gap), StepMillis HOP's slide and
	// CUMULATE's step, OffsetMillis shifts all windows.
	SizeMillis   int64
	StepMillis   int64
	OffsetMillis int64
	// ProcTime windows follow the wall clock instead of Time.
	ProcTime bool
	// Zone is where windows over moments, TIMESTAMP_LTZ and the clock, are cut; nil is
	// UTC, and for TIMESTAMP, which is local time already.
	Zone *Zone
	// Attached windows come with the rows: Start and End are their columns, and
	// the other members describe how they were made.
	Attached bool
	Start    int
	End      int
}

// Check refuses windows that make no sense.
func (s Spec) Check() error {
	switch {
	case s.Kind == Session && s.SizeMillis <= 0:
		return errs.Userf("the gap of a SESSION window must be positive, not %d ms", s.SizeMillis)
	case s.SizeMillis <= 0:
		return errs.Userf("the size of a %s window must be positive, not %d ms", s.Kind, s.SizeMillis)
	case s.Kind != Tumble && s.Kind != Session && s.StepMillis <= 0:
		return errs.Userf("the slide or step of a %s window must be positive, not %d ms", s.Kind, s.StepMillis)
	case s.Kind == Cumulate && s.SizeMillis%s.StepMillis != 0:
		return errs.Userf("the size of a CUMULATE window (%d ms) must be a multiple of its step (%d ms)", s.SizeMillis, s.StepMillis)
	}
	return nil
}

// interval is the distance between the ends of successive windows.
func (s Spec) interval() int64 {
	if s.Kind == Tumble {
		return s.SizeMillis
	}
	return s.StepMillis
}

// SliceMillis is the length of slices.
func (s Spec) SliceMillis() int64 {
	switch s.Kind {
	case Hop:
		return gcd(s.SizeMillis, s.StepMillis)
	case Cumulate:
		return s.StepMillis
	}
	return s.SizeMillis
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// floor is the greatest multiple of unit, counted from the offset, at or below t.
func (s Spec) floor(t, unit int64) int64 {
	rest := (t - s.OffsetMillis) % unit
	if rest < 0 {
		rest += unit
	}
	return t - rest
}

// SliceEnd is the end of the slice that holds t.
func (s Spec) SliceEnd(t int64) int64 {
	slice := s.SliceMillis()
	return s.floor(t, slice) + slice
}

// StartOf is the start of the window ending at end.
func (s Spec) StartOf(end int64) int64 {
	if s.Kind == Cumulate {
		return s.floor(end-1, s.SizeMillis)
	}
	return end - s.SizeMillis
}

// FirstEnd is the end of the first window that holds the slice ending at slice. A
// HOP whose slide exceeds its size leaves gaps: then the window may lie before
// the slice, and LastEnd is less than it.
func (s Spec) FirstEnd(slice int64) int64 {
	if s.Kind != Hop {
		return slice
	}
	return s.floor(slice-s.SizeMillis+s.StepMillis-1, s.StepMillis) + s.SizeMillis
}

// LastEnd is the end of the last window that holds the slice ending at slice.
func (s Spec) LastEnd(slice int64) int64 {
	switch s.Kind {
	case Hop:
		return s.floor(slice-s.SliceMillis(), s.StepMillis) + s.SizeMillis
	case Cumulate:
		return s.floor(slice-1, s.SizeMillis) + s.SizeMillis
	}
	return slice
}

// NextEnd is the end of the window after the one ending at end.
func (s Spec) NextEnd(end int64) int64 { return end + s.interval() }

// Fired reports whether the window ending at end is due when event time has
// reached wm.
func Fired(end, wm int64) bool { return end-1 <= wm }

// FirstUnfired is the end of the first window that holds the slice and is not due
// at wm; ok is false when all are.
func (s Spec) FirstUnfired(slice, wm int64) (end int64, ok bool) {
	end, last := s.FirstEnd(slice), s.LastEnd(slice)
	if end <= last && Fired(end, wm) {
		if Fired(last, wm) {
			return 0, false
		}
		missed := (wm + 1 - end) / s.interval() // windows with end-1 ≤ wm after the first
		end += (missed + 1) * s.interval()
	}
	return end, end <= last
}
