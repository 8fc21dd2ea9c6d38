package state

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"unsafe"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
)

// load brings the keys listed in m.keys.missing into memory, with their entries,
// as far as the backing has them.
func (m *Multi) load(keys *rowcodec.Keys) error {
	l := &m.keys.lookups
	l.prepare(m.space, m.core.options.Groups, keys, m.keys.missing)
	ranges := make([]KeyRange, len(l.keys))
	for i, k := range l.keys {
		ranges[i] = KeyRange{Lower: k, Upper: prefixEnd(bytes.Clone(k))}
	}
	if m.keys.partials {
		m.boundPartial(keys, ranges)
	}
	a := admission{m: m, slot: NoSlot}
	err := m.core.options.Backing.MultiScan(ranges, func(_ int, key, value []byte) error { return a.take(key, value) })
	if err != nil {
		return err
	}
	if err := a.finish(); err != nil {
		return err
	}
	if m.keys.partials {
		m.nowWhole(keys)
	}
	return nil
}

// warm reads restored keys into memory while they take less than half the budget.
func (m *Multi) warm() error {
	if !m.keys.cold.unknown {
		return nil
	}
	a := admission{m: m, slot: NoSlot, bounded: true}
	err := m.core.options.Backing.MultiScan(m.keys.ranges(nil), func(_ int, key, value []byte) error { return a.take(key, value) })
	if err != nil && err != errStop {
		return err
	}
	if err == nil {
		err = a.finish()
		m.keys.cold.unknown = false
	}
	m.collect()
	m.charge()
	if err == errStop {
		err = nil
	}
	return err
}

// admission brings stored entries into memory, one key after another.
type admission struct {
	m *Multi
	// slot is the key that entries are arriving for, or NoSlot.
	slot Slot
	keys int
	// bounded stops between two keys when memory is getting short.
	bounded bool
}

// take takes one stored entry; the entries of a key follow each other.
func (a *admission) take(key, value []byte) error {
	m := a.m
	k, err := parseDiskKey(key)
	if err != nil {
		return m.keys.wrap(err)
	}
	if a.slot == NoSlot || !bytes.Equal(m.keys.Key(a.slot), k.key) {
		if err := a.finish(); err != nil {
			return err
		}
		if a.bounded && a.keys%16 == 15 {
			if m.charge(); m.keys.pressed() {
				m.keys.cold.learned = orderAt(k.group, k.tag)
				return errStop
			}
		}
		a.start(k)
	}
	if m.spec.Appended {
		return a.takeAppended(k.sub, value)
	}
	e := m.newEntry(a.slot, k.sub)
	m.entries.link(e).flags |= flagPersisted
	if err := m.setStored(e, value); err != nil {
		return m.keys.wrap(err)
	}
	m.loading = append(m.loading, e)
	return nil
}

func (a *admission) start(k diskKey) {
	t := &a.m.keys
	if t.stride == 0 {
		t.layFor(len(k.key))
	}
	a.keys++
	t.groups.add(k.group)
	t.cold.gone(orderAt(k.group, k.tag))
	if t.partials {
		if a.slot = t.findOne(k.key, k.tag); a.slot != NoSlot {
			return
		}
	}
	a.slot = t.insert(k.key, k.tag, k.group)
	e := t.at(a.slot)
	*(*uint32)(e) = 0
	*flagsOf(e) |= flagHot
}

// finish links the entries of the current key.
func (a *admission) finish() error {
	m := a.m
	if a.slot == NoSlot {
		return nil
	}
	if m.spec.Appended {
		a.prepend()
		return nil
	}
	if !m.spec.Ordered {
		slices.SortFunc(m.loading, func(x, y Entry) int { return cmp.Compare(*m.entries.seq(x), *m.entries.seq(y)) })
	}
	row := m.row(a.slot)
	for _, e := range m.loading {
		m.linkAfter(a.slot, e, row.tail-1)
		if m.spec.TTL != 0 {
			m.ages.add(m, e, m.entries.age(e).stamp)
		}
	}
	m.loading = m.loading[:0]
	if !m.spec.Ordered {
		m.hashLong(a.slot)
	} else if row.count > directoryLeast {
		m.buildDirectory(a.slot)
	}
	if m.spec.TTL != 0 {
		m.ages.expire(m, m.spec.TTL.Milliseconds())
	}
	a.slot = NoSlot
	return nil
}

// setStored fills a new entry from its stored form.
func (m *Multi) setStored(e Entry, b []byte) error {
	b, stamp, err := cutForm(b, m.core.now)
	if err != nil {
		return err
	}
	if m.spec.TTL != 0 {
		m.entries.age(e).stamp = stamp
	}
	if !m.spec.Ordered {
		seq, used := binary.Uvarint(b)
		if used <= 0 {
			return errShortRow
		}
		*m.entries.seq(e) = seq
		b = b[used:]
	}
	if len(b) != m.spec.Width {
		return errs.Corruptionf("a stored entry has a payload of %d bytes, not %d", len(b), m.spec.Width)
	}
	copy(unsafe.Slice((*byte)(m.Payload(e)), m.spec.Width), b)
	return nil
}
