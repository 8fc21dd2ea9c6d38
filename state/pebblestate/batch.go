package pebblestate

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/internal/rowset"
)

// batch collects for the rows in memory while there is no database, and for the
// database afterwards.
type batch struct {
	backing *backing
	small   rowset.Batch
	inner   *pebble.Batch
}

var _ state.Batch = (*batch)(nil)

// NewBatch implements state.Backing.
func (b *backing) NewBatch() state.Batch { return &batch{backing: b} }

// ready makes the batch take writes for the database; without one it reports false.
func (b *batch) ready() (bool, error) {
	if b.inner != nil {
		return true, nil
	}
	if b.backing.closed {
		return false, errs.Bugf("a batch written to a closed state backing")
	}
	if err := b.backing.failures.failed(); err != nil {
		return false, classify(err, b.backing.options.Dir)
	}
	if b.backing.db == nil {
		return false, nil
	}
	b.inner = b.backing.db.NewBatch()
	return true, nil
}

// Set implements state.Batch.
func (b *batch) Set(key, value []byte) error {
	ready, err := b.ready()
	if ready {
		return b.inner.Set(key, value, nil)
	}
	b.small.Set(key, value)
	return err
}

// Delete implements state.Batch.
func (b *batch) Delete(key []byte) error {
	ready, err := b.ready()
	if ready {
		return b.inner.Delete(key, nil)
	}
	b.small.Delete(key)
	return err
}

// DeleteRange implements state.Batch.
func (b *batch) DeleteRange(lower, upper []byte) error {
	ready, err := b.ready()
	if ready {
		return b.inner.DeleteRange(lower, upper, nil)
	}
	b.small.DeleteRange(lower, upper)
	return err
}

// Bytes implements state.Batch.
func (b *batch) Bytes() int {
	n := b.small.Bytes()
	if b.inner != nil && !b.inner.Empty() {
		n += b.inner.Len()
	}
	return n
}

// Commit implements state.Batch.
func (b *batch) Commit() error {
	if b.Bytes() == 0 {
		return nil
	}
	if err := b.backing.failures.failed(); err != nil {
		return classify(err, b.backing.options.Dir)
	}
	if b.backing.db == nil {
		b.backing.small.Apply(&b.small)
		if b.backing.small.Len() == 0 || b.backing.small.Bytes() <= b.backing.options.SmallBytes {
			return nil
		}
		return classify(b.backing.spill(), b.backing.options.Dir)
	}
	if b.small.Bytes() > 0 {
		// The database was opened since this batch began.
		early := b.small
		b.small.Reset()
		if err := early.Replay(b); err != nil {
			return err
		}
	}
	b.backing.changed = true
	inner := b.inner
	b.inner = nil
	err := b.backing.failures.guard(func() error { return inner.Commit(pebble.NoSync) })
	if b.backing.failures.failed() != nil {
		return classify(err, b.backing.options.Dir) // the batch may still be in use
	}
	if e := inner.Close(); err == nil {
		err = e
	}
	return classify(err, b.backing.options.Dir)
}

// Close implements state.Batch.
func (b *batch) Close() error {
	b.small.Reset()
	if b.inner == nil {
		return nil
	}
	inner := b.inner
	b.inner = nil
	return inner.Close()
}

// spill opens the database and moves the rows there from memory.
func (b *backing) spill() error {
	if err := b.open(); err != nil {
		return err
	}
	rows := b.small.Rows()
	b.small = rowset.Set{}
	return b.write(rows)
}

// write puts rows into the database.
func (b *backing) write(rows []rowset.Row) error {
	out := b.NewBatch()
	defer out.Close()
	for _, r := range rows {
		if err := out.Set(r.Key, r.Value); err != nil {
			return err
		}
		if out.Bytes() > copyBatchBytes {
			if err := out.Commit(); err != nil {
				return err
			}
		}
	}
	return out.Commit()
}
