// Package memstate is a state backing in memory: for tests, and for jobs that
// neither checkpoint nor exceed memory. Its images are plain values, from which
// stores of any range of key groups are restored.
package memstate

import (
	"bytes"
	"context"
	"slices"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
)

// Options configures a store.
type Options struct {
	// Groups and KeyGroups are those of state.Options.
	Groups    int
	KeyGroups state.GroupRange
	// BudgetBytes is that of state.Options.
	BudgetBytes int64
	// Restore are the snapshots of all tasks to restore, taken of stores made by
	// this package; none starts empty.
	Restore []state.Snapshot
}

// Open makes a store.
func Open(options Options) (*state.Store, error) {
	b := &backing{}
	inner := state.Options{
		Backing: b, Groups: options.Groups, KeyGroups: options.KeyGroups, BudgetBytes: options.BudgetBytes,
		Cells: map[string][][]byte{},
	}
	if inner.KeyGroups == (state.GroupRange{}) {
		inner.KeyGroups = state.TaskGroups(0, 1, max(options.Groups, 128))
		if options.Groups > 0 {
			inner.KeyGroups.End = options.Groups
		}
	}
	for _, snap := range options.Restore {
		for name, blobs := range snap.Cells {
			inner.Cells[name] = append(inner.Cells[name], blobs...)
		}
		inner.Tables = snap.Tables
		image, ok := snap.Image.(*Image)
		if !ok {
			if snap.Image != nil {
				return nil, errs.Bugf("an image of type %T can't be restored in memory", snap.Image)
			}
			continue
		}
		b.take(image.rows, inner.KeyGroups.Keys())
	}
	inner.Restored = len(b.rows) > 0
	return state.New(inner)
}

// row is one row; its slices are immutable.
type row struct{ key, value []byte }

func compareRow(r row, key []byte) int { return bytes.Compare(r.key, key) }

// backing keeps its rows sorted in one slice, replaced by every commit.
type backing struct {
	rows   []row
	closed bool
}

var _ state.Backing = (*backing)(nil)

// take adds the rows of a range; rows of different images never share a key.
func (b *backing) take(rows []row, r state.KeyRange) {
	low, _ := slices.BinarySearchFunc(rows, r.Lower, compareRow)
	high, _ := slices.BinarySearchFunc(rows, r.Upper, compareRow)
	b.rows = append(b.rows, rows[low:high]...)
	slices.SortFunc(b.rows, func(x, y row) int { return bytes.Compare(x.key, y.key) })
}

// MultiGet implements state.Backing.
func (b *backing) MultiGet(keys [][]byte, found func(i int, value []byte) error) error {
	for i, k := range keys {
		at, ok := slices.BinarySearchFunc(b.rows, k, compareRow)
		if !ok {
			continue
		}
		if err := found(i, b.rows[at].value); err != nil {
			return err
		}
	}
	return nil
}

// MultiScan implements state.Backing.
func (b *backing) MultiScan(ranges []state.KeyRange, visit func(i int, key, value []byte) error) error {
	rows := b.rows
	for i, r := range ranges {
		at, _ := slices.BinarySearchFunc(rows, r.Lower, compareRow)
		for ; at < len(rows) && bytes.Compare(rows[at].key, r.Upper) < 0; at++ {
			if err := visit(i, rows[at].key, rows[at].value); err != nil {
				return err
			}
		}
	}
	return nil
}

// NewBatch implements state.Backing.
func (b *backing) NewBatch() state.Batch { return &batch{backing: b} }

// Snapshot implements state.Backing.
func (b *backing) Snapshot(context.Context, uint64) (state.Image, error) {
	if len(b.rows) == 0 {
		return nil, nil
	}
	return &Image{rows: b.rows}, nil
}

// Close implements state.Backing.
func (b *backing) Close() error {
	b.rows, b.closed = nil, true
	return nil
}

// Image is a captured backing.
type Image struct{ rows []row }

// Release implements state.Image.
func (i *Image) Release() error { return nil }

// Rows is the number of rows.
func (i *Image) Rows() int { return len(i.rows) }

// Each visits the rows in order; slices are to be read only.
func (i *Image) Each(visit func(key, value []byte)) {
	for _, r := range i.rows {
		visit(r.key, r.value)
	}
}
