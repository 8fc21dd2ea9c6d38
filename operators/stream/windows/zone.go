package windows

import (
	"math"
	"time"

	"github.com/thalweg/thalweg/internal/temporal"
)

// Zone is the time zone that windows over moments are cut in: rows and watermarks
// come as moments, windows are stretches of local time. A nil Zone is UTC, in which
// both are the same. A Zone remembers where it looked last, so each operator has one
// of its own.
//
// Local times don't match moments one to one where clocks change. As in Flink, a
// repeated hour is one hour of twice the rows, and windows are due when it was passed
// for the second time; in an hour that is skipped lie no rows, and a window that
// ends there is due at the change.
type Zone struct {
	location *time.Location
	near     period
}

// period is a stretch of moments [from, until) with one offset; all in milliseconds.
type period struct {
	from, until, offset int64
}

// NewZone makes the Zone of a location; nil for UTC.
func NewZone(location *time.Location) *Zone {
	if temporal.IsUTC(location) {
		return nil
	}
	return &Zone{location: location, near: period{from: 1}}
}

// at is the period that a moment lies in.
func (z *Zone) at(moment int64) period {
	if moment >= z.near.from && moment < z.near.until {
		return z.near
	}
	t := time.UnixMilli(moment).In(z.location)
	_, seconds := t.Zone()
	p := period{from: math.MinInt64, until: math.MaxInt64, offset: int64(seconds) * 1000}
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		p.from = start.UnixMilli()
	}
	if !end.IsZero() {
		p.until = end.UnixMilli()
	}
	z.near = p
	return p
}

// Local is the local time at a moment.
func (z *Zone) Local(moment int64) int64 {
	if z == nil || moment == math.MinInt64 || moment == math.MaxInt64 {
		return moment
	}
	return moment + z.at(moment).offset
}

// Locals are the local times at moments, in scratch unless they are the same.
func (z *Zone) Locals(moments []int64, scratch *[]int64) []int64 {
	if z == nil {
		return moments
	}
	if cap(*scratch) < len(moments) {
		*scratch = make([]int64, len(moments))
	}
	out := (*scratch)[:len(moments)]
	var p period
	for i, m := range moments {
		if m < p.from || m >= p.until {
			p = z.at(m)
		}
		out[i] = m + p.offset
	}
	return out
}

// changeMax is more than clocks ever change by, and more than any offset.
const changeMax = int64(26 * time.Hour / time.Millisecond)

// Moment is when it is a local time: the earlier moment of a repeated one, and for
// one that is skipped as much after the change as it is into the gap.
func (z *Zone) Moment(local int64) int64 {
	if z == nil || local == math.MinInt64 || local == math.MaxInt64 {
		return local
	}
	p := z.near
	if local-p.offset < p.from+changeMax || local-p.offset >= p.until {
		p = z.at(local - changeMax)
	}
	for ; p.until != math.MaxInt64; p = z.at(p.until) {
		if local < p.until+p.offset {
			break
		}
		if next := z.at(p.until); local < p.until+next.offset {
			break // skipped: by the offset before
		}
	}
	return local - p.offset
}

// Passed is the last local time that has passed for good when event time has reached
// wm, so that windows up to it are due: all of the first pass of a repeated hour wait
// for the second.
func (z *Zone) Passed(wm int64) int64 {
	if z == nil || wm == math.MinInt64 || wm == math.MaxInt64 {
		return wm
	}
	p := z.at(wm)
	local := wm + p.offset
	if p.until == math.MaxInt64 || p.until-wm > changeMax {
		return local
	}
	if back := p.until + z.at(p.until).offset; local >= back {
		return back - 1
	}
	return local
}
