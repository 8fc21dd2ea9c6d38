package shardlog

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// An append that waits its turn while the stream is closed must not write behind
// the close: the directory may belong to somebody else by then.
func TestAppendThatWaitsWritesNothingAfterClose(t *testing.T) {
	fs := vfs.NewMem()
	w := newWorld(t, fs)
	w.create("s", 1)
	w.put("s", "a")
	s := mustStream(t, w, "s").shards()[0]
	before, err := fs.List(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	s.writing.Lock()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	g := &group{done: make(chan struct{})}
	g.add("k", []byte("late"), 0)
	go s.lead(g)
	if err := s.abandon(); err != nil {
		t.Error(err)
	}
	s.writing.Unlock()
	<-g.done
	if g.err == nil {
		t.Error("a record was acknowledged after the close")
	}
	if after, err := fs.List(s.dir); err != nil || len(after) != len(before) {
		t.Errorf("files were %v, are %v (%v)", before, after, err)
	}
	w.store.options.SegmentBytes = 1
	if _, err := w.store.Trim(); err != nil {
		t.Error(err)
	}
}
