package blackhole

import (
	"sort"
	"sync"
	"sync/atomic"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/thalweg/thalweg/internal/errs"
)

// Stats are the totals of one table in one job.
type Stats struct {
	Job   string
	Table string
	// Sum is what was committed.
	Sum
	// Written counts the rows written in this process, committed or not.
	Written int64
}

// report is one task's totals since the job began, as stored in checkpoints.
type report struct {
	Version int    `msgpack:"v"`
	Job     string `msgpack:"j"`
	Table   string `msgpack:"t"`
	Task    int    `msgpack:"k"`
	Sum     Sum    `msgpack:"s"`
}

// reportVersion is the format of report. Version 1 is the first.
const reportVersion = 1

func (r *report) encode() ([]byte, error) {
	r.Version = reportVersion
	b, err := msgpack.Marshal(r)
	return b, errs.Wrap(errs.Bug, err, "blackhole totals")
}

func (r *report) decode(b []byte) error {
	if err := msgpack.Unmarshal(b, r); err != nil {
		return errs.Wrap(errs.Corruption, err, "blackhole totals")
	}
	if r.Version != reportVersion {
		return errs.Corruptionf("blackhole totals have version %d, want %d", r.Version, reportVersion)
	}
	return nil
}

// totals are the totals of all tables, for any number of goroutines.
type totals struct {
	mu      sync.Mutex
	entries map[[2]string]*entry
}

// entry is one table in one job. Invariant: byTask holds the reports of epoch
// epoch.
type entry struct {
	epoch   uint64
	byTask  map[int]Sum
	written atomic.Int64
}

func newTotals() *totals { return &totals{entries: map[[2]string]*entry{}} }

func (t *totals) entry(job, table string) *entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := [2]string{job, table}
	e, ok := t.entries[key]
	if !ok {
		e = &entry{byTask: map[int]Sum{}}
		t.entries[key] = e
	}
	return e
}

// commit publishes one task's report. Reports of an older epoch are replaced, so
// that a task that a smaller parallelism no longer has does not linger.
func (t *totals) commit(epoch uint64, r report) {
	e := t.entry(r.Job, r.Table)
	t.mu.Lock()
	defer t.mu.Unlock()
	if epoch < e.epoch {
		return
	}
	if epoch > e.epoch {
		clear(e.byTask)
		e.epoch = epoch
	}
	e.byTask[r.Task] = r.Sum
}

func (t *totals) get(job, table string) (Stats, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.entries[[2]string{job, table}]
	if !ok {
		return Stats{}, false
	}
	return e.stats(job, table), true
}

func (e *entry) stats(job, table string) Stats {
	s := Stats{Job: job, Table: table, Written: e.written.Load()}
	for _, sum := range e.byTask {
		s.merge(sum)
	}
	return s
}

func (t *totals) all() []Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]Stats, 0, len(t.entries))
	for key, e := range t.entries {
		out = append(out, e.stats(key[0], key[1]))
	}
	sort.Slice(out, func(i, k int) bool {
		if out[i].Job != out[k].Job {
			return out[i].Job < out[k].Job
		}
		return out[i].Table < out[k].Table
	})
	return out
}
