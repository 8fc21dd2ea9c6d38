package state

import (
	"math"
	"slices"
	"time"
	"unsafe"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
)

// Entry is one entry of a Multi's key: valid like a Slot, and until it is removed.
type Entry uint32

// NoEntry is the end of an iteration and the answer for what is not there.
const NoEntry Entry = math.MaxUint32

// MultiSpec describes a Multi.
type MultiSpec struct {
	// ID names the table, unique in its scope and stable over versions of a query.
	ID string
	// Width is the size in bytes of an entry's payload, a multiple of 8; may be 0.
	Width int
	// Ordered keeps a key's entries in order of their sub-keys' bytes; otherwise
	// they are in the order in which they were put.
	Ordered bool
	// Appended makes sub-keys plain contents that may repeat: entries are added with
	// Append and never removed, so that a key need not be read back to grow. Not
	// with Ordered or a TTL.
	Appended bool
	// TTL is how long an entry lives after it was put or marked dirty last; 0 means
	// for ever. Expired entries vanish at the next Upsert or Find.
	TTL time.Duration
}

// Multi maps a key to many entries. An entry is a sub-key, unique within its key,
// and a payload of fixed width, zero when the entry is put. Both one entry and
// hundreds of thousands to a key are fast. A key in use is in memory with all its
// entries, or its newest after Extend; a key without entries is not there.
type Multi struct {
	// keys holds a multiRow for each key in memory. Its counts of cold rows count
	// keys; its rows are never stored: the entries are.
	keys  Table
	core  *core
	spec  MultiSpec
	space space

	entries entryArena
	subs    Heap
	// byHash finds an unordered entry by key and sub-key, if the key has many (see
	// Hashed).
	byHash index
	// directories find the entries of ordered keys that have many; free ones are
	// listed in spareDirectories.
	directories      []directory
	spareDirectories []uint32
	directoryBytes   int64

	// added and changed list entries with flagListed, those that the backing never
	// had and others; dead lists those removed that the backing has.
	added, changed []Entry
	dead           []Entry
	ages           ages
	loading        []Entry
	found          []Run // of Find
	// sequence is the number of the last appended entry of any key.
	sequence sequence
	// charged and chargedFresh are the parts of core.live and fresh.
	charged, chargedFresh int64
}

// multiRow is the row of a key.
type multiRow struct {
	head, tail Entry
	count      uint32
	// pending is the number of entries in Multi.dead: until they are written the
	// key must stay in memory.
	pending uint32
}

// orderedRow is the row of an ordered key.
type orderedRow struct {
	multiRow
	// directory is the index + 1 of the key's directory, or 0.
	directory uint32
	_         uint32
}

func (m *MultiSpec) rowBytes() int {
	if m.Ordered {
		return int(unsafe.Sizeof(orderedRow{}))
	}
	return int(unsafe.Sizeof(multiRow{}))
}

// Multi opens a Multi. Its entries of a restored snapshot are there.
func (s *Store) Multi(spec MultiSpec) (*Multi, error) {
	name := s.scope + spec.ID
	info := TableInfo{Name: name, Kind: KindMulti, Width: spec.Width, Ordered: spec.Ordered, Appended: spec.Appended}
	if err := checkLayout(info); err != nil {
		return nil, err
	}
	if spec.Appended && (spec.Ordered || spec.TTL != 0) {
		return nil, errs.Bugf("state table %s is appended to, and ordered or with a TTL too", name)
	}
	id, err := s.core.open(info)
	if err != nil {
		return nil, err
	}
	var sequence sequence
	if spec.Appended {
		if err := sequence.open(s.Cell(spec.ID + "#")); err != nil {
			return nil, err
		}
	}
	spec.ID = name
	m := newMulti(s.core, spec, space{id: id})
	m.sequence = sequence
	s.core.tables = append(s.core.tables, m)
	return m, m.warm()
}

func newMulti(c *core, spec MultiSpec, sp space) *Multi {
	m := &Multi{core: c, spec: spec, space: sp}
	m.keys = *newTable(c, TableSpec{ID: spec.ID, Layout: Layout{Width: spec.rowBytes()}}, sp)
	m.subs.pool, m.byHash.pool = &c.pool, &c.pool
	m.byHash.grow(0)
	m.ages.quantum = max(1, spec.TTL.Milliseconds()/64)
	m.charge()
	return m
}

func (m *Multi) row(s Slot) *multiRow { return (*multiRow)(m.keys.Row(s)) }

func (m *Multi) orderedRow(s Slot) *orderedRow { return (*orderedRow)(m.keys.Row(s)) }

// Upsert brings all keys into memory, adding those that are not there, and puts
// their slots into slots, which has the same length. Slots, entries and pointers
// obtained before become invalid.
func (m *Multi) Upsert(keys *rowcodec.Keys, slots []Slot) error {
	if err := m.begin(); err != nil {
		return err
	}
	m.keys.probe(&probing{keys: keys, slots: slots, insert: true})
	if m.keys.partials {
		m.missPartial(slots)
	}
	if len(m.keys.missing) > 0 {
		if err := m.load(keys); err != nil {
			return err
		}
		for _, i := range m.keys.missing {
			slots[i] = m.keys.upsertOne(keys, int(i))
		}
	}
	m.charge()
	return nil
}

// Find puts the slots of all keys into slots, which has the same length: NoSlot
// for those without entries. Slots, entries and pointers obtained before become
// invalid.
func (m *Multi) Find(keys *rowcodec.Keys, slots []Slot) error {
	m.found = slices.Grow(m.found[:0], len(slots))[:len(slots)]
	return m.FindRuns(keys, slots, m.found)
}

// Run is the entries of a key: the first and how many follow each other.
type Run struct {
	First Entry
	Count uint32
}

// FindRuns is Find that also puts the entries of each key into runs, which has the same
// length; a key that is not there has none.
func (m *Multi) FindRuns(keys *rowcodec.Keys, slots []Slot, runs []Run) error {
	if err := m.begin(); err != nil {
		return err
	}
	m.keys.probeEach(&probing{keys: keys, slots: slots}, func(from, to int) { m.runs(slots[from:to], runs[from:to]) })
	if m.keys.partials {
		m.missPartial(slots)
	}
	if len(m.keys.missing) > 0 {
		if err := m.load(keys); err != nil {
			return err
		}
		for _, i := range m.keys.missing {
			slots[i] = m.keys.findOne(keys.At(int(i)), uint32(keys.Hashes[i]))
			m.runs(slots[i:i+1], runs[i:i+1])
		}
	}
	m.charge()
	return nil
}

// runs gives the runs of slots, and NoSlot to those without entries.
func (m *Multi) runs(slots []Slot, runs []Run) {
	chunks, shift, mask, stride := m.keys.chunks, m.keys.shift&31, m.keys.mask, m.keys.stride
	rowOffset := m.keys.rowOffset
	runs = runs[:len(slots)]
	for i, s := range slots {
		run := Run{First: NoEntry}
		if s != NoSlot {
			row := (*multiRow)(unsafe.Add(chunks[s>>shift], uintptr(s&mask)*stride+rowOffset))
			if run = (Run{First: row.head - 1, Count: row.count}); run.Count == 0 {
				slots[i] = NoSlot
			}
		}
		runs[i] = run
	}
}

// Len is the number of entries in memory.
func (m *Multi) Len() int { return m.entries.count }

// Key is the encoded key of a slot, to be read only.
func (m *Multi) Key(s Slot) []byte { return m.keys.Key(s) }

// IsNew reports whether the last Upsert added the key.
func (m *Multi) IsNew(s Slot) bool { return m.keys.IsNew(s) }

// Count is the number of entries of a key.
func (m *Multi) Count(s Slot) int { return int(m.row(s).count) }

// First and Last are the ends of a key's entries, NoEntry when there are none.
func (m *Multi) First(s Slot) Entry { return m.row(s).head - 1 }

// Last is the last entry of a key; see First.
func (m *Multi) Last(s Slot) Entry { return m.row(s).tail - 1 }

// Next and Prev are the entry's neighbours, NoEntry at the ends. To remove entries
// while iterating, ask for the neighbour before.
func (m *Multi) Next(e Entry) Entry { return m.entries.link(e).next - 1 }

// Prev is the entry before e; see Next.
func (m *Multi) Prev(e Entry) Entry { return m.entries.link(e).prev - 1 }

// Sub is an entry's sub-key, to be read only.
func (m *Multi) Sub(e Entry) []byte {
	p := m.entries.at(Slot(e))
	n := (*entryLink)(p).length
	if n == longKey {
		return m.subs.Get(*(*uint64)(unsafe.Add(p, m.entries.subOffset)))
	}
	return unsafe.Slice((*byte)(unsafe.Add(p, m.entries.subOffset)), int(n))
}

// Subs puts the sub-key of each entry into dst, reusing its memory, and returns it.
func (m *Multi) Subs(entries []Entry, dst [][]byte) [][]byte {
	if cap(dst) < len(entries) {
		dst = make([][]byte, len(entries))
	}
	dst = dst[:len(entries)]
	a, subOffset := m.entries.arena, m.entries.subOffset
	for i, e := range entries {
		p := a.at(Slot(e))
		at := unsafe.Add(p, subOffset)
		if n := (*entryLink)(p).length; n != longKey {
			dst[i] = unsafe.Slice((*byte)(at), int(n))
		} else {
			dst[i] = m.subs.Get(*(*uint64)(at))
		}
	}
	return dst
}

// Payload is an entry's payload.
func (m *Multi) Payload(e Entry) unsafe.Pointer {
	return unsafe.Add(m.entries.at(Slot(e)), m.entries.payloadOffset)
}

// MarkDirty tells that an entry's payload was changed. Entries put are dirty
// already.
func (m *Multi) MarkDirty(_ Slot, e Entry) {
	l := m.entries.link(e)
	if l.flags&flagDirty == 0 || m.spec.TTL != 0 {
		m.touch(e, l)
	}
}

func (m *Multi) touch(e Entry, l *entryLink) {
	l.flags |= flagDirty
	switch {
	case l.flags&flagListed != 0:
	case l.flags&flagPersisted != 0:
		l.flags |= flagListed
		m.changed = append(m.changed, e)
	default:
		l.flags |= flagListed
		m.added = append(m.added, e)
	}
	if m.spec.TTL != 0 {
		m.ages.move(m, e, m.core.now)
	}
}

// Get is the entry of a key with the given sub-key, or NoEntry.
func (m *Multi) Get(s Slot, sub []byte) Entry {
	if m.spec.Ordered {
		e, found := m.search(s, sub)
		if !found {
			return NoEntry
		}
		return e
	}
	if m.isHashed(s) {
		return m.findHashed(s, sub, subTag(s, sub))
	}
	return m.walk(s, sub)
}

// Put is the entry of a key with the given sub-key, which is copied; inserted
// tells that there was none. Other entries and pointers stay valid.
func (m *Multi) Put(s Slot, sub []byte) (e Entry, inserted bool) {
	if m.spec.Ordered {
		e, inserted = m.putOrdered(s, sub)
	} else {
		e, inserted = m.putUnordered(s, sub)
	}
	if !inserted {
		return e, false
	}
	if m.spec.TTL != 0 {
		m.ages.add(m, e, m.core.now)
	}
	m.touch(e, m.entries.link(e))
	return e, true
}

func (m *Multi) putOrdered(s Slot, sub []byte) (e Entry, inserted bool) {
	after, found := m.search(s, sub)
	if found {
		return after, false
	}
	e = m.newEntry(s, sub)
	m.linkAfter(s, e, after)
	m.enterDirectory(s, e)
	return e, true
}

func (m *Multi) putUnordered(s Slot, sub []byte) (e Entry, inserted bool) {
	hashed, tag := m.isHashed(s), uint32(0)
	if hashed {
		tag = subTag(s, sub)
		e = m.findHashed(s, sub, tag)
	} else {
		e = m.walk(s, sub)
	}
	if e != NoEntry {
		return e, false
	}
	e = m.newEntry(s, sub)
	row := m.row(s)
	if row.tail != 0 {
		*m.entries.seq(e) = *m.entries.seq(row.tail - 1) + 1
	}
	m.linkAfter(s, e, row.tail-1)
	if hashed {
		m.enterHash(e, tag)
	} else {
		m.hashLong(s)
	}
	return e, true
}

// Remove takes an entry out.
func (m *Multi) Remove(s Slot, e Entry) {
	m.unlink(s, e)
	l := m.entries.link(e)
	if m.spec.TTL != 0 {
		m.ages.remove(m, e)
	}
	row := m.row(s)
	if l.flags&flagPersisted != 0 {
		l.flags |= flagDead
		m.dead = append(m.dead, e)
		row.pending++
	} else {
		m.freeEntry(e)
	}
	if row.count == 0 {
		m.keys.list(s, flagsOf(m.keys.at(s)))
	}
}

// unlink takes an entry out of its key's list and of what finds it.
func (m *Multi) unlink(s Slot, e Entry) {
	if m.spec.Ordered {
		m.leaveDirectory(s, e)
	} else if m.isHashed(s) {
		m.leaveHash(s, e)
	}
	l, row := m.entries.link(e), m.row(s)
	if l.prev == 0 {
		row.head = l.next
	} else {
		m.entries.link(l.prev - 1).next = l.next
	}
	if l.next == 0 {
		row.tail = l.prev
	} else {
		m.entries.link(l.next - 1).prev = l.prev
	}
	if row.count--; row.count == 0 {
		*flagsOf(m.keys.at(s)) &^= flagHashed
	}
}

// linkAfter puts a new entry behind after, or first if that is NoEntry.
func (m *Multi) linkAfter(s Slot, e, after Entry) {
	l, row := m.entries.link(e), m.row(s)
	l.prev = after + 1
	if after == NoEntry {
		l.next, row.head = row.head, e+1
	} else {
		a := m.entries.link(after)
		l.next, a.next = a.next, e+1
	}
	if l.next == 0 {
		row.tail = e + 1
	} else {
		m.entries.link(l.next - 1).prev = e + 1
	}
	row.count++
}
