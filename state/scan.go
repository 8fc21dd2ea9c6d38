package state

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"
)

// Scan visits all keys in hash order, those in the backing included; see
// ScanBatch.
func (t *Table) Scan(visit func(s Slot) error) error {
	return t.ScanBatch(scanBatch, func(slots []Slot) error {
		for _, s := range slots {
			if err := visit(s); err != nil {
				return err
			}
		}
		return nil
	})
}

const scanBatch = 1024

// ScanBatch visits all keys in hash order, those in the backing included, at most
// rows slots at a time. Slots and pointers are valid until visit returns. visit
// may mark slots dirty or delete them; it may not call Upsert, Find or another
// scan on this table.
func (t *Table) ScanBatch(rows int, visit func(slots []Slot) error) error {
	if err := t.core.usable(); err != nil {
		return err
	}
	t.collect()
	t.nextBatch()
	sc := scanner{t: t, rows: max(1, rows), visit: visit, hot: t.hotOrder()}
	if !t.complete() {
		if err := t.core.options.Backing.MultiScan(t.ranges(nil), sc.cold); err != nil {
			return err
		}
	}
	if err := sc.emitHot(len(sc.hot)); err != nil {
		return err
	}
	err := sc.call()
	t.charge()
	return err
}

// hotOrder lists the entries in memory in the order of the backing: by key group,
// tag and key.
func (t *Table) hotOrder() []Slot {
	counts := make([]int, t.core.options.Groups+1)
	for _, w := range t.index.words {
		if w != 0 {
			counts[*(*uint16)(unsafe.Add(t.at(wordSlot(w)), entryGroup))+1]++
		}
	}
	for g := 1; g < len(counts); g++ {
		counts[g] += counts[g-1]
	}
	starts := slices.Clone(counts)
	out := make([]Slot, t.index.count)
	tags := make([]uint32, t.index.count)
	for _, w := range t.index.words {
		if w == 0 {
			continue
		}
		s := wordSlot(w)
		group := *(*uint16)(unsafe.Add(t.at(s), entryGroup))
		at := counts[group]
		counts[group]++
		tags[at] = wordTag(w)
		// Words come in order of tag; keys of one tag are put in order here.
		for at > starts[group] && tags[at-1] == wordTag(w) && keyBefore(t.Key(s), t.Key(out[at-1])) {
			out[at] = out[at-1]
			at--
		}
		out[at] = s
	}
	return out
}

// keyBefore reports whether key a lies before key b in the backing, where a key's
// length comes first.
func keyBefore(a, b []byte) bool {
	if len(a) == len(b) {
		return bytes.Compare(a, b) < 0
	}
	var x, y [binary.MaxVarintLen64]byte
	i, j := binary.PutUvarint(x[:], uint64(len(a))), binary.PutUvarint(y[:], uint64(len(b)))
	return bytes.Compare(x[:i], y[:j]) < 0
}

// scanner merges the entries in memory with the rows of the backing.
type scanner struct {
	t     *Table
	rows  int
	visit func(slots []Slot) error
	// hot are the entries in memory, next the first not visited yet.
	hot  []Slot
	next int
	// batch is what is to be visited next; loaded those of it that came from the
	// backing.
	batch  []Slot
	loaded []Slot
}

// cold takes one row of the backing.
func (sc *scanner) cold(_ int, key, value []byte) error {
	t := sc.t
	k, err := parseDiskKey(key)
	if err != nil {
		return t.wrap(err)
	}
	if t.findOne(k.key, k.tag) != NoSlot {
		return nil // memory knows better
	}
	order := orderAt(k.group, k.tag)
	end := sc.next
	for end < len(sc.hot) && sc.hotBefore(sc.hot[end], order, k.key) {
		end++
	}
	if err := sc.emitHot(end); err != nil {
		return err
	}
	s, err := t.admit(k, value)
	if err != nil {
		return err
	}
	sc.loaded = append(sc.loaded, s)
	return sc.emit(s)
}

func (sc *scanner) hotBefore(s Slot, order uint64, key []byte) bool {
	e := sc.t.at(s)
	own := sc.t.orderOf(e)
	if own != order {
		return own < order
	}
	return keyBefore(sc.t.keyOf(e), key)
}

func (sc *scanner) emitHot(end int) error {
	for sc.next < end {
		s := sc.hot[sc.next]
		sc.next++
		if err := sc.emit(s); err != nil {
			return err
		}
	}
	return nil
}

func (sc *scanner) emit(s Slot) error {
	e := sc.t.at(s)
	if *flagsOf(e)&flagDead != 0 {
		return nil
	}
	if sc.t.ttl != 0 && sc.t.expired(e) {
		sc.t.Delete(s)
		return nil
	}
	sc.batch = append(sc.batch, s)
	if len(sc.batch) < sc.rows {
		return nil
	}
	return sc.call()
}

// call visits the batch and sends what was loaded for it back, unless changed.
func (sc *scanner) call() error {
	if len(sc.batch) > 0 {
		if err := sc.visit(sc.batch); err != nil {
			return err
		}
	}
	for _, s := range sc.loaded {
		e := sc.t.at(s)
		if *flagsOf(e)&(flagDirty|flagDead) == 0 {
			sc.t.leave(s, e)
		}
	}
	sc.batch, sc.loaded = sc.batch[:0], sc.loaded[:0]
	return nil
}
