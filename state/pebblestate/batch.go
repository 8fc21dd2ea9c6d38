package pebblestate

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
)

// batch is a Pebble batch made with its first write.
type batch struct {
	backing *backing
	inner   *pebble.Batch
}

var _ state.Batch = (*batch)(nil)

// NewBatch implements state.Backing.
func (b *backing) NewBatch() state.Batch { return &batch{backing: b} }

// begin opens the database and the batch.
func (b *batch) begin() error {
	if b.backing.closed {
		return errs.Bugf("a batch written to a closed state backing")
	}
	if err := b.backing.failures.failed(); err != nil {
		return classify(err, b.backing.options.Dir)
	}
	if b.backing.db == nil {
		if err := b.backing.open(); err != nil {
			return classify(err, b.backing.options.Dir)
		}
	}
	b.inner = b.backing.db.NewBatch()
	return nil
}

// Set implements state.Batch.
func (b *batch) Set(key, value []byte) error {
	if b.inner == nil {
		if err := b.begin(); err != nil {
			return err
		}
	}
	return b.inner.Set(key, value, nil)
}

// Delete implements state.Batch.
func (b *batch) Delete(key []byte) error {
	if b.inner == nil {
		if err := b.begin(); err != nil {
			return err
		}
	}
	return b.inner.Delete(key, nil)
}

// DeleteRange implements state.Batch.
func (b *batch) DeleteRange(lower, upper []byte) error {
	if b.inner == nil {
		if err := b.begin(); err != nil {
			return err
		}
	}
	return b.inner.DeleteRange(lower, upper, nil)
}

// Bytes implements state.Batch.
func (b *batch) Bytes() int {
	if b.inner == nil || b.inner.Empty() {
		return 0
	}
	return b.inner.Len()
}

// Commit implements state.Batch.
func (b *batch) Commit() error {
	if b.Bytes() == 0 {
		return nil
	}
	if err := b.backing.failures.failed(); err != nil {
		return classify(err, b.backing.options.Dir)
	}
	b.backing.changed = true
	inner := b.inner
	b.inner = nil
	err := inner.Commit(pebble.NoSync)
	if e := inner.Close(); err == nil {
		err = e
	}
	return classify(err, b.backing.options.Dir)
}

// Close implements state.Batch.
func (b *batch) Close() error {
	if b.inner == nil {
		return nil
	}
	inner := b.inner
	b.inner = nil
	return inner.Close()
}
