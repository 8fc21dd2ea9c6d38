package exchange

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/thalweg/thalweg/operators/stream"
)

// Limits bounds what a queue holds. A queue that holds nothing takes any element.
type Limits struct {
	Rows  int
	Bytes int64
}

// DefaultLimits suits batches of 4,096 rows: a few of them, and 8 MiB.
func DefaultLimits() Limits { return Limits{Rows: 4 * 4096, Bytes: 8 << 20} }

// Queue is a channel within a process: a bounded queue with one sender and one
// receiver.
type Queue struct {
	limits Limits
	// pending mirrors the number of queued elements, so that an empty queue is
	// polled without the lock.
	pending atomic.Int32
	// space has a token when the sender should look again.
	space chan struct{}

	mu     sync.Mutex
	ring   []queued
	head   int
	count  int
	rows   int
	bytes  int64
	closed bool
	ready  func()
}

// queued is an element with its weight.
type queued struct {
	element stream.Element
	rows    int
	bytes   int64
}

var (
	_ Sender   = (*Queue)(nil)
	_ Receiver = (*Queue)(nil)
)

// NewQueue makes an empty queue.
func NewQueue(limits Limits) *Queue {
	return &Queue{limits: limits, space: make(chan struct{}, 1), ring: make([]queued, 8), ready: func() {}}
}

// Notify sets the function to call when an element has come.
func (q *Queue) Notify(ready func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ready = ready
}

// Send queues e; see [Sender].
func (q *Queue) Send(ctx context.Context, e stream.Element) error {
	item := queued{element: e, rows: 1}
	if e.Kind == stream.ElementBatch {
		item.rows, item.bytes = max(1, e.Batch.Rows()), BatchBytes(e.Batch)
	}
	for {
		ready, err := q.offer(item)
		if ready != nil {
			ready()
			return nil
		}
		if err != nil {
			e.Batch.Release()
			return err
		}
		select {
		case <-q.space:
		case <-ctx.Done():
			e.Batch.Release()
			return ctx.Err()
		}
	}
}

// offer queues item if there is room and returns what to call then; it returns
// neither that nor an error when the queue is full.
func (q *Queue) offer(item queued) (ready func(), err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed && item.element.Kind == stream.ElementEnd:
		// A receiver is free to leave at a last barrier, which an end follows.
		return q.ready, nil
	case q.closed:
		return nil, ErrClosed
	case q.replacesWatermark(item.element):
		return q.ready, nil
	case q.full(item):
		return nil, nil
	}
	if q.count == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.count)%len(q.ring)] = item
	q.count++
	q.rows += item.rows
	q.bytes += item.bytes
	q.pending.Store(int32(q.count))
	return q.ready, nil
}

// full reports whether item must wait. Barriers and ends are never kept waiting:
// they are few, and a barrier should overtake nothing but also wait for nothing.
func (q *Queue) full(item queued) bool {
	if q.count == 0 || item.element.Kind != stream.ElementBatch && item.element.Kind != stream.ElementWatermark {
		return false
	}
	return q.rows+item.rows > q.limits.Rows || q.bytes+item.bytes > q.limits.Bytes
}

// replacesWatermark lets a watermark take the place of the one queued last.
func (q *Queue) replacesWatermark(e stream.Element) bool {
	if e.Kind != stream.ElementWatermark || q.count == 0 {
		return false
	}
	last := &q.ring[(q.head+q.count-1)%len(q.ring)].element
	if last.Kind != stream.ElementWatermark {
		return false
	}
	last.Watermark = max(last.Watermark, e.Watermark)
	return true
}

func (q *Queue) grow() {
	ring := make([]queued, 2*len(q.ring))
	for i := range q.count {
		ring[i] = q.ring[(q.head+i)%len(q.ring)]
	}
	q.ring, q.head = ring, 0
}

// Poll takes the next element; see [Receiver].
func (q *Queue) Poll() (stream.Element, bool) {
	if q.pending.Load() == 0 {
		return stream.Element{}, false
	}
	q.mu.Lock()
	if q.count == 0 {
		q.mu.Unlock()
		return stream.Element{}, false
	}
	item := q.ring[q.head]
	q.ring[q.head] = queued{}
	q.head = (q.head + 1) % len(q.ring)
	q.count--
	q.rows -= item.rows
	q.bytes -= item.bytes
	q.pending.Store(int32(q.count))
	q.mu.Unlock()
	q.wakeSender()
	return item.element, true
}

// Close drops what is queued; see [Receiver].
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.closed = true
	for i := range q.count {
		q.ring[(q.head+i)%len(q.ring)].element.Batch.Release()
	}
	q.ring, q.head, q.count, q.rows, q.bytes = nil, 0, 0, 0, 0
	q.pending.Store(0)
	q.wakeSender()
}

func (q *Queue) wakeSender() {
	select {
	case q.space <- struct{}{}:
	default:
	}
}

// Rows is the number of rows queued now, for metrics.
func (q *Queue) Rows() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.rows
}
