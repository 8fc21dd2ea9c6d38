package state

import (
	"bytes"
	"slices"
)

// directory finds the entries of an ordered key with more than directoryLeast
// entries: leaves of entries in order. Keys with fewer are walked.
type directory struct {
	leaves [][]Entry
}

const (
	directoryLeast = 16
	// leafMax is the size at which a leaf is split in two.
	leafMax = 512
)

// search finds the entry with the given sub-key, or the last one before it
// (NoEntry if it would be first).
func (m *Multi) search(s Slot, sub []byte) (e Entry, found bool) {
	row := m.orderedRow(s)
	if row.tail == 0 {
		return NoEntry, false
	}
	// Most keys of a stream grow at their end.
	last := row.tail - 1
	if c := bytes.Compare(sub, m.Sub(last)); c >= 0 {
		return last, c == 0
	}
	if row.directory != 0 {
		return m.searchDirectory(row.directory-1, sub)
	}
	before := NoEntry
	for e := row.head - 1; e != NoEntry; e = m.Next(e) {
		c := bytes.Compare(sub, m.Sub(e))
		if c <= 0 {
			if c == 0 {
				return e, true
			}
			break
		}
		before = e
	}
	return before, false
}

func (m *Multi) compareSub(e Entry, sub []byte) int { return bytes.Compare(m.Sub(e), sub) }

func (m *Multi) searchDirectory(d uint32, sub []byte) (Entry, bool) {
	leaf := m.leafFor(d, sub)
	entries := m.directories[d].leaves[leaf]
	at, found := slices.BinarySearchFunc(entries, sub, m.compareSub)
	if found {
		return entries[at], true
	}
	if at == 0 {
		return NoEntry, false // before the very first: see leafFor
	}
	return entries[at-1], false
}

// leafFor is the leaf that holds sub or the last entry before it; the first leaf
// if there is none.
func (m *Multi) leafFor(d uint32, sub []byte) int {
	leaves := m.directories[d].leaves
	low, high := 1, len(leaves)
	for low < high {
		mid := (low + high) / 2
		if m.compareSub(leaves[mid][0], sub) <= 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low - 1
}

// enterDirectory notes a new entry, which is linked already.
func (m *Multi) enterDirectory(s Slot, e Entry) {
	row := m.orderedRow(s)
	if row.directory == 0 {
		if row.count > directoryLeast {
			m.buildDirectory(s)
		}
		return
	}
	d := row.directory - 1
	sub := m.Sub(e)
	leaf := m.leafFor(d, sub)
	dir := &m.directories[d]
	at, _ := slices.BinarySearchFunc(dir.leaves[leaf], sub, m.compareSub)
	dir.leaves[leaf] = slices.Insert(dir.leaves[leaf], at, e)
	m.directoryBytes += 4
	if n := len(dir.leaves[leaf]); n > leafMax {
		split := n / 2
		if leaf == len(dir.leaves)-1 && at == n-1 {
			split = n - 1 // growing at the end: leave full leaves behind
		}
		upper := slices.Clone(dir.leaves[leaf][split:])
		dir.leaves[leaf] = dir.leaves[leaf][:split]
		dir.leaves = slices.Insert(dir.leaves, leaf+1, upper)
	}
}

// leaveDirectory forgets an entry, which is linked still.
func (m *Multi) leaveDirectory(s Slot, e Entry) {
	row := m.orderedRow(s)
	if row.directory == 0 {
		return
	}
	d := row.directory - 1
	dir := &m.directories[d]
	sub := m.Sub(e)
	leaf := m.leafFor(d, sub)
	at, _ := slices.BinarySearchFunc(dir.leaves[leaf], sub, m.compareSub)
	dir.leaves[leaf] = slices.Delete(dir.leaves[leaf], at, at+1)
	m.directoryBytes -= 4
	if len(dir.leaves[leaf]) == 0 {
		dir.leaves = slices.Delete(dir.leaves, leaf, leaf+1)
	}
	if len(dir.leaves) == 0 {
		m.freeDirectory(s)
	}
}

// buildDirectory makes the directory of a key from its list.
func (m *Multi) buildDirectory(s Slot) {
	row := m.orderedRow(s)
	if row.directory == 0 {
		if n := len(m.spareDirectories); n > 0 {
			row.directory = m.spareDirectories[n-1] + 1
			m.spareDirectories = m.spareDirectories[:n-1]
		} else {
			m.directories = append(m.directories, directory{})
			row.directory = uint32(len(m.directories))
		}
	}
	dir := &m.directories[row.directory-1]
	dir.leaves = dir.leaves[:0]
	var leaf []Entry
	for e := row.head - 1; e != NoEntry; e = m.Next(e) {
		leaf = append(leaf, e)
		if len(leaf) == leafMax {
			dir.leaves, leaf = append(dir.leaves, leaf), nil
		}
	}
	if len(leaf) > 0 {
		dir.leaves = append(dir.leaves, leaf)
	}
	m.directoryBytes += 4 * int64(row.count)
}

// freeDirectory gives a key's directory back.
func (m *Multi) freeDirectory(s Slot) {
	row := m.orderedRow(s)
	if row.directory == 0 {
		return
	}
	dir := &m.directories[row.directory-1]
	for _, leaf := range dir.leaves {
		m.directoryBytes -= 4 * int64(len(leaf))
	}
	dir.leaves = nil
	m.spareDirectories = append(m.spareDirectories, row.directory-1)
	row.directory = 0
}
