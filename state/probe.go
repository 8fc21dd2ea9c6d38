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
	t.probe(keys, slots, true)
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
	t.probe(keys, slots, false)
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

// probe looks all keys up in memory. Those not there are inserted if that is
// asked for and the table is complete, or else listed in t.missing with NoSlot
// unless the table is complete.
func (t *Table) probe(keys *rowcodec.Keys, slots []Slot, insert bool) {
	t.missing = t.missing[:0]
	if t.stride == 0 {
		t.lay(keys)
	}
	if keys.Width == 8 {
		t.probeWords(keys, slots, insert)
		return
	}
	complete := t.complete()
	for i := range slots {
		key, tag := keys.At(i), uint32(keys.Hashes[i])
		s := t.findOne(key, tag)
		if s == NoSlot && !complete {
			t.missing = append(t.missing, int32(i))
		} else if insert && (s == NoSlot || *flagsOf(t.at(s))&flagDead != 0) {
			s = t.upsertOne(keys, i)
		}
		slots[i] = s
	}
	if t.pressed() {
		t.markHot(slots)
	}
}

// probeWords is probe for keys of one word.
func (t *Table) probeWords(keys *rowcodec.Keys, slots []Slot, insert bool) {
	words := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(keys.Data))), len(slots))
	hashes := keys.Hashes[:len(words)]
	slots = slots[:len(words)]
	complete, dead := t.complete(), t.size != t.index.count
	for i, word := range words {
		s := t.findWord(word, uint32(hashes[i]))
		if s != NoSlot && !(dead && insert) {
			slots[i] = s
			continue
		}
		if s == NoSlot && !complete {
			t.missing = append(t.missing, int32(i))
		} else if insert && (s == NoSlot || *flagsOf(t.at(s))&flagDead != 0) {
			s = t.upsertOne(keys, i)
		}
		slots[i] = s
	}
	if t.pressed() {
		t.markHot(slots)
	}
}

// findWord is findOne for keys of one word.
func (t *Table) findWord(word uint64, tag uint32) Slot {
	words := t.index.words
	for at := int(tag >> (t.index.shift & 31)); ; at++ {
		w := words[at]
		if uint32(w>>32) == tag && w != 0 {
			s := Slot(uint32(w)) - 1
			e := t.at(s)
			if *(*uint64)(unsafe.Add(e, t.keyOffset)) == word && *(*uint8)(unsafe.Add(e, entryLength)) == 8 {
				return s
			}
		} else if w == 0 || uint32(w>>32) > tag {
			return NoSlot
		}
	}
}

// findOne looks one key up in memory; dead entries count as there.
func (t *Table) findOne(key []byte, tag uint32) Slot {
	for at := t.index.home(tag); ; at++ {
		w := t.index.words[at]
		if w == 0 || wordTag(w) > tag {
			return NoSlot
		}
		if wordTag(w) == tag && bytes.Equal(t.keyOf(t.at(wordSlot(w))), key) {
			return wordSlot(w)
		}
	}
}

// upsertOne finds or inserts key i in memory. A dead entry comes back as new.
func (t *Table) upsertOne(keys *rowcodec.Keys, i int) Slot {
	key, tag := keys.At(i), uint32(keys.Hashes[i])
	s := t.findOne(key, tag)
	if s == NoSlot {
		s = t.insert(key, tag, rowcodec.KeyGroup(keys.Route(i), t.core.options.Groups))
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
	if t.index.full(1) {
		t.index.grow(1)
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
	t.index.insertAt(t.index.place(tag), wordOf(tag, s))
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
