package state

import (
	"encoding/binary"
	"unsafe"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
)

// A stored row is
//
//	form u8 | [time of last change i64] | row, references zeroed | each reference's bytes: uvarint length, bytes
const (
	rowForm      = 0 // without time
	rowFormTimed = 1
)

// appendStored appends the stored form of an entry's row.
func (t *Table) appendStored(dst []byte, e unsafe.Pointer) []byte {
	if t.ttl != 0 {
		dst = append(dst, rowFormTimed)
		dst = binary.LittleEndian.AppendUint64(dst, *(*uint64)(unsafe.Add(e, entryStamp)))
	} else {
		dst = append(dst, rowForm)
	}
	row := unsafe.Add(e, t.rowOffset)
	at := len(dst)
	dst = append(dst, unsafe.Slice((*byte)(row), t.spec.Layout.Width)...)
	for _, r := range t.spec.Layout.Refs {
		clear(dst[at+r : at+r+8])
	}
	for _, r := range t.spec.Layout.Refs {
		b := t.heap.Get(*refAt(row, r))
		dst = binary.AppendUvarint(dst, uint64(len(b)))
		dst = append(dst, b...)
	}
	return dst
}

// setStored fills an entry's row, which is zero, from its stored form.
func (t *Table) setStored(e unsafe.Pointer, b []byte) error {
	b, stamp, err := cutForm(b, t.core.now)
	if err != nil {
		return t.wrap(err)
	}
	if t.ttl != 0 {
		*(*int64)(unsafe.Add(e, entryStamp)) = stamp
	}
	width := t.spec.Layout.Width
	if len(b) < width {
		return t.wrap(errShortRow)
	}
	row := unsafe.Add(e, t.rowOffset)
	copy(unsafe.Slice((*byte)(row), width), b)
	b = b[width:]
	for _, r := range t.spec.Layout.Refs {
		size, used := binary.Uvarint(b)
		if used <= 0 || size > uint64(len(b)-used) {
			return t.wrap(errShortRow)
		}
		*refAt(row, r) = t.heap.Put(0, b[used:used+int(size)])
		b = b[used+int(size):]
	}
	return nil
}

// cutForm takes the form and time off a stored row; one without time counts as
// changed now.
func cutForm(b []byte, now int64) (rest []byte, stamp int64, err error) {
	switch {
	case len(b) >= 1 && b[0] == rowForm:
		return b[1:], now, nil
	case len(b) >= 9 && b[0] == rowFormTimed:
		return b[9:], int64(binary.LittleEndian.Uint64(b[1:])), nil
	}
	return nil, 0, errShortRow
}

var errShortRow = errs.Corruptionf("a stored row ends early or has an unknown form")

func (t *Table) wrap(err error) error {
	return errs.Wrap(errs.Corruption, err, "state table %s", t.spec.ID)
}

// write puts an entry that differs from the backing into b: its row, or its
// deletion. The entry is clean after.
func (t *Table) write(b Batch, e unsafe.Pointer) error {
	group := int(*(*uint16)(unsafe.Add(e, entryGroup)))
	key := t.keyOf(e)
	t.keyBuf = t.space.appendKey(t.keyBuf[:0], group, uint32(rowcodec.Hash(key)), key)
	flags := flagsOf(e)
	*flags &^= flagDirty
	if *flags&flagDead != 0 {
		*flags &^= flagPersisted
		return b.Delete(t.keyBuf)
	}
	*flags |= flagPersisted
	t.groups.add(group)
	t.valueBuf = t.appendStored(t.valueBuf[:0], e)
	return b.Set(t.keyBuf, t.valueBuf)
}

// admit brings a stored row into memory, where its key must not be.
func (t *Table) admit(k diskKey, value []byte) (Slot, error) {
	if t.stride == 0 {
		t.layFor(len(k.key))
	}
	s := t.insert(k.key, k.tag, k.group)
	e := t.at(s)
	*flagsOf(e) |= flagPersisted
	*(*uint32)(e) = 0
	if t.ttl != 0 {
		*(*int64)(unsafe.Add(e, entryStamp)) = t.core.now
	}
	t.cold.gone(orderAt(k.group, k.tag))
	return s, t.setStored(t.at(s), value)
}

// leave drops a clean entry from memory that the backing has.
func (t *Table) leave(s Slot, e unsafe.Pointer) {
	hash := rowcodec.Hash(t.keyOf(e))
	t.cold.left(orderAt(t.Group(s), uint32(hash)), hash)
	t.clearRow(e)
	t.drop(s, e)
	t.size--
}

// groupSet is a set of key groups.
type groupSet struct{ words []uint64 }

func (g *groupSet) add(group int) {
	for len(g.words) <= group/64 {
		g.words = append(g.words, 0)
	}
	g.words[group/64] |= 1 << (group % 64)
}

func (g *groupSet) has(group int) bool {
	return group/64 < len(g.words) && g.words[group/64]>>(group%64)&1 != 0
}
