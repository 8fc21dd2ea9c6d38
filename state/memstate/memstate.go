// Package memstate is a state backing in memory: for tests, and for jobs that
// neither checkpoint nor exceed memory. Its images are plain values, from which
// stores of any range of key groups are restored.
package memstate

import (
	"context"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/internal/rowset"
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
		if inner.Groups == 0 {
			inner.Groups = rowcodec.DefaultGroups
		}
		inner.KeyGroups = state.TaskGroups(0, 1, inner.Groups)
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
		b.Add(image.rows.Range(inner.KeyGroups.Keys()))
	}
	inner.Restored = b.Len() > 0
	return state.New(inner)
}

// backing keeps all rows in one set.
type backing struct {
	rowset.Set
	closed bool
}

var _ state.Backing = (*backing)(nil)

// NewBatch implements state.Backing.
func (b *backing) NewBatch() state.Batch { return &batch{backing: b} }

// Snapshot implements state.Backing.
func (b *backing) Snapshot(context.Context, uint64) (state.Image, error) {
	if b.Len() == 0 {
		return nil, nil
	}
	return &Image{rows: b.Set}, nil
}

// Close implements state.Backing.
func (b *backing) Close() error {
	b.Set, b.closed = rowset.Set{}, true
	return nil
}

// batch is a state.Batch.
type batch struct {
	backing *backing
	inner   rowset.Batch
}

var _ state.Batch = (*batch)(nil)

// Set implements state.Batch.
func (b *batch) Set(key, value []byte) error {
	b.inner.Set(key, value)
	return nil
}

// Delete implements state.Batch.
func (b *batch) Delete(key []byte) error {
	b.inner.Delete(key)
	return nil
}

// DeleteRange implements state.Batch.
func (b *batch) DeleteRange(lower, upper []byte) error {
	b.inner.DeleteRange(lower, upper)
	return nil
}

// Bytes implements state.Batch.
func (b *batch) Bytes() int { return b.inner.Bytes() }

// Commit implements state.Batch.
func (b *batch) Commit() error {
	if b.backing.closed {
		return errs.Bugf("a batch committed to a closed state backing")
	}
	b.backing.Apply(&b.inner)
	return nil
}

// Close implements state.Batch.
func (b *batch) Close() error {
	b.inner.Reset()
	return nil
}

// Image is a captured backing.
type Image struct{ rows rowset.Set }

var _ state.Image = (*Image)(nil)

// Release implements state.Image.
func (i *Image) Release() error { return nil }

// Rows is the number of rows.
func (i *Image) Rows() int { return i.rows.Len() }

// Each visits the rows in order; slices are to be read only.
func (i *Image) Each(visit func(key, value []byte)) {
	for _, r := range i.rows.Rows() {
		visit(r.Key, r.Value)
	}
}
