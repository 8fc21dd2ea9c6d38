package op

import (
	"encoding/binary"
	"math"

	"github.com/thalweg/thalweg/state"
)

// Progress is how far event time, or the clock, has come for an operator that
// emits by it. It is part of the state, so that what is late is the same after a
// restore.
type Progress struct {
	at     int64
	cell   *state.Cell
	groups state.GroupRange
}

// A progress blob is a time and the range of key groups it holds for, big endian.
const progressBytes = 8 + 2 + 2

// OpenProgress takes the earliest time of the restored tasks that owned some of
// this one's keys. Tasks differ at a barrier: each reads the clock by itself, and
// hears of watermarks and idle inputs in an order of its own. With another's time a
// window would be emitted twice, or never.
func OpenProgress(store *state.Store) Progress {
	p := Progress{at: math.MinInt64, cell: store.Cell("progress"), groups: store.KeyGroups()}
	found := false
	for _, blob := range p.cell.Get() {
		if len(blob) != progressBytes {
			continue
		}
		groups := state.GroupRange{First: int(binary.BigEndian.Uint16(blob[8:])), End: int(binary.BigEndian.Uint16(blob[10:]))}
		if groups.Intersect(p.groups).Len() == 0 {
			continue
		}
		at := int64(binary.BigEndian.Uint64(blob))
		if !found || at < p.at {
			found, p.at = true, at
		}
	}
	if found && p.at > math.MinInt64 {
		// Else task 0 would carry on the blobs of all.
		p.keep()
	}
	return p
}

// At is the time reached, in epoch milliseconds; math.MinInt64 at first.
func (p *Progress) At() int64 { return p.at }

// Reach sets the time reached and puts it into the state.
func (p *Progress) Reach(at int64) {
	p.at = at
	p.keep()
}

// Clock is the time of rows that come now, by the clock: never before the time reached,
// which a clock that was set back while the job was down may be.
func (p *Progress) Clock(nowMillis int64) int64 {
	if p.at == math.MinInt64 {
		return nowMillis
	}
	return max(nowMillis, p.at+1)
}

// Raise is Reach for the moments within one call: the state is told at its end.
func (p *Progress) Raise(at int64) { p.at = max(p.at, at) }

func (p *Progress) keep() {
	blob := binary.BigEndian.AppendUint64(make([]byte, 0, progressBytes), uint64(p.at))
	blob = binary.BigEndian.AppendUint16(blob, uint16(p.groups.First))
	p.cell.Set(binary.BigEndian.AppendUint16(blob, uint16(p.groups.End)))
}
