package lookupjoin

import (
	"context"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// question is a batch of left rows and what is asked for them.
type question struct {
	batch stream.Batch
	// keyOf gives each row's key among the keys asked for, -1 for NULL.
	keyOf []int32
	// count is the number of keys; keys are their columns, of those that must be asked
	// for: all, or the ones in missing.
	count   int
	keys    []arrow.Array
	encoded [][]byte // by key; only with a cache
	cached  []*entry // by key, nil for those that are missing
	missing []int32

	// rows, of and err are the answer.
	rows stream.Batch
	of   []int32
	err  error
}

func (q *question) release() {
	q.batch.Release()
	q.rows.Release()
	columns.Release(q.keys)
}

// distinct numbers the keys of a batch.
type distinct struct {
	slots []int32
	rows  []int32
}

// number gives each key its number among the different ones, in keyOf; d.rows then has
// the first row of each. Rows marked null get -1.
func (d *distinct) number(keys *rowcodec.Keys, null []bool, keyOf []int32) {
	size := 8
	for size < 2*len(keyOf) {
		size *= 2
	}
	if len(d.slots) < size {
		d.slots = make([]int32, size)
	} else {
		d.slots = d.slots[:size]
		clear(d.slots)
	}
	d.rows = d.rows[:0]
	mask := size - 1
	for i := range keyOf {
		keyOf[i] = -1
		if null[i] {
			continue
		}
		for at := int(keys.Hashes[i]) & mask; ; at = (at + 1) & mask {
			n := d.slots[at] - 1
			if n < 0 {
				n = int32(len(d.rows))
				d.slots[at] = n + 1
				d.rows = append(d.rows, int32(i))
			} else if first := d.rows[n]; keys.Hashes[first] != keys.Hashes[i] || string(keys.At(int(first))) != string(keys.At(i)) {
				continue
			}
			keyOf[i] = n
			break
		}
	}
}

// question makes the question for a batch.
func (j *Join) question(batch stream.Batch) (*question, error) {
	n := batch.Rows()
	q := &question{batch: batch.Retain(), keyOf: make([]int32, n)}
	cols := make([]arrow.Array, len(j.cfg.LeftKeys))
	for i, c := range j.cfg.LeftKeys {
		cols[i] = batch.Column(c)
	}
	null := make([]bool, n)
	columns.MarkNulls(null, cols...)
	if !j.cfg.Asking.Distinct && j.cache == nil {
		q.count = n
		for i := range q.keyOf {
			q.keyOf[i] = int32(i)
		}
		for _, c := range cols {
			c.Retain()
		}
		q.keys = cols
		return q, nil
	}
	if err := j.encoder.Encode(cols, n, &j.keys); err != nil {
		q.release()
		return nil, err
	}
	j.distinct.number(&j.keys, null, q.keyOf)
	rows := j.distinct.rows
	q.count = len(rows)
	if j.cache != nil {
		rows = j.fromCache(q, rows)
	}
	for _, c := range cols {
		q.keys = append(q.keys, columns.Take(j.ctx.Alloc, c, rows))
	}
	return q, nil
}

// fromCache takes what is known out of the cache and gives the rows whose keys are
// not.
func (j *Join) fromCache(q *question, rows []int32) []int32 {
	q.cached, q.encoded = make([]*entry, len(rows)), make([][]byte, len(rows))
	var unknown []int32
	for k, row := range rows {
		key := j.keys.At(int(row))
		if q.cached[k] = j.cache.get(key, j.nowMillis); q.cached[k] != nil {
			continue
		}
		q.encoded[k] = append([]byte(nil), key...)
		q.missing = append(q.missing, int32(k))
		unknown = append(unknown, row)
	}
	return unknown
}

// ask asks the question; it may run in the background.
func (j *Join) ask(q *question) {
	n := q.count
	if q.cached != nil {
		n = len(q.missing)
	}
	if n == 0 {
		return
	}
	q.rows, q.of, q.err = j.request(q.keys, n)
	for range j.cfg.Asking.MissRetries {
		if q.err != nil {
			return
		}
		missed := without(q.of, n)
		if len(missed) == 0 || !j.sleep(j.cfg.Asking.MissDelay) {
			return
		}
		j.askAgain(q, missed)
	}
}

// without lists the keys, of n, that have no row.
func without(of []int32, n int) []int32 {
	found := make([]bool, n)
	for _, k := range of {
		found[k] = true
	}
	var missed []int32
	for k, ok := range found {
		if !ok {
			missed = append(missed, int32(k))
		}
	}
	return missed
}

// askAgain asks for some of the keys and adds what is found.
func (j *Join) askAgain(q *question, missed []int32) {
	keys := make([]arrow.Array, len(q.keys))
	for i, c := range q.keys {
		keys[i] = columns.Take(j.ctx.Alloc, c, missed)
		defer keys[i].Release()
	}
	more, of, err := j.request(keys, len(missed))
	if err != nil {
		q.err = err
		return
	}
	defer more.Release()
	for _, k := range of {
		q.of = append(q.of, missed[k])
	}
	q.rows, q.err = j.joinRows(q.rows, more)
}

// joinRows puts rows behind others, whose reference it takes over.
func (j *Join) joinRows(first, more stream.Batch) (stream.Batch, error) {
	switch {
	case more.Rows() == 0:
		return first, nil
	case first.Rows() == 0:
		first.Release()
		return more.Retain(), nil
	}
	defer first.Release()
	var cols []arrow.Array
	for i := range j.schema.NumFields() {
		both, err := array.Concatenate([]arrow.Array{first.Column(i), more.Column(i)}, j.ctx.Alloc)
		if err != nil {
			columns.Release(cols)
			return stream.Batch{}, err
		}
		cols = append(cols, both)
	}
	return stream.NewBatch(j.schema, cols, first.Rows()+more.Rows(), nil), nil
}

// retryDelay is the wait before the first repetition of a request; it doubles.
const retryDelay = 100 * time.Millisecond

// request asks the asker, again after failures.
func (j *Join) request(keys []arrow.Array, n int) (stream.Batch, []int32, error) {
	wait := retryDelay
	for attempt := 0; ; attempt++ {
		rows, of, err := j.try(keys, n)
		if err == nil || attempt >= j.cfg.Asking.Retries || errs.ClassOf(err) != errs.Resource || !j.sleep(wait) {
			return rows, of, err
		}
		wait *= 2
	}
}

func (j *Join) try(keys []arrow.Array, n int) (stream.Batch, []int32, error) {
	ctx := j.life
	if j.cfg.Asking.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, j.cfg.Asking.Timeout)
		defer cancel()
	}
	rows, of, err := j.asker.Rows(ctx, keys, n)
	if err != nil && ctx.Err() == context.DeadlineExceeded {
		err = errs.Wrap(errs.Resource, err, "no answer to a lookup within %s", j.cfg.Asking.Timeout)
	}
	return rows, of, err
}

// sleep waits, and reports whether the join still lives.
func (j *Join) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-j.life.Done():
		return false
	}
}
