package windowagg

import (
	"encoding/binary"
	"math"

	"github.com/thalweg/thalweg/state"
)

// A progress blob is a time and the range of key groups it holds for, big endian.
const progressBytes = 8 + 2 + 2

// keepProgress puts progress into the state.
func (w *WindowAgg) keepProgress() {
	groups := w.ctx.State.KeyGroups()
	blob := binary.BigEndian.AppendUint64(make([]byte, 0, progressBytes), uint64(w.progress))
	blob = binary.BigEndian.AppendUint16(blob, uint16(groups.First))
	w.cell.Set(binary.BigEndian.AppendUint16(blob, uint16(groups.End)))
}

// restoreProgress takes the earliest time of the restored tasks that owned some of
// this one's keys. Tasks differ at a barrier: each reads the clock by itself, and
// hears of watermarks and idle inputs in an order of its own. With another's time a
// window would be emitted twice, or never.
func (w *WindowAgg) restoreProgress() {
	found := false
	for _, blob := range w.cell.Get() {
		if len(blob) != progressBytes {
			continue
		}
		groups := state.GroupRange{First: int(binary.BigEndian.Uint16(blob[8:])), End: int(binary.BigEndian.Uint16(blob[10:]))}
		if groups.Intersect(w.ctx.State.KeyGroups()).Len() == 0 {
			continue
		}
		wm := int64(binary.BigEndian.Uint64(blob))
		if !found || wm < w.progress {
			found, w.progress = true, wm
		}
	}
	if found && w.progress > math.MinInt64 {
		// Else task 0 would carry on the blobs of all.
		w.keepProgress()
	}
}
