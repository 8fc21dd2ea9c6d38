package pebblestate

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/internal/rowset"
)

// batch collects for the rows in memory while there is no database, and for the
// database afterwards: single rows in run, but all in inner from the first range on.
type batch struct {
	backing *backing
	small   rowset.Batch
	run     run
	inner   *pebble.Batch
}

var _ state.Batch = (*batch)(nil)

// NewBatch implements state.Backing.
func (b *backing) NewBatch() state.Batch {
	out := &batch{backing: b, run: b.spare}
	b.spare = run{}
	return out
}

// ready reports whether there is a database. What was collected before it was opened
// comes first.
func (b *batch) ready() (bool, error) {
	if b.backing.closed {
		return false, errs.Bugf("a batch written to a closed state backing")
	}
	if err := b.backing.failures.failed(); err != nil {
		return false, classify(err, b.backing.options.Dir)
	}
	if b.backing.db != nil && b.small.Bytes() > 0 {
		early := b.small
		b.small.Reset()
		return true, early.Replay(b)
	}
	return b.backing.db != nil, nil
}

// Set implements state.Batch.
func (b *batch) Set(key, value []byte) error {
	ready, err := b.ready()
	switch {
	case !ready:
		b.small.Set(key, value)
	case b.inner != nil:
		return b.inner.Set(key, value, nil)
	default:
		b.run.add(key, value, false)
	}
	return err
}

// Delete implements state.Batch.
func (b *batch) Delete(key []byte) error {
	ready, err := b.ready()
	switch {
	case !ready:
		b.small.Delete(key)
	case b.inner != nil:
		return b.inner.Delete(key, nil)
	default:
		b.run.add(key, nil, true)
	}
	return err
}

// DeleteRange implements state.Batch.
func (b *batch) DeleteRange(lower, upper []byte) error {
	ready, err := b.ready()
	if !ready {
		b.small.DeleteRange(lower, upper)
		return err
	}
	if err := b.unrun(); err != nil {
		return err
	}
	return b.inner.DeleteRange(lower, upper, nil)
}

// unrun moves what was collected to inner.
func (b *batch) unrun() error {
	if b.inner == nil {
		b.inner = b.backing.db.NewBatch()
	}
	err := b.run.replay(b.inner)
	b.run.reset()
	return err
}

// Bytes implements state.Batch.
func (b *batch) Bytes() int {
	n := b.small.Bytes() + len(b.run.data)
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
	if _, err := b.ready(); err != nil {
		return err
	}
	b.backing.changed = true
	if b.inner == nil && len(b.run.data) >= b.backing.options.TableBytes {
		err := b.backing.ingest(&b.run)
		b.run.reset()
		return classify(err, b.backing.options.Dir)
	}
	if err := b.unrun(); err != nil {
		return err
	}
	b.backing.buffered = true
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
	b.run.reset()
	b.backing.spare, b.run = b.run, run{}
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
