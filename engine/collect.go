package engine

import (
	"context"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/engine/exchange"
	"github.com/thalweg/thalweg/operators/stream"
)

// Bounds of what a result holds that nobody has read yet.
const (
	collectRowsMax  = 1 << 16
	collectBytesMax = 64 << 20
)

// collector is the sink of a SELECT and the place where its rows wait to be read.
// Readers see rows when their epoch is committed if the job may restart, so that
// none is seen twice; otherwise at once.
//
// Rows that may be read are bounded: writers block. Rows of an open epoch can't be
// bounded by blocking, since their barrier comes behind them: past the bound the
// collector asks for a checkpoint instead.
type collector struct {
	// transactional collectors show rows at commit.
	transactional bool
	// hurry asks the job for a checkpoint.
	hurry func()

	mu       sync.Mutex
	readable []stream.Batch
	rows     int
	bytes    int64
	// written are the rows of the open epoch by task; prepared those of epochs
	// that are not committed.
	written  map[int]*collected
	prepared map[uint64][]stream.Batch
	hurried  bool
	closed   bool
	ended    bool
	err      error
	// changed is closed and replaced when something above changes.
	changed chan struct{}
}

// collected is what one task wrote in an epoch.
type collected struct {
	batches []stream.Batch
	rows    int
}

var (
	_ connector.Prompter  = (*collector)(nil)
	_ connector.Writer    = (*collectWriter)(nil)
	_ connector.Committer = (*collectCommitter)(nil)
	_ rowSource           = (*collectRows)(nil)
)

func newCollector(transactional bool) *collector {
	return &collector{transactional: transactional, hurry: func() {}, written: map[int]*collected{},
		prepared: map[uint64][]stream.Batch{}, changed: make(chan struct{})}
}

// started tells how to ask the job for a checkpoint, which may be wanted already.
func (c *collector) started(hurry func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hurry = hurry
	if c.hurried {
		hurry()
	}
}

// Mode accepts everything.
func (c *collector) Mode() connector.SinkMode { return connector.Retract }

// Guarantee is exactly-once: within the process nothing is lost or doubled.
func (c *collector) Guarantee() connector.Guarantee { return connector.ExactlyOnce }

// Prompt is so where rows wait for their commit: somebody reads them.
func (c *collector) Prompt() bool { return c.transactional }

// Writer begins a task's epoch anew.
func (c *collector) Writer(_ context.Context, env connector.WriterEnv, _ [][]byte) (connector.Writer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	release(c.take(env.Task))
	return &collectWriter{collector: c, task: env.Task}, nil
}

// Committer shows rows.
func (c *collector) Committer(context.Context) (connector.Committer, error) {
	return &collectCommitter{c}, nil
}

// take takes what a task wrote.
func (c *collector) take(task int) []stream.Batch {
	w := c.written[task]
	delete(c.written, task)
	if w == nil {
		return nil
	}
	return w.batches
}

func release(batches []stream.Batch) {
	for _, b := range batches {
		b.Release()
	}
}

// notify wakes whoever waits. The lock is held.
func (c *collector) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// show makes batches readable. The lock is held.
func (c *collector) show(batches []stream.Batch) {
	if c.closed {
		release(batches)
		return
	}
	for _, b := range batches {
		c.readable = append(c.readable, b)
		c.rows += b.Rows()
		c.bytes += exchange.BatchBytes(b)
	}
	c.notify()
}

// full reports whether writers must wait. The lock is held.
func (c *collector) full() bool {
	return len(c.readable) > 0 && (c.rows >= collectRowsMax || c.bytes >= collectBytesMax)
}

// end tells that no more rows come, because of err if it is not nil.
func (c *collector) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended, c.err = true, err
	for task := range c.written {
		release(c.take(task))
	}
	for epoch, batches := range c.prepared {
		release(batches)
		delete(c.prepared, epoch)
	}
	c.notify()
}

// collectWriter writes for one task.
type collectWriter struct {
	collector *collector
	task      int
}

// Write takes a batch, waiting while too many rows wait to be read.
func (w *collectWriter) Write(ctx context.Context, batch stream.Batch) error {
	c := w.collector
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.full() && !c.closed {
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		c.mu.Lock()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if c.closed {
		return nil
	}
	if !c.transactional {
		c.show([]stream.Batch{batch.Retain()})
		return nil
	}
	c.keep(w.task, batch.Retain())
	return nil
}

// keep adds a batch to a task's open epoch. The lock is held.
func (c *collector) keep(task int, batch stream.Batch) {
	mine := c.written[task]
	if mine == nil {
		mine = &collected{}
		c.written[task] = mine
	}
	mine.batches = append(mine.batches, batch)
	mine.rows += batch.Rows()
	if mine.rows >= collectRowsMax && !c.hurried {
		c.hurried = true
		c.hurry()
	}
}

// Prepare puts the task's rows aside for the epoch's commit.
func (w *collectWriter) Prepare(_ context.Context, epoch uint64, _ bool) (connector.Prepared, error) {
	c := w.collector
	c.mu.Lock()
	defer c.mu.Unlock()
	if batches := c.take(w.task); len(batches) > 0 {
		c.prepared[epoch] = append(c.prepared[epoch], batches...)
	}
	return connector.Prepared{}, nil
}

// Close leaves what was prepared to its commit.
func (w *collectWriter) Close() error { return nil }

// collectCommitter commits epochs.
type collectCommitter struct{ collector *collector }

// Commit shows the rows of an epoch and of those before it that were not shown.
func (k *collectCommitter) Commit(_ context.Context, epoch uint64, _ [][]byte) error {
	c := k.collector
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hurried = false
	for _, e := range slices.Sorted(maps.Keys(c.prepared)) {
		if e <= epoch {
			c.show(c.prepared[e])
			delete(c.prepared, e)
		}
	}
	return nil
}

// Recover drops rows whose epoch was not published.
func (k *collectCommitter) Recover(context.Context, string) error {
	c := k.collector
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hurried = false
	for epoch, batches := range c.prepared {
		release(batches)
		delete(c.prepared, epoch)
	}
	return nil
}

// Close frees nothing.
func (k *collectCommitter) Close() error { return nil }

// collectRows reads a collector for Rows.
type collectRows struct {
	collector *collector
	job       *jobRun
}

// next waits for a batch.
func (r *collectRows) next(ctx context.Context) (stream.Batch, error) {
	c := r.collector
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case len(c.readable) > 0:
			b := c.readable[0]
			c.readable = c.readable[1:]
			c.rows -= b.Rows()
			c.bytes -= exchange.BatchBytes(b)
			c.notify()
			return b, nil
		case c.err != nil:
			return stream.Batch{}, c.err
		case c.ended || c.closed:
			return stream.Batch{}, io.EOF
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		c.mu.Lock()
		if err := ctx.Err(); err != nil {
			return stream.Batch{}, err
		}
	}
}

// close drops what was not read and cancels the job.
func (r *collectRows) close() error {
	c := r.collector
	c.mu.Lock()
	c.closed = true
	release(c.readable)
	c.readable, c.rows, c.bytes = nil, 0, 0
	c.notify()
	c.mu.Unlock()
	err := r.job.cancel(context.Background())
	r.job.engine.retire(r.job)
	return err
}
