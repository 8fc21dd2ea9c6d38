package state

import (
	"bytes"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// An unordered key with few entries is looked through for one; most keys have one or
// two. From more than walkMost on its entries are in Multi.byHash.
//
// Invariant Hashed: of a key with flagHashed byHash has all entries in memory, of
// others none.

// walkMost is how many entries are looked through: about as many as cost what an index
// word does that is not in the cache.
const walkMost = 4

func (m *Multi) isHashed(s Slot) bool { return *flagsOf(m.keys.at(s))&flagHashed != 0 }

// walk finds an entry of a key that is not hashed. It starts with the newest, which a
// change of a row is the likeliest to take back.
func (m *Multi) walk(s Slot, sub []byte) Entry {
	for e := m.row(s).tail - 1; e != NoEntry; e = m.Prev(e) {
		if bytes.Equal(m.Sub(e), sub) {
			return e
		}
	}
	return NoEntry
}

// hashLong enters the entries of a key into byHash if it has many.
func (m *Multi) hashLong(s Slot) {
	row := m.row(s)
	if row.count <= walkMost {
		return
	}
	*flagsOf(m.keys.at(s)) |= flagHashed
	for e := row.head - 1; e != NoEntry; e = m.Next(e) {
		m.enterHash(e, subTag(s, m.Sub(e)))
	}
}

// leaveHash takes an entry of a hashed key out of byHash.
func (m *Multi) leaveHash(s Slot, e Entry) { m.byHash.remove(subTag(s, m.Sub(e)), Slot(e)) }

// subTag is the hash of an unordered entry within the whole Multi.
func subTag(s Slot, sub []byte) uint32 {
	h := (rowcodec.Hash(sub) ^ uint64(s)) * 0x9e3779b97f4a7c15
	return uint32(h >> 32)
}

func (m *Multi) findHashed(s Slot, sub []byte, tag uint32) Entry {
	for at := m.byHash.home(tag); ; at++ {
		w := m.byHash.words[at]
		if w == 0 || wordTag(w) > tag {
			return NoEntry
		}
		if wordTag(w) != tag {
			continue
		}
		e := Entry(wordSlot(w))
		if m.entries.link(e).slot == s && bytes.Equal(m.Sub(e), sub) {
			return e
		}
	}
}

func (m *Multi) enterHash(e Entry, tag uint32) {
	if m.byHash.full(1) {
		m.byHash.grow(1)
	}
	m.byHash.insertAt(m.byHash.place(tag), wordOf(tag, Slot(e)))
}
