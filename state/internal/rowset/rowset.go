// Package rowset is a small ordered store in memory: the whole backing of package
// memstate, and what package pebblestate starts with.
package rowset

import (
	"bytes"
	"slices"

	"github.com/thalweg/thalweg/state"
)

// Row is one row; its slices are immutable.
type Row struct{ Key, Value []byte }

func compareKey(r Row, key []byte) int { return bytes.Compare(r.Key, key) }

// Set holds rows in order of their keys, distinct. Applying a batch replaces the
// slice, so a copy of a Set is a snapshot. The zero Set is empty.
type Set struct {
	rows []Row
	size int
}

// Len is the number of rows, Bytes the size of their keys and values.
func (s Set) Len() int { return len(s.rows) }

// Bytes is the size of all keys and values.
func (s Set) Bytes() int { return s.size }

// Rows are the rows in order, to be read only.
func (s Set) Rows() []Row { return s.rows }

// Range are the rows in [r.Lower, r.Upper).
func (s Set) Range(r state.KeyRange) []Row {
	low, _ := slices.BinarySearchFunc(s.rows, r.Lower, compareKey)
	high, _ := slices.BinarySearchFunc(s.rows, r.Upper, compareKey)
	return s.rows[low:max(low, high)]
}

// MultiGet is that of state.Backing.
func (s Set) MultiGet(keys [][]byte, found func(i int, value []byte) error) error {
	for i, k := range keys {
		at, ok := slices.BinarySearchFunc(s.rows, k, compareKey)
		if !ok {
			continue
		}
		if err := found(i, s.rows[at].Value); err != nil {
			return err
		}
	}
	return nil
}

// MultiScan is that of state.Backing.
func (s Set) MultiScan(ranges []state.KeyRange, visit func(i int, key, value []byte) error) error {
	for i, r := range ranges {
		for _, row := range s.Range(r) {
			if err := visit(i, row.Key, row.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// Add adds rows, of which none may be there.
func (s *Set) Add(rows []Row) {
	all := append(slices.Clone(s.rows), rows...)
	slices.SortFunc(all, func(x, y Row) int { return bytes.Compare(x.Key, y.Key) })
	s.replace(all)
}

func (s *Set) replace(rows []Row) {
	s.rows, s.size = rows, 0
	for _, r := range rows {
		s.size += len(r.Key) + len(r.Value)
	}
}
