package state

import (
	"cmp"
	"slices"
)

// ages keeps the entries of a Multi with a TTL in buckets by the time of their
// last change, so that expiry costs nothing per entry until it is due. The first
// bucket is sorted once some of its entries may be.
type ages struct {
	// quantum is a bucket's span in milliseconds.
	quantum int64
	// order lists the buckets in use by number (time / quantum), ascending; heads
	// are their first entries + 1.
	order []int64
	heads map[int64]Entry
	// first lists the entries of the bucket firstOf, youngest first, while sorted.
	first   []agedEntry
	firstOf int64
	sorted  bool
}

// agedEntry is an entry as it was when it had that stamp.
type agedEntry struct {
	stamp int64
	e     Entry
}

func (a *ages) bucket(stamp int64) int64 {
	n := stamp / a.quantum
	if stamp%a.quantum < 0 {
		n--
	}
	return n
}

// add puts an entry into the bucket of stamp.
func (a *ages) add(m *Multi, e Entry, stamp int64) {
	if a.heads == nil {
		a.heads = map[int64]Entry{}
	}
	n := a.bucket(stamp)
	a.sorted = a.sorted && n != a.firstOf
	head, ok := a.heads[n]
	if !ok {
		at, _ := slices.BinarySearch(a.order, n)
		a.order = slices.Insert(a.order, at, n)
	}
	age := m.entries.age(e)
	*age = entryAge{stamp: stamp, next: head}
	if head != 0 {
		m.entries.age(head - 1).prev = e + 1
	}
	a.heads[n] = e + 1
}

// remove takes an entry out of its bucket.
func (a *ages) remove(m *Multi, e Entry) {
	age := m.entries.age(e)
	if age.next != 0 {
		m.entries.age(age.next - 1).prev = age.prev
	}
	if age.prev != 0 {
		m.entries.age(age.prev - 1).next = age.next
		return
	}
	n := a.bucket(age.stamp)
	if age.next != 0 {
		a.heads[n] = age.next
		return
	}
	delete(a.heads, n)
	at, _ := slices.BinarySearch(a.order, n)
	a.order = slices.Delete(a.order, at, at+1)
}

// move makes an entry one of time now.
func (a *ages) move(m *Multi, e Entry, now int64) {
	if age := m.entries.age(e); a.bucket(age.stamp) == a.bucket(now) {
		age.stamp = now
		return
	}
	a.remove(m, e)
	a.add(m, e, now)
}

// expire removes the entries that were changed last ttl ago or longer.
func (a *ages) expire(m *Multi, ttl int64) {
	for len(a.order) > 0 && (a.order[0]+1)*a.quantum+ttl <= m.core.now {
		for n := a.order[0]; a.heads[n] != 0; {
			e := a.heads[n] - 1
			m.Remove(m.entries.link(e).slot, e)
		}
	}
	if len(a.order) == 0 || a.order[0]*a.quantum+ttl > m.core.now {
		return
	}
	a.sortFirst(m)
	for n := len(a.first); n > 0 && a.first[n-1].stamp+ttl <= m.core.now; n = len(a.first) {
		old := a.first[n-1]
		a.first = a.first[:n-1]
		if l := m.entries.link(old.e); l.flags&(flagLive|flagDead) == flagLive && m.entries.age(old.e).stamp == old.stamp {
			m.Remove(l.slot, old.e)
		}
	}
}

// sortFirst lists the entries of the first bucket, unless they are. Entries that were
// removed or changed since then are passed over by their stamps: what comes to the
// bucket anew makes it be sorted again.
func (a *ages) sortFirst(m *Multi) {
	n := a.order[0]
	if a.sorted && a.firstOf == n {
		return
	}
	a.first, a.firstOf, a.sorted = a.first[:0], n, true
	for at := a.heads[n]; at != 0; at = m.entries.age(at - 1).next {
		a.first = append(a.first, agedEntry{m.entries.age(at - 1).stamp, at - 1})
	}
	slices.SortFunc(a.first, func(x, y agedEntry) int { return cmp.Compare(y.stamp, x.stamp) })
}
