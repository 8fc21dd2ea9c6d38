package state

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// orderOf is where the entry's key lies in the backing, by group and tag.
func (t *Table) orderOf(e unsafe.Pointer) uint64 {
	return orderAt(int(*(*uint16)(unsafe.Add(e, entryGroup))), uint32(rowcodec.Hash(t.keyOf(e))))
}

// flush writes all dirty rows to b and forgets deleted ones.
func (t *Table) flush(b Batch) error {
	t.collect()
	if err := t.writeListed(b, t.added); err != nil {
		return err
	}
	if err := t.writeListed(b, t.changed); err != nil {
		return err
	}
	t.added, t.changed = t.added[:0], t.changed[:0]
	t.charge()
	if t.ttl != 0 && !t.complete() {
		return t.sweepBacking(b)
	}
	return nil
}

// writeListed writes those of the listed slots that are dirty to b. They lie in memory
// about in the order in which they were listed, and the backing sorts them beside the
// task.
func (t *Table) writeListed(b Batch, listed []Slot) error {
	for _, s := range listed {
		e := t.at(s)
		flags := flagsOf(e)
		*flags &^= flagListed
		if *flags&(flagLive|flagDirty) != flagLive|flagDirty {
			continue
		}
		if t.ttl != 0 && t.expired(e) {
			t.expire(s, e)
			if *flags&flagPersisted == 0 {
				t.drop(s, e)
				continue
			}
		}
		if err := t.write(b, e); err != nil {
			return err
		}
		if *flags&flagDead != 0 {
			t.drop(s, e)
		}
		if err := commitFull(b); err != nil {
			return err
		}
	}
	return nil
}

// expire makes an expired entry dead without listing it anew.
func (t *Table) expire(_ Slot, e unsafe.Pointer) {
	t.clearRow(e)
	*flagsOf(e) |= flagDead | flagDirty
	t.size--
}

// sweep looks at n entries in memory and deletes those expired.
func (t *Table) sweep(n int) {
	for range min(n, int(t.fresh)) {
		if t.sweepHand >= t.fresh {
			t.sweepHand = 0
		}
		s := t.sweepHand
		t.sweepHand++
		e := t.at(s)
		if *flagsOf(e)&flagLive != 0 && t.expired(e) {
			t.Delete(s)
		}
	}
}

// sweepRows is how many rows of the backing one snapshot examines for expiry.
const sweepRows = 4096

var errStop = errors.New("stop")

// sweepBacking deletes expired rows among the next sweepRows of the backing. The
// batch is committed before, so that rows deleted by it are not counted once more.
func (t *Table) sweepBacking(b Batch) error {
	if err := b.Commit(); err != nil {
		return err
	}
	ranges := t.ranges(t.sweepKey)
	t.sweepKey = t.sweepKey[:0]
	seen := 0
	err := t.core.options.Backing.MultiScan(ranges, func(_ int, key, value []byte) error {
		if seen == sweepRows {
			t.sweepKey = append(t.sweepKey[:0], key...)
			return errStop
		}
		seen++
		k, err := parseDiskKey(key)
		if err != nil {
			return t.wrap(err)
		}
		if len(value) < 9 || value[0] != rowFormTimed ||
			int64(binary.LittleEndian.Uint64(value[1:]))+t.ttl > t.core.now || t.findOne(k.key, k.tag) != NoSlot {
			return nil
		}
		t.cold.gone(orderAt(k.group, k.tag))
		return b.Delete(key)
	})
	if err == errStop {
		return nil
	}
	return err
}

// ranges are the backing's ranges of the table, group by group, from key on if it
// is not empty.
func (t *Table) ranges(from []byte) []KeyRange { return t.space.ranges(t.core.options.KeyGroups, from) }

func (s space) ranges(groups GroupRange, from []byte) []KeyRange {
	out := make([]KeyRange, 0, groups.Len())
	for g := groups.First; g < groups.End; g++ {
		r := KeyRange{Lower: s.appendPrefix(nil, g), Upper: prefixEnd(s.appendPrefix(nil, g))}
		if len(from) > 0 {
			if string(r.Upper) <= string(from) {
				continue
			}
			if string(r.Lower) < string(from) {
				r.Lower = append([]byte(nil), from...)
			}
		}
		out = append(out, r)
	}
	return out
}
