package pebblestate

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/thalweg/thalweg/state"
)

// queue is what the store's task has written and the database does not have yet: jobs
// that a goroutine of its own does in order, while there are any. So a barrier costs
// the task a copy of the changed rows, and the rest of a checkpoint goes on beside it.
//
// # Invariants
//
// Q1. Job by job, the database and what waits are together what was committed: a job
// leaves the queue only when it is done.
//
// Q2. The first job that fails is the last: its error is that of all images that
// wait, and of every later use of the store. Rows count as written from their commit
// on, so a store that could not write them is good for nothing but to be closed.
type queue struct {
	work func(*job) error
	// most is how many bytes of memory may wait before a commit waits too.
	most   int64
	blocks blocks

	mu sync.Mutex
	// moved is broadcast when a job is done or has failed.
	moved sync.Cond
	// jobs are in order of their commits; the first may be in the making.
	jobs    []*job
	bytes   int64
	working bool
	// readers is how many reads use jobs, whose memory must stay: retired is that of
	// jobs done meanwhile.
	readers int
	retired [][]byte
	err     error
}

// job is one step: ranges deleted and then a run written, or an image taken of all
// that was committed before.
type job struct {
	ranges  []state.KeyRange
	run     run
	image   *folder
	charged int64 // its part of queue.bytes
}

// heldBytes is the memory that waits with the job.
func (j *job) heldBytes() int64 {
	return int64(j.run.held) + int64(len(j.run.writes))*int64(unsafe.Sizeof(write{}))
}

// bytes is the size of all that the job writes.
func (j *job) bytes() int {
	n := j.run.bytes
	for _, r := range j.ranges {
		n += len(r.Lower) + len(r.Upper)
	}
	return n
}

func newQueue(most int64, work func(*job) error) *queue {
	q := &queue{work: work, most: most}
	q.moved.L = &q.mu
	return q
}

// push adds a job. It waits while too much waits already, unless the job is an image.
func (q *queue) push(j *job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := j.heldBytes()
	for q.err == nil && size > 0 && q.bytes > 0 && q.bytes+size > q.most {
		q.moved.Wait()
	}
	if q.err != nil {
		return q.err
	}
	q.jobs = append(q.jobs, j)
	j.charged = size // the run may lose writes when it is sorted
	q.bytes += size
	if !q.working {
		q.working = true
		go q.loop()
	}
	return nil
}

// loop does jobs until there are none.
func (q *queue) loop() {
	for j := q.first(); j != nil; j = q.first() {
		if err := q.work(j); err != nil {
			q.stop(err)
			return
		}
		q.done(j)
	}
}

// first is the next job; when there is none the loop has ended.
func (q *queue) first() *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) == 0 {
		q.working = false
		return nil
	}
	return q.jobs[0]
}

// done takes the first job out. Its memory is used again unless somebody reads it.
func (q *queue) done(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = slices.Delete(q.jobs, 0, 1)
	q.bytes -= j.charged
	q.retired = append(q.retired, j.run.blocks...)
	q.recycle()
	q.moved.Broadcast()
}

// recycle gives the memory of jobs that are done back, unless somebody reads. The
// lock is held.
func (q *queue) recycle() {
	if q.readers == 0 {
		q.blocks.put(q.retired)
		q.retired = q.retired[:0]
	}
}

// stop ends the queue for good.
func (q *queue) stop(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err, q.working = err, false
	for _, j := range q.jobs {
		if j.image != nil {
			j.image.finish(err)
		}
	}
	q.jobs, q.bytes = nil, 0
	q.moved.Broadcast()
}

// failed is the error that ended the queue, or nil.
func (q *queue) failed() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}

// view is what waits, for a read that comes to the database after it and ends with
// leave.
func (q *queue) view() (pending, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return nil, q.err
	}
	q.readers++
	if len(q.jobs) == 0 {
		return nil, nil
	}
	return slices.Clone(q.jobs), nil
}

func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.readers--
	q.recycle()
}

// drain waits until all jobs are done.
func (q *queue) drain() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.err == nil && len(q.jobs) > 0 {
		q.moved.Wait()
	}
	return q.err
}

// close drops what no image waits for and waits for the rest.
func (q *queue) close() error {
	q.mu.Lock()
	last := 0 // the first job may be in the making
	for i, j := range q.jobs {
		if j.image != nil {
			last = i
		}
	}
	if last+1 < len(q.jobs) {
		q.jobs = slices.Delete(q.jobs, last+1, len(q.jobs))
	}
	q.mu.Unlock()
	return q.drain()
}
