package topn

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/state"
)

// insert adds row i to its partition, and drops the last row when it has fallen
// out for good.
func (t *TopN) insert(slot state.Slot, cols []arrow.Array, i int) {
	t.touch(slot)
	t.put(slot, cols, i)
}

// remove takes row i away: of equal rows the one that came first. A row that isn't
// there, say because its TTL has passed, is let be.
func (t *TopN) remove(slot state.Slot, cols []arrow.Array, i int) {
	key := t.sorts.At(i)
	t.sub = t.codec.Append(t.sub[:0], cols, i)
	first := state.NoEntry
	for e := t.table.Seek(slot, key); e != state.NoEntry && bytes.Equal(t.sortKey(e), key); e = t.table.Next(e) {
		if !bytes.Equal(t.table.Sub(e)[t.rowStart(e):], t.sub) {
			continue
		}
		first = e
		if !t.lastOfTies {
			break
		}
	}
	if first == state.NoEntry {
		return
	}
	t.touch(slot)
	t.table.Remove(slot, first)
}

// touched are the partitions that a batch changes, with their rows in view as they
// were before.
type touched struct {
	index map[state.Slot]int32
	slots []state.Slot
	// before holds copies of the rows in view, those of partition i being
	// rows[starts[i]:starts[i+1]].
	starts []int32
	rows   []viewRow
	arena  []byte
}

// viewRow is one row in view: its sub-key lies in [start, end) of an arena, the
// row itself from row on.
type viewRow struct{ start, row, end int32 }

func (t *touched) reset() {
	if t.index == nil {
		t.index = map[state.Slot]int32{}
	}
	clear(t.index)
	t.slots, t.starts, t.rows, t.arena = t.slots[:0], t.starts[:0], t.rows[:0], t.arena[:0]
}

// touch notes a partition before its first change.
func (t *TopN) touch(slot state.Slot) {
	seen := &t.touched
	if _, ok := seen.index[slot]; ok {
		return
	}
	seen.index[slot] = int32(len(seen.slots))
	seen.slots = append(seen.slots, slot)
	seen.starts = append(seen.starts, int32(len(seen.rows)))
	seen.rows, seen.arena = t.view(slot, seen.rows, seen.arena)
}

// view appends the partition's rows in view to rows, their sub-keys to arena.
func (t *TopN) view(slot state.Slot, rows []viewRow, arena []byte) ([]viewRow, []byte) {
	place := int64(0)
	for e := t.table.First(slot); e != state.NoEntry && place < t.limit; e = t.table.Next(e) {
		if place++; place <= t.cfg.Offset {
			continue
		}
		start := int32(len(arena))
		arena = append(arena, t.table.Sub(e)...)
		rows = append(rows, viewRow{start: start, row: start + int32(t.rowStart(e)), end: int32(len(arena))})
	}
	return rows, arena
}
