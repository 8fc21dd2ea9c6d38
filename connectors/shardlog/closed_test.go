package shardlog

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestAClosedShardGivesItsLastRows reads a shard that was closed before it was read:
// its end comes with the rows that were just decoded, and they must come out.
func TestAClosedShardGivesItsLastRows(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	for _, rows := range [][2]int{{0, 7}, {7, 250}} { // more than two batches in all
		if _, err := w.store.Append("s", jsonRecords(rows[0], rows[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := mustStream(t, w, "s").Split(shardID(0), HashKey{Hi: 1 << 63}); err != nil {
		t.Fatal(err)
	}
	table := declare(t, w.store, orderSchema())
	if rows := readSplit(t, table, 0); len(rows) != 250 {
		t.Errorf("%d rows, want 250", len(rows))
	}
}
