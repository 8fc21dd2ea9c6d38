package state

import (
	"bytes"
	"unsafe"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// Upsert finds or inserts all keys and puts their slots into slots, which has the
// same length. Slots and pointers obtained before become invalid.
func (t *Table) Upsert(keys *rowcodec.Keys, slots []Slot) error {
	if err := t.begin(keys.Len()); err != nil {
		return err
	}
	t.probe(&probing{keys: keys, slots: slots, insert: true})
	if len(t.missing) > 0 {
		if err := t.load(keys, t.missing); err != nil {
			return err
		}
		for _, i := range t.missing {
			slots[i] = t.upsertOne(keys, int(i))
		}
	}
	if t.ttl != 0 {
		t.renewExpired(slots)
	}
	t.charge()
	return nil
}

// Find puts the slots of all keys into slots, which has the same length: NoSlot
// for those that are not there. Slots and pointers obtained before become invalid.
func (t *Table) Find(keys *rowcodec.Keys, slots []Slot) error {
	if err := t.begin(keys.Len()); err != nil {
		return err
	}
	t.probe(&probing{keys: keys, slots: slots})
	if len(t.missing) > 0 {
		if err := t.load(keys, t.missing); err != nil {
			return err
		}
		for _, i := range t.missing {
			slots[i] = t.findOne(keys.At(int(i)), uint32(keys.Hashes[i]))
		}
	}
	t.settle(slots)
	t.charge()
	return nil
}

// settle hides dead entries from the results of a Find, and expired ones, which
// it deletes.
func (t *Table) settle(slots []Slot) {
	if t.ttl != 0 {
		for _, s := range slots {
			if s != NoSlot && t.expired(t.at(s)) {
				t.Delete(s)
			}
		}
	}
	if t.size == t.index.count {
		return // nothing in memory is dead
	}
	for i, s := range slots {
		if s != NoSlot && *flagsOf(t.at(s))&flagDead != 0 {
			slots[i] = NoSlot
		}
	}
}

func (t *Table) expired(e unsafe.Pointer) bool {
	return *(*int64)(unsafe.Add(e, entryStamp))+t.ttl <= t.core.now && *flagsOf(e)&flagDead == 0
}

// renewExpired makes expired rows found by an Upsert new ones.
func (t *Table) renewExpired(slots []Slot) {
	for _, s := range slots {
		e := t.at(s)
		if t.expired(e) {
			t.clearRow(e)
			*(*uint32)(e) = t.born
			t.markSlow(s)
		}
	}
}

// probing is one call of probe.
type probing struct {
	keys   *rowcodec.Keys
	slots  []Slot
	insert bool
	// complete is the table's at the start.
	complete bool
}

// probe looks all keys up in memory. Those not there are inserted if that is
// asked for and the backing can't have them, or else listed in t.missing with
// NoSlot if it may.
//
// It works in blocks, since in a table larger than the cache nearly all time is
// spent waiting for two places of each key: its index word and its entry. Loads
// that no branch depends on overlap, so each place is touched for the whole block
// before it is used.
func (t *Table) probe(p *probing) { t.probeEach(p, func(int, int) {}) }

// probeEach is probe that tells of each block when it was looked up and its entries are
// in the cache.
func (t *Table) probeEach(p *probing, done func(from, to int)) {
	t.missing = t.missing[:0]
	if t.stride == 0 {
		t.lay(p.keys)
	}
	p.complete = t.complete()
	for from := 0; from < len(p.slots); from += probeBlock {
		to := min(from+probeBlock, len(p.slots))
		t.candidates(p.keys.Hashes[from:to], p.slots[from:to])
		if p.keys.Width == 8 {
			t.verifyWords(p, from, to)
		} else {
			t.verifyKeys(p, from, to)
		}
		done(from, to)
	}
	if t.pressed() {
		t.markHot(p.slots)
	}
}

const (
	// probeBlock is the number of keys whose memory is waited for together.
	probeBlock = 128
	// touchLeast is the size of an index, in words, that no longer stays in a cache.
	touchLeast = 1 << 14
)

// candidates finds the first slot of each hash's tag: nearly always the key's.
//
// Few words are further than two from home. Those near are chosen between without a
// branch, which would be mispredicted once in some keys: a word that is not above low
// is empty or of a lesser tag, and behind an empty one there are only greater tags, so
// that it does no harm to go on.
func (t *Table) candidates(hashes []uint64, slots []Slot) {
	words, shift := t.index.words, t.index.shift&31
	slots = slots[:len(hashes)]
	for i, h := range hashes {
		low := h << 32
		near := words[uint32(h)>>shift:][:3]
		w := near[0]
		if second := near[1]; w <= low {
			w = second
		}
		if third := near[2]; w <= low {
			w = third
		}
		if w-1 < low { // of a lesser tag still
			w = t.index.seek(uint32(h))
		}
		s := wordSlot(w)
		if wordTag(w) != uint32(h) {
			s = NoSlot // also for an empty word, whose slot is NoSlot anyway
		}
		slots[i] = s
	}
	if len(words) > touchLeast {
		t.touch(slots)
	}
}

// touch waits for the entries of slots.
func (t *Table) touch(slots []Slot) {
	chunks, shift, mask, stride := t.chunks, t.shift&31, t.mask, t.stride
	touched := uint64(0)
	for _, s := range slots {
		s = max(s+1, 1) - 1 // NoSlot becomes 0, without a branch
		touched += *(*uint64)(unsafe.Add(chunks[s>>shift], uintptr(s&mask)*stride+entryHeader))
	}
	t.touched = touched // so that no load is left out
}

// verifyWords checks the candidates of keys of one word.
func (t *Table) verifyWords(p *probing, from, to int) {
	slots := p.slots
	words := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(p.keys.Data))), len(slots))
	for i := from; i < to; i++ {
		if s := slots[i]; s != NoSlot {
			e := t.at(s)
			// One load answers for the key's length and for not being dead.
			if *(*uint64)(unsafe.Add(e, t.keyOffset)) == words[i] && *(*uint16)(unsafe.Add(e, entryLength))&(0xff|flagDead<<8) == 8 {
				continue
			}
		}
		slots[i] = t.resolve(p, i)
	}
}

// verifyKeys checks the candidates of keys of any length.
func (t *Table) verifyKeys(p *probing, from, to int) {
	for i := from; i < to; i++ {
		if s := p.slots[i]; s != NoSlot {
			e := t.at(s)
			if *flagsOf(e)&flagDead == 0 && bytes.Equal(t.keyOf(e), p.keys.At(i)) {
				continue
			}
		}
		p.slots[i] = t.resolve(p, i)
	}
}

// resolve looks up or inserts a key whose candidate was not it, or dead.
func (t *Table) resolve(p *probing, i int) Slot {
	if p.insert && p.complete {
		return t.upsertOne(p.keys, i)
	}
	s := t.findOne(p.keys.At(i), uint32(p.keys.Hashes[i]))
	switch {
	case s == NoSlot && !p.complete && t.mayBeCold(p.keys, i):
		t.missing = append(t.missing, int32(i))
	case p.insert && (s == NoSlot || *flagsOf(t.at(s))&flagDead != 0):
		return t.upsertOne(p.keys, i)
	}
	return s
}

// findOne looks one key up in memory; dead entries count as there.
func (t *Table) findOne(key []byte, tag uint32) Slot {
	s, _ := t.locate(key, tag)
	return s
}

// locate is findOne that also gives the place in the index where the key would be
// inserted.
func (t *Table) locate(key []byte, tag uint32) (s Slot, at int) {
	for at = t.index.home(tag); ; at++ {
		w := t.index.words[at]
		if w == 0 || wordTag(w) > tag {
			return NoSlot, at
		}
		if wordTag(w) == tag && bytes.Equal(t.keyOf(t.at(wordSlot(w))), key) {
			return wordSlot(w), at
		}
	}
}

// upsertOne finds or inserts key i in memory. A dead entry comes back as new.
func (t *Table) upsertOne(keys *rowcodec.Keys, i int) Slot {
	key, tag := keys.At(i), uint32(keys.Hashes[i])
	s, at := t.locate(key, tag)
	if s == NoSlot {
		s = t.insertAt(at, key, tag, rowcodec.KeyGroup(keys.Route(i), t.core.options.Groups))
		*flagsOf(t.at(s)) |= flagHot
	} else if *flagsOf(t.at(s))&flagDead == 0 {
		return s
	}
	*(*uint32)(t.at(s)) = t.born
	t.markSlow(s)
	return s
}

// insert adds a key that is not in memory, with a zero row.
func (t *Table) insert(key []byte, tag uint32, group int) Slot {
	return t.insertAt(t.index.place(tag), key, tag, group)
}

// insertAt is insert at a place of the index that a search for the tag ended on.
func (t *Table) insertAt(at int, key []byte, tag uint32, group int) Slot {
	if t.index.full(1) {
		t.index.grow(1)
		at = t.index.place(tag)
	}
	s := t.take()
	e := t.at(s)
	clear(unsafe.Slice((*byte)(unsafe.Add(e, t.rowOffset)), t.spec.Layout.Width))
	*(*uint16)(unsafe.Add(e, entryGroup)) = uint16(group)
	if len(key) <= t.inline {
		*(*uint8)(unsafe.Add(e, entryLength)) = uint8(len(key))
		copy(unsafe.Slice((*byte)(unsafe.Add(e, t.keyOffset)), t.inline), key)
	} else {
		*(*uint8)(unsafe.Add(e, entryLength)) = longKey
		*(*uint64)(unsafe.Add(e, t.keyOffset)) = t.heap.Put(0, key)
	}
	flags := flagsOf(e)
	*flags = *flags&flagListed | flagLive
	if s >= t.fresh {
		*flags, t.fresh = flagLive, s+1
	}
	t.index.insertAt(at, wordOf(tag, s))
	t.size++
	return s
}

// lay fixes the layout of entries by the first batch of keys: keys of one short
// length lie in the entry, others up to about their mean length.
func (t *Table) lay(keys *rowcodec.Keys) {
	mean := 8
	if keys.Len() > 0 {
		mean = (len(keys.Data) + keys.Len() - 1) / keys.Len()
	}
	if keys.Width > 0 {
		mean = keys.Width
	}
	t.layFor(mean)
}

func (t *Table) layFor(keyBytes int) {
	if keyBytes > inlineMax {
		keyBytes = 8
	}
	t.inline = max(8, (keyBytes+7)&^7)
	t.keyOffset = entryHeader
	if t.ttl != 0 {
		t.keyOffset += 8
	}
	t.rowOffset = t.keyOffset + uintptr(t.inline)
	t.arena = newArena(int(t.rowOffset)+t.spec.Layout.Width, &t.core.pool)
}

// pressed reports that the budget is near enough to keep track of use.
func (t *Table) pressed() bool {
	return t.core.options.BudgetBytes > 0 && t.core.live > t.core.options.BudgetBytes/2
}

func (t *Table) markHot(slots []Slot) {
	for _, s := range slots {
		if s == NoSlot {
			continue
		}
		if f := flagsOf(t.at(s)); *f&flagHot == 0 {
			*f |= flagHot
		}
	}
}
