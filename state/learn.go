package state

import (
	"bytes"
	"encoding/binary"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// coldKeys is what a table knows of the keys that are in the backing only. Of a
// restored table it learns them a few rows a batch, in the order of the backing;
// of keys at or after learned it knows nothing yet and asks the backing. So a
// restore needs not read everything before the first row goes on.
type coldKeys struct {
	// count is the number of known cold keys.
	count int
	// filter holds them, and some that came back or went since.
	filter filter
	// unknown tells that learning has not come to the end; learned is the order
	// (see Table.orderOf) up to which it has come.
	unknown bool
	learned uint64
	lastKey []byte
}

const (
	// learnRows is how many rows of the backing are read for a batch, beside as many
	// as the batch has.
	learnRows = 256
	// staleLeast is how many stale keys a filter may hold at least.
	staleLeast = 1 << 16
)

func orderAt(group int, tag uint32) uint64 { return uint64(group)<<32 | uint64(tag) }

// known reports whether a cold key in that place is counted.
func (c *coldKeys) known(order uint64) bool { return !c.unknown || order < c.learned }

// left notes that a key is in the backing only from now on.
func (c *coldKeys) left(order, hash uint64) {
	if c.known(order) {
		c.count++
		c.filter.add(hash)
	}
}

// gone notes that a cold key was brought into memory or deleted. A partial key may
// not have been counted.
func (c *coldKeys) gone(order uint64) {
	if c.known(order) {
		c.count = max(0, c.count-1)
	}
}

// mayBeCold reports whether key i, which is not in memory, may be in the backing.
func (t *Table) mayBeCold(keys *rowcodec.Keys, i int) bool {
	hash := keys.Hashes[i]
	if t.cold.unknown {
		group := rowcodec.KeyGroup(keys.Route(i), t.core.options.Groups)
		if !t.cold.known(orderAt(group, uint32(hash))) {
			return true
		}
	}
	return t.cold.filter.has(hash)
}

// learn goes on learning cold keys for about rows rows; all when rows is 0.
func (t *Table) learn(rows int) error {
	c := &t.cold
	if !c.unknown {
		t.forget()
		return nil
	}
	var from []byte
	if c.learned > 0 {
		from = t.space.appendPrefix(nil, int(c.learned>>32))
		from = binary.BigEndian.AppendUint32(from, uint32(c.learned))
	}
	c.lastKey = c.lastKey[:0]
	seen, last, first := 0, uint64(0), true
	err := t.core.options.Backing.MultiScan(t.ranges(from), func(_ int, key, _ []byte) error {
		k, err := parseDiskKey(key)
		if err != nil {
			return t.wrap(err)
		}
		order := orderAt(k.group, k.tag)
		if rows > 0 && seen >= rows && order != last {
			last = order
			return errStop
		}
		seen++
		if !first && order == last && bytes.Equal(k.key, c.lastKey) {
			return nil // one more entry of the same key
		}
		first, last, c.lastKey = false, order, append(c.lastKey[:0], k.key...)
		t.groups.add(k.group)
		if s := t.findOne(k.key, k.tag); s == NoSlot || *flagsOf(t.at(s))&flagPartial != 0 {
			c.count++
			c.filter.add(rowcodec.Hash(k.key))
		}
		return nil
	})
	if err == errStop {
		c.learned = last
		return nil
	}
	if err == nil {
		c.unknown = false
	}
	return err
}

// forget starts learning anew when most of what the filter holds is stale. Slices
// are dropped before long.
func (t *Table) forget() {
	c := &t.cold
	if c.filter.count > 2*c.count+staleLeast && !t.space.namespaced() {
		c.filter.reset()
		*c = coldKeys{filter: c.filter, unknown: true, lastKey: c.lastKey}
	}
}
