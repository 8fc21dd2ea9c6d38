package state

import "unsafe"

// entryArena holds a Multi's entries. An entry is an entryLink, the sequence
// number of an unordered entry, the entryAge if there is a TTL, the inline sub-key
// (or its reference), and the payload. Entries never move.
type entryArena struct {
	arena
	seqOffset, ageOffset, subOffset, payloadOffset uintptr
	inline                                         int
	fresh                                          Slot
	count                                          int
}

// entryLink starts an entry. prev and next are entries + 1, 0 at the ends.
type entryLink struct {
	prev, next Entry
	slot       Slot
	flags      uint8
	length     uint8
	_          uint16
}

// entryAge links an entry with those of about the same age.
type entryAge struct {
	stamp      int64
	prev, next Entry
}

func (a *entryArena) link(e Entry) *entryLink { return (*entryLink)(a.at(Slot(e))) }

func (a *entryArena) seq(e Entry) *uint64 {
	return (*uint64)(unsafe.Add(a.at(Slot(e)), a.seqOffset))
}

func (a *entryArena) age(e Entry) *entryAge {
	return (*entryAge)(unsafe.Add(a.at(Slot(e)), a.ageOffset))
}

// layEntries fixes the layout of entries by the first sub-key.
func (m *Multi) layEntries(subBytes int) {
	a := &m.entries
	at := unsafe.Sizeof(entryLink{})
	a.seqOffset = at
	if !m.spec.Ordered {
		at += 8
	}
	a.ageOffset = at
	if m.spec.TTL != 0 {
		at += unsafe.Sizeof(entryAge{})
	}
	if most := m.inlineMost(); subBytes > most {
		subBytes = 8
	}
	a.inline = max(8, (subBytes+7)&^7)
	a.subOffset = at
	a.payloadOffset = at + uintptr(a.inline)
	a.arena = newArena(int(a.payloadOffset)+m.spec.Width, &m.core.pool)
	a.fixed = true
}

// inlineMost is the largest capacity for inline sub-keys. Appended ones are whole
// rows, nearly all of about one length.
func (m *Multi) inlineMost() int {
	if m.spec.Appended {
		return 2 * inlineMax
	}
	return inlineMax
}

// newEntry makes an unlinked entry with a zero payload.
func (m *Multi) newEntry(s Slot, sub []byte) Entry {
	a := &m.entries
	if a.stride == 0 {
		m.layEntries(len(sub))
	}
	e := a.take()
	p := a.at(e)
	l := (*entryLink)(p)
	listed := l.flags & flagListed
	if e >= a.fresh {
		listed, a.fresh = 0, e+1
	}
	*l = entryLink{slot: s, flags: flagLive | listed}
	if !m.spec.Ordered {
		*(*uint64)(unsafe.Add(p, a.seqOffset)) = 0
	}
	if len(sub) <= a.inline {
		l.length = uint8(len(sub))
		copy(unsafe.Slice((*byte)(unsafe.Add(p, a.subOffset)), a.inline), sub)
	} else {
		l.length = longKey
		*(*uint64)(unsafe.Add(p, a.subOffset)) = m.subs.Put(0, sub)
	}
	clear(unsafe.Slice((*byte)(unsafe.Add(p, a.payloadOffset)), m.spec.Width))
	a.count++
	return Entry(e)
}

// freeEntry gives an unlinked entry back.
func (m *Multi) freeEntry(e Entry) {
	l := m.entries.link(e)
	if l.length == longKey {
		m.subs.Free(*(*uint64)(unsafe.Add(unsafe.Pointer(l), m.entries.subOffset)))
	}
	l.flags &= flagListed
	m.entries.count--
	m.entries.put(Slot(e))
}
