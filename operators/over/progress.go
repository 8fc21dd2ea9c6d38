package over

import (
	"encoding/binary"
	"math"

	"github.com/thalweg/thalweg/state"
)

// progress is the event time up to which a task has emitted, kept with the range of
// key groups it holds for.
type progress struct {
	time int64
	cell *state.Cell
}

const progressBytes = 8 + 2 + 2

// open takes the earliest time of the restored tasks that owned some of this one's
// keys: with a later one, rows that another still waits for would be late.
func (p *progress) open(store *state.Store) {
	p.time, p.cell = math.MinInt64, store.Cell("progress")
	found := false
	for _, blob := range p.cell.Get() {
		if len(blob) != progressBytes {
			continue
		}
		groups := state.GroupRange{First: int(binary.BigEndian.Uint16(blob[8:])), End: int(binary.BigEndian.Uint16(blob[10:]))}
		if groups.Intersect(store.KeyGroups()).Len() == 0 {
			continue
		}
		if at := int64(binary.BigEndian.Uint64(blob)); !found || at < p.time {
			found, p.time = true, at
		}
	}
	if found {
		p.advance(store, p.time)
	}
}

// advance notes a time.
func (p *progress) advance(store *state.Store, to int64) {
	p.time = to
	groups := store.KeyGroups()
	blob := binary.BigEndian.AppendUint64(make([]byte, 0, progressBytes), uint64(to))
	blob = binary.BigEndian.AppendUint16(blob, uint16(groups.First))
	p.cell.Set(binary.BigEndian.AppendUint16(blob, uint16(groups.End)))
}
