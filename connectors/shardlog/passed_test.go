package shardlog

import (
	"context"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
)

// Records without rows at the end of what is there are told: their dead letters,
// the position behind them, and that nothing lags.
func TestBadRecordsAtTheEndAreNoLag(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	w.put("s", `{"k": 1}`, `{"k": `, `{"k": x}`)
	src, err := New().Source(declare(t, w.store, orderSchema()))
	if err != nil {
		t.Fatal(err)
	}
	splits, err := src.Discover(context.Background(), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	bad := connector.NewBadCounter(connector.BadSkip, nil)
	r, err := src.Open(context.Background(), splits[0], nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 1, Bad: bad})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, rows := range []int{1, 0} {
		b, err := r.Next(context.Background(), nil)
		if err != nil || b.Rows() != rows {
			t.Fatalf("%d rows, want %d, error %v", b.Rows(), rows, err)
		}
		b.Release()
	}
	if lag := r.Lag(); lag.Rows != 0 || lag.Done != 3 || bad.Count() != 2 {
		t.Errorf("lag %+v, %d bad", lag, bad.Count())
	}
}
