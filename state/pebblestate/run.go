package pebblestate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// run collects writes one after another, as fast as they can be copied. It is sorted
// by whoever needs it sorted first, and must not grow afterwards.
type run struct {
	blocks [][]byte
	writes []write
	// bytes is the size of all keys and values, held that of the blocks.
	bytes, held int
	sorted      sync.Once
}

// write is one write of a run: a row set or a key deleted. Its key and then its
// value lie in a block from at on.
type write struct {
	// major and minor are the first bytes of the key, which nearly always decide.
	major, minor     uint64
	block, at        uint32
	keyLen, valueLen uint32
}

// deletedKey as the length of a value says that the key is deleted.
const deletedKey = math.MaxUint32

// prefixWords are the first 16 bytes of a key as numbers that compare like them.
func prefixWords(key []byte) (major, minor uint64) {
	if len(key) >= 16 {
		return binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:])
	}
	var padded [16]byte
	copy(padded[:], key)
	return binary.BigEndian.Uint64(padded[:]), binary.BigEndian.Uint64(padded[8:])
}

// add copies one write in; memory gives empty blocks.
func (r *run) add(memory *blocks, key, value []byte, deleted bool) {
	need, last := len(key)+len(value), len(r.blocks)-1
	if last < 0 || cap(r.blocks[last])-len(r.blocks[last]) < need {
		block := memory.take(need, last < 0)
		r.blocks, r.held = append(r.blocks, block), r.held+cap(block)
		last++
	}
	w := write{block: uint32(last), at: uint32(len(r.blocks[last])), keyLen: uint32(len(key)), valueLen: uint32(len(value))}
	w.major, w.minor = prefixWords(key)
	if deleted {
		w.valueLen = deletedKey
	}
	r.blocks[last] = append(append(r.blocks[last], key...), value...)
	r.writes = append(r.writes, w)
	r.bytes += need
}

func (r *run) key(w *write) []byte { return r.blocks[w.block][w.at : w.at+w.keyLen] }

// value is the row's value; nil, and not merely empty, when the key is deleted.
func (r *run) value(w *write) []byte {
	if w.valueLen == deletedKey {
		return nil
	}
	at := w.at + w.keyLen
	return r.blocks[w.block][at : at+w.valueLen : at+w.valueLen]
}

// compare compares the key of w with another, given with its first words.
func (r *run) compare(w *write, major, minor uint64, key []byte) int {
	if c := cmp.Compare(w.major, major); c != 0 {
		return c
	}
	if c := cmp.Compare(w.minor, minor); c != 0 {
		return c
	}
	return bytes.Compare(r.key(w), key)
}

// sort puts the writes in order of their keys; of several to one key the last is
// left.
func (r *run) sort() {
	r.sorted.Do(func() {
		r.sortPrefixes()
		r.sortTies()
		kept := r.writes[:0]
		for i := range r.writes {
			if i+1 == len(r.writes) || !r.sameKey(i, i+1) {
				kept = append(kept, r.writes[i])
			}
		}
		r.writes = kept
	})
}

// sortPrefixes puts the writes in order of their keys' first bytes, and keeps the order
// of those that share them: byte by byte, the last one first, without the many bytes
// that are the same in all keys.
func (r *run) sortPrefixes() {
	if len(r.writes) < 2 {
		return
	}
	var major, minor uint64 // the bits that differ
	for i := range r.writes {
		major |= r.writes[i].major ^ r.writes[0].major
		minor |= r.writes[i].minor ^ r.writes[0].minor
	}
	from, to := r.writes, make([]write, len(r.writes))
	for shift := uint(0); shift < 64; shift += 8 {
		if byte(minor>>shift) != 0 {
			scatter(from, to, func(w *write) byte { return byte(w.minor >> shift) })
			from, to = to, from
		}
	}
	for shift := uint(0); shift < 64; shift += 8 {
		if byte(major>>shift) != 0 {
			scatter(from, to, func(w *write) byte { return byte(w.major >> shift) })
			from, to = to, from
		}
	}
	r.writes = from
}

// scatter copies from to to, ordered by one byte.
func scatter(from, to []write, digit func(*write) byte) {
	var next [256]int
	for i := range from {
		next[digit(&from[i])]++
	}
	sum := 0
	for d, n := range next {
		next[d] = sum
		sum += n
	}
	for i := range from {
		d := digit(&from[i])
		to[next[d]] = from[i]
		next[d]++
	}
}

// sortTies orders the writes whose keys share their first bytes.
func (r *run) sortTies() {
	for from := 0; from < len(r.writes); {
		to := from + 1
		for to < len(r.writes) && r.writes[to].major == r.writes[from].major && r.writes[to].minor == r.writes[from].minor {
			to++
		}
		if to > from+1 {
			slices.SortStableFunc(r.writes[from:to], func(a, b write) int { return bytes.Compare(r.key(&a), r.key(&b)) })
		}
		from = to
	}
}

func (r *run) sameKey(i, j int) bool {
	a, b := &r.writes[i], &r.writes[j]
	return a.major == b.major && a.minor == b.minor && bytes.Equal(r.key(a), r.key(b))
}

// seek is the first write, in order, of a key that is not less than key, and
// whether it is of key itself.
func (r *run) seek(key []byte) (at int, found bool) {
	r.sort()
	major, minor := prefixWords(key)
	low, high := 0, len(r.writes)
	for low < high {
		middle := int(uint(low+high) >> 1)
		switch c := r.compare(&r.writes[middle], major, minor, key); {
		case c < 0:
			low = middle + 1
		case c > 0:
			high = middle
		default:
			return middle, true
		}
	}
	return low, false
}

// replay gives the writes to a batch of the database.
func (r *run) replay(to *pebble.Batch) error {
	for i := range r.writes {
		w := &r.writes[i]
		var err error
		if w.valueLen == deletedKey {
			err = to.Delete(r.key(w), nil)
		} else {
			err = to.Set(r.key(w), r.value(w), nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ingest makes the run tables of the database, side by side.
func (b *backing) ingest(r *run) error {
	if err := b.room(); err != nil {
		return err
	}
	var paths []string
	var err error
	for rest := r.writes; len(rest) > 0 && err == nil; {
		b.ingested++
		path := b.options.FS.PathJoin(b.options.Dir, fmt.Sprintf("run-%d.sst", b.ingested))
		paths = append(paths, path)
		rest, err = b.writeTable(r, rest, path)
	}
	if err == nil {
		return b.failures.guard(func() error { return b.db.Ingest(context.Background(), paths) })
	}
	for _, path := range paths {
		_ = b.options.FS.Remove(path)
	}
	return err
}

// writeTable writes the first of a run's sorted writes to a file, as many as a table
// should have, and gives the rest.
func (b *backing) writeTable(r *run, writes []write, path string) (rest []write, err error) {
	fs := noSyncFS{b.options.FS}
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(f), b.tables)
	defer func() {
		if e := w.Close(); err == nil {
			err = e
		}
	}()
	written := 0
	for i := range writes {
		x := &writes[i]
		if written >= fullTableBytes {
			return writes[i:], nil
		}
		if x.valueLen == deletedKey {
			err = w.Delete(r.key(x))
		} else {
			err = w.Set(r.key(x), r.value(x))
		}
		if err != nil {
			return nil, err
		}
		written += len(r.key(x)) + len(r.value(x))
	}
	return nil, nil
}

// room waits until compactions have come near enough. A background error ends the
// wait.
func (b *backing) room() error {
	for b.db.Metrics().Levels[0].Sublevels > sublevelsMost {
		select {
		case <-b.failures.compacted:
		case <-b.failures.fatal:
			return b.failures.fatalErr
		case <-b.failures.noted:
			if err := b.failures.take(); err != nil {
				return err
			}
		}
	}
	return nil
}
