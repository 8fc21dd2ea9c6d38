package state

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
)

// An appended Multi grows without reading: a key that may have entries in the
// backing comes into memory with its new ones alone (flagPartial), which follow the
// older ones by their sequence numbers. The first Find of the key brings the rest.
//
// Invariant Suffix: the entries of a partial key in memory are its newest, all those
// from the first of them on.

// sequence numbers the entries of an appended Multi, over all its keys, ascending.
// A task goes on from the greatest number of all tasks that it is restored from.
type sequence struct {
	last uint64
	cell *Cell
}

func (q *sequence) open(cell *Cell) error {
	q.cell = cell
	for _, b := range cell.Get() {
		if len(b) != 8 {
			return errs.Corruptionf("a sequence number of %d bytes", len(b))
		}
		q.last = max(q.last, binary.LittleEndian.Uint64(b))
	}
	return nil
}

func (q *sequence) save() {
	if q.cell != nil {
		q.cell.Set(binary.LittleEndian.AppendUint64(nil, q.last))
	}
}

// Extend is Upsert of an appended Multi for keys that are only appended to: it
// reads nothing, and iteration may miss older entries until the next Find or
// Upsert of a key.
func (m *Multi) Extend(keys *rowcodec.Keys, slots []Slot) error {
	if err := m.begin(); err != nil {
		return err
	}
	m.keys.probe(&probing{keys: keys, slots: slots, insert: true})
	for _, i := range m.keys.missing {
		s := m.keys.upsertOne(keys, int(i))
		*flagsOf(m.keys.at(s)) |= flagPartial
		m.keys.partials = true
		slots[i] = s
	}
	m.charge()
	return nil
}

// Append adds an entry of an appended Multi at the end of its key. Other entries
// and pointers stay valid.
func (m *Multi) Append(s Slot, sub []byte) Entry {
	e := m.newEntry(s, sub)
	m.sequence.last++
	*m.entries.seq(e) = m.sequence.last
	row := m.row(s)
	l := m.entries.link(e)
	l.prev = row.tail
	if row.tail == 0 {
		row.head = e + 1
	} else {
		m.entries.link(row.tail - 1).next = e + 1
	}
	row.tail = e + 1
	row.count++
	l.flags |= flagDirty | flagListed
	m.added = append(m.added, e)
	return e
}

// missPartial adds the found keys that are partial to those to be loaded.
func (m *Multi) missPartial(slots []Slot) {
	for i, s := range slots {
		if s != NoSlot && *flagsOf(m.keys.at(s))&flagPartial != 0 {
			m.keys.missing = append(m.keys.missing, int32(i))
		}
	}
}

// boundPartial ends the ranges of partial keys, which m.keys.lookups names, where
// memory begins.
func (m *Multi) boundPartial(keys *rowcodec.Keys, ranges []KeyRange) {
	for n, x := range m.keys.lookups.items {
		i := int(x.i)
		s := m.keys.findOne(keys.At(i), uint32(keys.Hashes[i]))
		if s == NoSlot || m.row(s).head == 0 {
			continue
		}
		upper := bytes.Clone(ranges[n].Lower)
		ranges[n].Upper = binary.BigEndian.AppendUint64(upper, *m.entries.seq(m.row(s).head - 1))
	}
}

// nowWhole notes that the keys in m.keys.missing were loaded.
func (m *Multi) nowWhole(keys *rowcodec.Keys) {
	for _, i := range m.keys.missing {
		if s := m.keys.findOne(keys.At(int(i)), uint32(keys.Hashes[i])); s != NoSlot {
			*flagsOf(m.keys.at(s)) &^= flagPartial
		}
	}
}

// keyLeft notes that a key's entries are in the backing only from now on. A partial
// one was counted when it left before, unless the filter doesn't know it.
func (m *Multi) keyLeft(s Slot) {
	t := &m.keys
	hash := rowcodec.Hash(t.Key(s))
	if *flagsOf(t.at(s))&flagPartial != 0 && t.cold.filter.has(hash) {
		return
	}
	t.cold.left(orderAt(t.Group(s), uint32(hash)), hash)
}

// takeAppended takes one stored entry of an appended Multi.
func (a *admission) takeAppended(sub, value []byte) error {
	m := a.m
	width := m.spec.Width
	if len(value) < 1+width || value[0] != rowForm || len(sub) != 8 {
		return m.keys.wrap(errShortRow)
	}
	e := m.newEntry(a.slot, value[1+width:])
	m.entries.link(e).flags |= flagPersisted
	*m.entries.seq(e) = binary.BigEndian.Uint64(sub)
	copy(unsafe.Slice((*byte)(m.Payload(e)), width), value[1:])
	m.loading = append(m.loading, e)
	return nil
}

// prepend links the loaded entries of the current key before those in memory.
func (a *admission) prepend() {
	m, after := a.m, NoEntry
	for _, e := range m.loading {
		m.linkAfter(a.slot, e, after)
		after = e
	}
	m.loading = m.loading[:0]
	*flagsOf(m.keys.at(a.slot)) &^= flagPartial
	a.slot = NoSlot
}
