package state

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// A stored entry is
//
//	form u8 | [time of last change i64] | [sequence number uvarint, if unordered] | payload
//
// under its key and sub-key. An appended one is
//
//	form u8 | payload | sub-key
//
// under its key and its sequence number, u64 big endian.

// appendStored appends the stored form of an entry.
func (m *Multi) appendStored(dst []byte, e Entry) []byte {
	if m.spec.TTL != 0 {
		dst = append(dst, rowFormTimed)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(m.entries.age(e).stamp))
	} else {
		dst = append(dst, rowForm)
	}
	if m.spec.Appended {
		dst = append(dst, unsafe.Slice((*byte)(m.Payload(e)), m.spec.Width)...)
		return append(dst, m.Sub(e)...)
	}
	if !m.spec.Ordered {
		dst = binary.AppendUvarint(dst, *m.entries.seq(e))
	}
	return append(dst, unsafe.Slice((*byte)(m.Payload(e)), m.spec.Width)...)
}

// entryKey is the backing key of an entry, valid until the next call.
func (m *Multi) entryKey(e Entry) []byte {
	s := m.entries.link(e).slot
	key := m.keys.Key(s)
	m.keys.keyBuf = m.space.appendKey(m.keys.keyBuf[:0], m.keys.Group(s), uint32(rowcodec.Hash(key)), key)
	if m.spec.Appended {
		m.keys.keyBuf = binary.BigEndian.AppendUint64(m.keys.keyBuf, *m.entries.seq(e))
	} else {
		m.keys.keyBuf = append(m.keys.keyBuf, m.Sub(e)...)
	}
	return m.keys.keyBuf
}

// write puts a dirty entry into b, which makes it clean.
func (m *Multi) write(b Batch, e Entry) error {
	l := m.entries.link(e)
	l.flags = l.flags&^flagDirty | flagPersisted
	m.keys.groups.add(m.keys.Group(l.slot))
	m.keys.valueBuf = m.appendStored(m.keys.valueBuf[:0], e)
	return b.Set(m.entryKey(e), m.keys.valueBuf)
}

// flush writes all changes to b: removals first, since an entry may have been put
// anew after its removal.
func (m *Multi) flush(b Batch) error {
	if m.spec.TTL != 0 {
		m.ages.expire(m, m.spec.TTL.Milliseconds())
	}
	if err := m.flushDead(b); err != nil {
		return err
	}
	if err := m.writeListed(b, m.added); err != nil {
		return err
	}
	if err := m.writeListed(b, m.changed); err != nil {
		return err
	}
	m.added, m.changed = m.added[:0], m.changed[:0]
	m.sequence.save()
	m.collect()
	m.charge()
	if m.spec.TTL != 0 && !m.keys.complete() {
		return m.sweepBacking(b)
	}
	return nil
}

// writeListed writes those of the listed entries that are dirty to b; see Table.
func (m *Multi) writeListed(b Batch, listed []Entry) error {
	for _, e := range listed {
		l := m.entries.link(e)
		l.flags &^= flagListed
		if l.flags&(flagLive|flagDirty) != flagLive|flagDirty {
			continue
		}
		if err := m.write(b, e); err != nil {
			return err
		}
		if err := commitFull(b); err != nil {
			return err
		}
	}
	return nil
}

// sweepBacking deletes expired entries among about the next sweepRows of the backing,
// of keys that are not in memory; see Table.sweepBacking.
func (m *Multi) sweepBacking(b Batch) error {
	if err := b.Commit(); err != nil {
		return err
	}
	t := &m.keys
	ranges := t.ranges(t.sweepKey)
	t.sweepKey = t.sweepKey[:0]
	s := sweep{m: m}
	err := m.core.options.Backing.MultiScan(ranges, func(_ int, key, value []byte) error {
		k, err := parseDiskKey(key)
		if err != nil {
			return t.wrap(err)
		}
		if !s.of(k) {
			if s.finish(); s.seen >= sweepRows {
				t.sweepKey = append(t.sweepKey[:0], key...)
				return errStop
			}
			s.start(k)
		}
		return s.take(b, key, value)
	})
	if err == errStop {
		return nil
	}
	s.finish()
	return err
}

// sweep is the state of a search for expired entries: the current key, how many
// entries it has, and how many are left.
type sweep struct {
	m          *Multi
	key        []byte
	group      int
	tag        uint32
	cold       bool
	seen, left int
}

func (s *sweep) of(k diskKey) bool {
	return s.seen > 0 && k.group == s.group && k.tag == s.tag && bytes.Equal(k.key, s.key)
}

func (s *sweep) start(k diskKey) {
	s.key, s.group, s.tag, s.left = append(s.key[:0], k.key...), k.group, k.tag, 0
	s.cold = s.m.keys.findOne(k.key, k.tag) == NoSlot
}

// take deletes an entry if it has expired.
func (s *sweep) take(b Batch, key, value []byte) error {
	s.seen++
	if !s.cold {
		return nil
	}
	if len(value) < 9 || value[0] != rowFormTimed || int64(binary.LittleEndian.Uint64(value[1:]))+s.m.spec.TTL.Milliseconds() > s.m.core.now {
		s.left++
		return nil
	}
	return b.Delete(key)
}

// finish forgets a key that has no entries left.
func (s *sweep) finish() {
	if s.seen > 0 && s.cold && s.left == 0 {
		s.m.keys.cold.gone(orderAt(s.group, s.tag))
	}
	s.cold = false
}

// flushDead writes removals to b and frees the removed entries.
func (m *Multi) flushDead(b Batch) error {
	for _, e := range m.dead {
		l := m.entries.link(e)
		s := l.slot
		if err := b.Delete(m.entryKey(e)); err != nil {
			return err
		}
		row := m.row(s)
		row.pending--
		if row.pending == 0 && row.count == 0 {
			m.keys.list(s, flagsOf(m.keys.at(s)))
		}
		l.flags &^= flagDead | flagLive | flagDirty | flagPersisted
		m.freeEntry(e)
		if err := commitFull(b); err != nil {
			return err
		}
	}
	m.dead = m.dead[:0]
	return nil
}

// begin starts a batch: it forgets keys without entries, expires entries, and
// makes room.
func (m *Multi) begin() error {
	if err := m.core.usable(); err != nil {
		return err
	}
	m.collect()
	m.keys.nextBatch()
	if m.spec.TTL != 0 {
		m.ages.expire(m, m.spec.TTL.Milliseconds())
	}
	m.charge()
	if over := m.core.over(); over > 0 && m.charged*int64(len(m.core.tables)) > m.core.options.BudgetBytes {
		if err := m.evict(over); err != nil {
			return err
		}
	}
	if m.core.dueFresh(m.chargedFresh) && !m.space.namespaced() {
		if err := m.writeBack(); err != nil {
			return err
		}
	}
	return m.keys.learn(learnRows)
}

// collect drops listed keys that have no entries and await no write.
func (m *Multi) collect() {
	for _, s := range m.keys.added {
		e := m.keys.at(s)
		flags := flagsOf(e)
		*flags &^= flagListed | flagDirty
		if *flags&flagLive == 0 {
			continue
		}
		if row := m.row(s); row.count == 0 && row.pending == 0 {
			m.keys.drop(s, e)
			m.keys.size--
		}
	}
	m.keys.added = m.keys.added[:0]
}

// evict makes room for about want bytes, by the clock over keys; see Table.evict.
func (m *Multi) evict(want int64) error {
	b := m.core.options.Backing.NewBatch()
	defer b.Close()
	if err := m.flushDead(b); err != nil {
		return err
	}
	m.collect()
	t, before := &m.keys, m.charged
	for range 2 * int(t.fresh) {
		if t.hand >= t.fresh {
			t.hand = 0
		}
		s := t.hand
		t.hand++
		flags := flagsOf(t.at(s))
		if *flags&flagLive == 0 {
			continue
		}
		if *flags&flagHot != 0 {
			*flags &^= flagHot
			continue
		}
		if err := m.evictKey(b, s); err != nil {
			return err
		}
		if before-m.liveBytes() >= want {
			break
		}
	}
	m.charge()
	return b.Commit()
}

// evictKey writes and drops a key and its entries.
func (m *Multi) evictKey(b Batch, s Slot) error {
	row := m.row(s)
	any, hashed := row.count > 0, m.isHashed(s)
	for e := row.head - 1; e != NoEntry; {
		next := m.Next(e)
		if m.entries.link(e).flags&flagDirty != 0 {
			if err := m.write(b, e); err != nil {
				return err
			}
			if err := commitFull(b); err != nil {
				return err
			}
		}
		if hashed {
			m.leaveHash(s, e)
		}
		if m.spec.TTL != 0 {
			m.ages.remove(m, e)
		}
		l := m.entries.link(e)
		l.flags &^= flagLive | flagPersisted
		m.freeEntry(e)
		e = next
	}
	if m.spec.Ordered {
		m.freeDirectory(s)
	}
	if any {
		m.keyLeft(s)
	}
	m.keys.drop(s, m.keys.at(s))
	m.keys.size--
	return nil
}

func (m *Multi) liveBytes() int64 {
	return int64(m.keys.index.count)*int64(m.keys.stride) + m.keys.heap.live + m.subs.live + m.keys.cold.filter.bytes +
		int64(m.entries.count)*int64(m.entries.stride) + m.directoryBytes + m.indexBytes()
}

func (m *Multi) indexBytes() int64 { return 8 * int64(len(m.keys.index.words)+len(m.byHash.words)) }

func (m *Multi) charge() {
	live := m.liveBytes()
	m.core.live += live - m.charged
	m.charged = live
	fresh := shareOf(live, len(m.added), m.entries.count)
	m.core.fresh += fresh - m.chargedFresh
	m.chargedFresh = fresh
}

func (m *Multi) info() TableInfo { return m.core.infos[m.spec.ID] }
