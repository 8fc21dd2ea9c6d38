package state

import (
	"math"
	"time"
	"unsafe"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
)

// Slot is a key's place in a table; see the package comment for how long it is
// valid.
type Slot uint32

// NoSlot says that a key is not there.
const NoSlot Slot = math.MaxUint32

// Layout is the form of a table's rows.
type Layout struct {
	// Width is the row's size in bytes, a multiple of 8. It may be 0 for a set.
	Width int
	// Refs are the offsets, multiples of 8, of the words in a row that are
	// references into the table's heap; 0 in such a word means no bytes.
	Refs []int
}

// TableSpec describes a table.
type TableSpec struct {
	// ID names the table, unique in its scope and stable over versions of a query.
	ID     string
	Layout Layout
	// TTL is how long a row lives after it was inserted or marked dirty last;
	// 0 means for ever.
	TTL time.Duration
}

// Table maps keys to rows of fixed width. Rows are 8-aligned and zero when their
// key is inserted; the operator changes them in place and says so with MarkDirty.
type Table struct {
	arena
	rowOffset uintptr
	// keyOffset is where the inline key lies in an entry, inline its capacity. A
	// longer key is in the heap, and its reference there instead.
	keyOffset uintptr
	inline    int

	core  *core
	spec  TableSpec
	space space
	ttl   int64
	index index
	heap  Heap
	// born marks the entries inserted by the last Upsert; 0 marks none.
	born uint32
	// fresh is the first slot that never held an entry.
	fresh Slot
	// size is the number of keys in memory that are not dead.
	size int
	// added and changed list slots with flagListed, of rows that the backing never
	// had and of others; garbage lists slots deleted by the last batch that the
	// backing knows nothing of.
	added, changed []Slot
	garbage        []Slot
	// cold are the keys that are in the backing only; partials tells that keys in
	// memory may have flagPartial, which count as cold.
	cold     coldKeys
	partials bool
	// hand is where the clock goes on evicting.
	hand Slot
	// groups marks the key groups that the table has rows of in the backing; only
	// a dropped slice needs it.
	groups groupSet
	// sweepHand is where the search for expired rows goes on in memory, and
	// sweepKey in the backing.
	sweepHand Slot
	sweepKey  []byte

	touched  uint64
	missing  []int32
	lookups  lookups
	valueBuf []byte
	keyBuf   []byte
	charged  int64
	// chargedFresh is the part of core.fresh that was charged.
	chargedFresh int64
}

// An entry is a header, the time of its last change if the table has a TTL, the
// inline key, and the row:
//
//	born u32 | key length u8 | flags u8 | key group u16
const (
	entryLength = 4
	entryFlags  = 5
	entryGroup  = 6
	entryStamp  = 8
	entryHeader = 8
	// longKey as key length says that the key is in the heap.
	longKey = 255
	// inlineMax is the largest capacity for inline keys.
	inlineMax = 48
)

// Flags of an entry.
const (
	flagLive      = 1 << iota // the slot is in use
	flagDirty                 // differs from the backing (I1)
	flagDead                  // deleted: kept until the backing knows
	flagPersisted             // the backing has a row for the key
	flagHot                   // used since the clock's hand passed
	flagListed                // in Table.added or changed
	flagPartial               // a Multi's key: the backing may have older entries
	flagHashed                // a Multi's key: its entries are in byHash
)

// Table opens a table. Its rows of a restored snapshot are there.
func (s *Store) Table(spec TableSpec) (*Table, error) {
	spec.ID = s.scope + spec.ID
	info := TableInfo{Name: spec.ID, Kind: KindTable, Width: spec.Layout.Width, Refs: spec.Layout.Refs}
	if err := checkLayout(info); err != nil {
		return nil, err
	}
	id, err := s.core.open(info)
	if err != nil {
		return nil, err
	}
	t := newTable(s.core, spec, space{id: id})
	s.core.tables = append(s.core.tables, t)
	return t, t.warm()
}

func checkLayout(info TableInfo) error {
	if info.Width < 0 || info.Width%8 != 0 || info.Width > 1<<16 {
		return errs.Bugf("state table %s has rows of %d bytes; they must be a multiple of 8 up to 64 KiB", info.Name, info.Width)
	}
	for _, r := range info.Refs {
		if r < 0 || r%8 != 0 || r+8 > info.Width {
			return errs.Bugf("state table %s has a reference at %d in rows of %d bytes", info.Name, r, info.Width)
		}
	}
	return nil
}

func newTable(c *core, spec TableSpec, sp space) *Table {
	t := &Table{core: c, spec: spec, space: sp, ttl: spec.TTL.Milliseconds(), cold: coldKeys{unknown: c.options.Restored}}
	t.heap.pool, t.index.pool, t.cold.filter.pool = &c.pool, &c.pool, &c.pool
	t.cold.filter.limit = c.options.BudgetBytes / 8
	t.index.grow(0)
	t.charge()
	return t
}

// Row is the row of a slot.
func (t *Table) Row(s Slot) unsafe.Pointer {
	return unsafe.Add(t.chunks[s>>(t.shift&31)], uintptr(s&t.mask)*t.stride+t.rowOffset)
}

// Rows puts the row of each slot into dst, reusing its memory, and returns it;
// NoSlot gives nil.
func (t *Table) Rows(slots []Slot, dst []unsafe.Pointer) []unsafe.Pointer {
	if cap(dst) < len(slots) {
		dst = make([]unsafe.Pointer, len(slots))
	}
	dst = dst[:len(slots)]
	for i, s := range slots {
		if s == NoSlot {
			dst[i] = nil
			continue
		}
		dst[i] = t.Row(s)
	}
	return dst
}

// Key is the encoded key of a slot, to be read only.
func (t *Table) Key(s Slot) []byte { return t.keyOf(t.at(s)) }

// Keys puts the key of each slot into dst, reusing its memory, and returns it.
func (t *Table) Keys(slots []Slot, dst [][]byte) [][]byte {
	dst = dst[:0]
	for _, s := range slots {
		dst = append(dst, t.Key(s))
	}
	return dst
}

func (t *Table) keyOf(e unsafe.Pointer) []byte {
	n := *(*uint8)(unsafe.Add(e, entryLength))
	if n == longKey {
		return t.heap.Get(*(*uint64)(unsafe.Add(e, t.keyOffset)))
	}
	return unsafe.Slice((*byte)(unsafe.Add(e, t.keyOffset)), int(n))
}

// IsNew reports whether the last Upsert inserted the key, which also holds for a
// key whose row had expired or had been deleted before.
func (t *Table) IsNew(s Slot) bool { return *(*uint32)(t.at(s)) == t.born }

// Heap holds the rows' byte strings.
func (t *Table) Heap() *Heap { return &t.heap }

// Group is the key group of a slot.
func (t *Table) Group(s Slot) int { return int(*(*uint16)(unsafe.Add(t.at(s), entryGroup))) }

func flagsOf(e unsafe.Pointer) *uint8 { return (*uint8)(unsafe.Add(e, entryFlags)) }

// MarkDirty tells that a row was changed. Inserted rows are dirty already. On a
// slot deleted since the last Upsert or Find it takes the deletion back: the key
// is there again, with a zero row.
func (t *Table) MarkDirty(s Slot) {
	if *flagsOf(t.at(s))&(flagDirty|flagDead) != flagDirty || t.ttl != 0 {
		t.markSlow(s)
	}
}

// MarkAllDirty is MarkDirty of all slots but NoSlot, faster than one by one.
func (t *Table) MarkAllDirty(slots []Slot) {
	for _, s := range slots {
		if s == NoSlot {
			continue
		}
		if *flagsOf(t.at(s))&(flagDirty|flagDead) != flagDirty || t.ttl != 0 {
			t.markSlow(s)
		}
	}
}

func (t *Table) markSlow(s Slot) {
	e := t.at(s)
	flags := flagsOf(e)
	if *flags&flagDead != 0 {
		*flags &^= flagDead
		t.size++
	}
	*flags |= flagDirty
	t.list(s, flags)
	if t.ttl != 0 {
		*(*int64)(unsafe.Add(e, entryStamp)) = t.core.now
	}
}

func (t *Table) list(s Slot, flags *uint8) {
	switch {
	case *flags&flagListed != 0:
	case *flags&flagPersisted != 0:
		*flags |= flagListed
		t.changed = append(t.changed, s)
	default:
		*flags |= flagListed
		t.added = append(t.added, s)
	}
}

// Delete removes a key: its row is zeroed and its strings are freed.
func (t *Table) Delete(s Slot) {
	e := t.at(s)
	flags := flagsOf(e)
	if *flags&flagDead != 0 {
		return
	}
	t.clearRow(e)
	*flags |= flagDead
	t.size--
	if *flags&flagPersisted != 0 {
		*flags |= flagDirty
		t.list(s, flags)
	} else {
		t.garbage = append(t.garbage, s)
	}
}

// clearRow zeroes a row and frees its strings.
func (t *Table) clearRow(e unsafe.Pointer) {
	row := unsafe.Add(e, t.rowOffset)
	for _, r := range t.spec.Layout.Refs {
		t.heap.Free(*refAt(row, r))
	}
	clear(unsafe.Slice((*byte)(row), t.spec.Layout.Width))
}

// MemoryLen is the number of keys in memory; Len counts all.
func (t *Table) MemoryLen() int { return t.size }

// Len is the number of keys, expired ones included that were not met since. It
// is a count kept in memory, except that it reads the backing once after a
// restore that did not fit in memory.
func (t *Table) Len() (int, error) {
	if err := t.core.usable(); err != nil {
		return 0, err
	}
	if err := t.learn(0); err != nil {
		return 0, err
	}
	return t.size + t.cold.count, nil
}

// complete reports that what is not in memory is nowhere. The count of cold keys
// is not exact with partial ones.
func (t *Table) complete() bool {
	return !t.cold.unknown && (t.cold.filter.count == 0 || t.cold.count == 0 && !t.partials)
}

func (t *Table) info() TableInfo { return t.core.infos[t.spec.ID] }

func (t *Table) indexBytes() int64 { return 8 * int64(len(t.index.words)) }

func (t *Table) liveBytes() int64 {
	return int64(t.index.count)*int64(t.stride) + t.heap.live + t.indexBytes() + t.cold.filter.bytes
}

// charge brings core.live and core.fresh up to date.
func (t *Table) charge() {
	live := t.liveBytes()
	t.core.live += live - t.charged
	t.charged = live
	fresh := shareOf(live, len(t.added), t.index.count)
	t.core.fresh += fresh - t.chargedFresh
	t.chargedFresh = fresh
}

// shareOf is about how many of bytes belong to part of all rows.
func shareOf(bytes int64, part, all int) int64 {
	return int64(float64(bytes) * min(1, float64(part)/float64(max(1, all))))
}

// begin starts a batch of n keys: it frees what the last one deleted and makes
// room.
func (t *Table) begin(n int) error {
	if err := t.core.usable(); err != nil {
		return err
	}
	t.collect()
	t.nextBatch()
	t.charge()
	if over := t.core.over(); over > 0 && t.charged*int64(len(t.core.tables)) > t.core.options.BudgetBytes {
		if err := t.evict(over); err != nil {
			return err
		}
	}
	if t.core.dueFresh(t.chargedFresh) && !t.space.namespaced() {
		if err := t.writeBack(); err != nil {
			return err
		}
	}
	if err := t.learn(n + learnRows); err != nil {
		return err
	}
	if t.ttl != 0 {
		t.sweep(n/4 + 16)
	}
	return nil
}

// nextBatch makes every entry old. When the counter wraps around, entries born at
// the same count before are told apart by clearing them all.
func (t *Table) nextBatch() {
	t.born++
	if t.born == 0 {
		for s := range t.fresh {
			*(*uint32)(t.at(s)) = 0
		}
		t.born = 1
	}
}

// collect frees slots deleted by the last batch that the backing never knew.
func (t *Table) collect() {
	for _, s := range t.garbage {
		e := t.at(s)
		if *flagsOf(e)&(flagLive|flagDead|flagPersisted) == flagLive|flagDead {
			t.drop(s, e)
		}
	}
	t.garbage = t.garbage[:0]
}

// drop takes an entry out of memory; its row must be cleared or written.
func (t *Table) drop(s Slot, e unsafe.Pointer) {
	key := t.keyOf(e)
	t.index.remove(uint32(rowcodec.Hash(key)), s)
	if *(*uint8)(unsafe.Add(e, entryLength)) == longKey {
		t.heap.Free(*(*uint64)(unsafe.Add(e, t.keyOffset)))
	}
	// A slot stays listed until the next flush, so that it is listed once.
	*flagsOf(e) &= flagListed
	*(*uint32)(e) = 0
	t.put(s)
}
