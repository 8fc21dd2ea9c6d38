package shardlog

import (
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// syncCounter counts the data syncs after arm and holds up the first until gate is
// closed.
type syncCounter struct {
	vfs.FS
	gate chan struct{}

	mu    sync.Mutex
	armed bool
	syncs int
}

func (c *syncCounter) arm() {
	c.mu.Lock()
	c.armed = true
	c.mu.Unlock()
}

func (c *syncCounter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.syncs
}

func (c *syncCounter) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := c.FS.Create(name, category)
	return &syncCounted{f, c}, err
}

type syncCounted struct {
	vfs.File
	counter *syncCounter
}

func (f *syncCounted) SyncData() error {
	f.counter.mu.Lock()
	armed := f.counter.armed
	if armed {
		f.counter.syncs++
	}
	f.counter.mu.Unlock()
	if armed {
		<-f.counter.gate
	}
	return f.File.SyncData()
}
