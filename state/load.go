package state

import (
	"bytes"
	"slices"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// lookups is the scratch memory of one batch of reads from the backing.
type lookups struct {
	buf   []byte
	items []lookup
	keys  [][]byte
}

// lookup is key i of a batch and its backing key, buf[start:end].
type lookup struct {
	i          int32
	start, end int
}

func (l *lookups) key(x lookup) []byte { return l.buf[x.start:x.end] }

// prepare collects the backing keys of the given keys, sorted and distinct.
func (l *lookups) prepare(sp space, groups int, keys *rowcodec.Keys, which []int32) {
	l.buf, l.items, l.keys = l.buf[:0], l.items[:0], l.keys[:0]
	for _, i := range which {
		start := len(l.buf)
		group := rowcodec.KeyGroup(keys.Route(int(i)), groups)
		l.buf = sp.appendKey(l.buf, group, uint32(keys.Hashes[i]), keys.At(int(i)))
		l.items = append(l.items, lookup{i, start, len(l.buf)})
	}
	slices.SortFunc(l.items, func(a, b lookup) int { return bytes.Compare(l.key(a), l.key(b)) })
	l.items = slices.CompactFunc(l.items, func(a, b lookup) bool { return bytes.Equal(l.key(a), l.key(b)) })
	for _, x := range l.items {
		l.keys = append(l.keys, l.key(x))
	}
}

// load brings those of the given keys into memory that the backing has.
func (t *Table) load(keys *rowcodec.Keys, which []int32) error {
	l := &t.lookups
	l.prepare(t.space, t.core.options.Groups, keys, which)
	return t.core.options.Backing.MultiGet(l.keys, func(i int, value []byte) error {
		k, err := parseDiskKey(l.keys[i])
		if err != nil {
			return t.wrap(err)
		}
		s, err := t.admit(k, value)
		if err == nil {
			*flagsOf(t.at(s)) |= flagHot
		}
		return err
	})
}

// warm reads restored rows into memory while they take less than half the
// budget; what is left is learned later.
func (t *Table) warm() error { return t.warmWhile(func() bool { return !t.pressed() }) }

// warmAll reads all restored rows into memory.
func (t *Table) warmAll() error { return t.warmWhile(func() bool { return true }) }

func (t *Table) warmWhile(room func() bool) error {
	if !t.cold.unknown {
		return nil
	}
	full := false
	err := t.core.options.Backing.MultiScan(t.ranges(nil), func(_ int, key, value []byte) error {
		k, err := parseDiskKey(key)
		if err != nil {
			return t.wrap(err)
		}
		if t.index.count%64 == 63 {
			t.charge()
			if full = !room(); full {
				t.cold.learned = orderAt(k.group, k.tag)
				return errStop
			}
		}
		t.groups.add(k.group)
		_, err = t.admit(k, value)
		return err
	})
	if err != nil && err != errStop {
		return err
	}
	t.charge()
	if !full {
		t.cold.unknown = false
	}
	return nil
}
