package shardlog

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestConcurrentAppendersAndReaders runs several of each over segments that end
// often and over retention; every reader sees each appender's records in order.
func TestConcurrentAppendersAndReaders(t *testing.T) {
	w := newWorld(t, vfs.NewCrashableMem())
	w.options.SegmentBytes, w.options.TailBytes = 20_000, 1
	w.reopen()
	w.create("s", 2)
	const appenders, appends = 8, 60
	var writers, readers sync.WaitGroup
	for range 3 {
		for shard := range uint32(2) {
			it, err := w.store.Iterator("s", shardID(shard), TrimHorizon())
			if err != nil {
				t.Fatal(err)
			}
			readers.Add(1)
			go func() {
				defer readers.Done()
				defer it.Close()
				if err := followAppenders(it, appenders); err != nil {
					t.Error(err)
				}
			}()
		}
	}
	for a := range appenders {
		writers.Add(1)
		go func() {
			defer writers.Done()
			for i := range appends {
				var records []Record
				for k := range 5 {
					text := fmt.Sprintf("%d %04d", a, i*5+k)
					records = append(records, Record{PartitionKey: text, Data: []byte(text)})
				}
				if _, err := w.store.Append("s", records); err != nil {
					t.Error(err)
				}
				if _, err := w.store.Trim(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	writers.Wait()
	for shard := range 2 {
		key := rangeStart(shard, 2).String()
		if _, err := w.store.Append("s", []Record{{PartitionKey: "end", ExplicitHashKey: key, Data: []byte("end")}}); err != nil {
			t.Fatal(err)
		}
	}
	readers.Wait()
	if n := len(w.read("s", 0, TrimHorizon())) + len(w.read("s", 1, TrimHorizon())); n != appenders*appends*5+2 {
		t.Errorf("%d records", n)
	}
}

// followAppenders reads to the record "end".
func followAppenders(it *Iterator, appenders int) error {
	last := make([]string, appenders)
	for {
		entries, err := it.Next(context.Background(), nil)
		if err != nil {
			return err
		}
		for _, e := range entries {
			text := string(e.Data)
			if text == "end" {
				return nil
			}
			name, number, _ := strings.Cut(text, " ")
			a := int(name[0] - '0')
			if number <= last[a] {
				return fmt.Errorf("%s comes after %s", text, last[a])
			}
			last[a] = number
		}
	}
}

// TestAppendersShareSyncs counts syncs while many append at once.
func TestAppendersShareSyncs(t *testing.T) {
	fs := &syncCounter{FS: vfs.NewMem(), gate: make(chan struct{})}
	w := newWorld(t, fs)
	w.create("s", 1)
	w.put("s", "first")
	fs.arm()
	var done sync.WaitGroup
	const appenders = 50
	for i := range appenders {
		done.Add(1)
		go func() {
			defer done.Done()
			if _, err := w.store.Append("s", textRecords(numbered(i, i+1))); err != nil {
				t.Error(err)
			}
		}()
		for i == 0 && fs.count() == 0 {
			// Nobody may join the first group.
			runtime.Gosched()
		}
	}
	// The first sync waits until all others have joined the next group.
	shard := mustStream(t, w, "s").shards()[0]
	for waiting := 0; waiting < appenders-1; {
		shard.mu.Lock()
		waiting = 0
		if shard.pending != nil {
			waiting = int(shard.pending.count)
		}
		shard.mu.Unlock()
	}
	close(fs.gate)
	done.Wait()
	if n := fs.count(); n != 2 {
		t.Errorf("%d appends took %d syncs, want 2", appenders, n)
	}
}
