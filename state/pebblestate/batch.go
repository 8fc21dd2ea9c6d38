package pebblestate

import (
	"bytes"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/internal/rowset"
)

// batch collects for the rows in memory while there is no database, and jobs for the
// queue afterwards.
type batch struct {
	backing *backing
	small   rowset.Batch
	// job is what is being collected. A range deleted after single rows starts a new
	// one, and those before are in jobs.
	job  *job
	jobs []*job
}

var _ state.Batch = (*batch)(nil)

// NewBatch implements state.Backing.
func (b *backing) NewBatch() state.Batch { return &batch{backing: b, job: &job{}} }

// ready reports whether there is a database, which is opened once the batch alone is too
// much for memory. What was collected before comes first.
func (b *batch) ready() (bool, error) {
	if b.backing.closed {
		return false, errs.Bugf("a batch written to a closed state backing")
	}
	if b.backing.db == nil && b.small.Bytes() > max(0, b.backing.options.SmallBytes) {
		if err := b.backing.spill(); err != nil {
			return false, classify(err, b.backing.options.Dir)
		}
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
	if ready {
		b.job.run.add(&b.backing.queue.blocks, key, value, false)
	} else {
		b.small.Set(key, value)
	}
	return err
}

// Delete implements state.Batch.
func (b *batch) Delete(key []byte) error {
	ready, err := b.ready()
	if ready {
		b.job.run.add(&b.backing.queue.blocks, key, nil, true)
	} else {
		b.small.Delete(key)
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
	if len(b.job.run.writes) > 0 {
		b.jobs, b.job = append(b.jobs, b.job), &job{}
	}
	b.job.ranges = append(b.job.ranges, state.KeyRange{Lower: bytes.Clone(lower), Upper: bytes.Clone(upper)})
	return err
}

// Bytes implements state.Batch.
func (b *batch) Bytes() int {
	n := b.small.Bytes() + b.job.bytes()
	for _, j := range b.jobs {
		n += j.bytes()
	}
	return n
}

// Commit implements state.Batch: it hands the writes to the queue, where reads find
// them.
func (b *batch) Commit() error {
	if b.Bytes() == 0 {
		return nil
	}
	if err := b.backing.failed(); err != nil {
		return err
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
	jobs := append(b.jobs, b.job)
	b.jobs, b.job = nil, &job{}
	for _, j := range jobs {
		if err := b.backing.queue.push(j); err != nil {
			return classify(err, b.backing.options.Dir)
		}
	}
	return nil
}

// Close implements state.Batch.
func (b *batch) Close() error {
	b.small.Reset()
	for _, j := range append(b.jobs, b.job) {
		b.backing.queue.blocks.put(j.run.blocks)
	}
	b.jobs, b.job = nil, &job{}
	return nil
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
