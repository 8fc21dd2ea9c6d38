package topn

import (
	"bytes"
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/state"
)

// A row is kept as an entry of its partition. The sub-key is the sort key, the
// arrival number (8 bytes, big-endian) and the encoded row; the payload is the
// length of the sort key.
const (
	payloadBytes = 8
	arrivalBytes = 8
)

func (t *TopN) sortKeyBytes(e state.Entry) *uint64 { return (*uint64)(t.table.Payload(e)) }

// sortKey is an entry's sort key.
func (t *TopN) sortKey(e state.Entry) []byte { return t.table.Sub(e)[:*t.sortKeyBytes(e)] }

// rowStart is where in an entry's sub-key the row begins.
func (t *TopN) rowStart(e state.Entry) int { return int(*t.sortKeyBytes(e)) + arrivalBytes }

// matters reports whether row i can be among the first rows: it can't when its
// partition is full and its last row comes before, ties included. A retracting
// input keeps all.
func (t *TopN) matters(slot state.Slot, i int) bool {
	if t.cfg.InputRetracts || int64(t.table.Count(slot)) < t.limit {
		return true
	}
	return bytes.Compare(t.sorts.At(i), t.sortKey(t.table.Last(slot))) < 0
}

// insert adds row i to its partition, and drops the last row when it has fallen
// out for good.
func (t *TopN) insert(slot state.Slot, cols []arrow.Array, i int) {
	t.touch(slot)
	t.arrivals++
	key := t.sorts.At(i)
	t.sub = append(t.sub[:0], key...)
	t.sub = binary.BigEndian.AppendUint64(t.sub, t.arrivals)
	t.sub = t.codec.Append(t.sub, cols, i)
	e, _ := t.table.Put(slot, t.sub)
	*t.sortKeyBytes(e) = uint64(len(key))
	t.table.MarkDirty(slot, e)
	if !t.cfg.InputRetracts && int64(t.table.Count(slot)) > t.limit {
		t.table.Remove(slot, t.table.Last(slot))
	}
}

// remove takes row i away: of equal rows the one that came first. A row that isn't
// there, say because its TTL has passed, is let be.
func (t *TopN) remove(slot state.Slot, cols []arrow.Array, i int) {
	key := t.sorts.At(i)
	t.sub = t.codec.Append(t.sub[:0], cols, i)
	for e := t.table.Seek(slot, key); e != state.NoEntry; e = t.table.Next(e) {
		if !bytes.Equal(t.sortKey(e), key) {
			return
		}
		if bytes.Equal(t.table.Sub(e)[t.rowStart(e):], t.sub) {
			t.touch(slot)
			t.table.Remove(slot, e)
			return
		}
	}
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
