package shardlog

import (
	"context"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
)

// TestWaitingSplitsHaveALag splits a shard that a job reads: what goes into the children
// lies behind the job, although nobody reads them yet.
func TestWaitingSplitsHaveALag(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	fill := func(from, to int) {
		for i := from; i < to; i++ {
			if _, err := w.store.Append("s", jsonRecords(i, i+1)); err != nil {
				t.Fatal(err)
			}
			w.clock.advance(time.Second)
		}
	}
	fill(0, 10)
	st := mustStream(t, w, "s")
	if err := st.Scale(2); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(2 * time.Second)
	fill(10, 30)
	for _, bounded := range []bool{false, true} {
		table := declare(t, w.store, orderSchema())
		if bounded {
			table = declare(t, w.store, orderSchema(), "scan.bounded.mode", "latest")
		}
		src, err := New().Source(table)
		if err != nil {
			t.Fatal(err)
		}
		splits, err := src.Discover(context.Background(), nil, 1)
		if err != nil || len(splits) != 3 {
			t.Fatalf("%d splits, %v", len(splits), err)
		}
		waiter := src.(connector.Waiter)
		lag := waiter.Waiting(splits[1:])
		if total := lag.Total == 20; lag.Rows != 20 || lag.Millis < 15_000 || lag.Millis > 22_000 || total != bounded {
			t.Errorf("bounded %t: %+v", bounded, lag)
		}
		r, err := src.Open(context.Background(), splits[0], nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 1})
		if err != nil {
			t.Fatal(err)
		}
		if lag := r.Lag(); lag.Rows != 10 || lag.Millis > 10_000 || lag.Millis < 8000 {
			t.Errorf("of a reader that has read nothing: %+v", lag)
		}
		r.Close()
		if lag := waiter.Waiting(nil); lag.Rows != 0 || lag.Millis != 0 {
			t.Errorf("of no splits: %+v", lag)
		}
		if bounded {
			if err := w.store.Close(); err != nil {
				t.Fatal(err)
			}
			if lag := waiter.Waiting(splits); lag.Rows != -1 {
				t.Errorf("of a closed store: %+v", lag)
			}
		}
	}
}
