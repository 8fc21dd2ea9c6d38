package shardlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/connectortest"
	"github.com/thalweg/thalweg/connectors/format/kpl"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// aggregate packs JSON records into one, under the key of the first.
func aggregate(records []Record) Record {
	var a kpl.Aggregator
	for _, r := range records {
		a.Add(r.PartitionKey, r.Data)
	}
	key, data := a.Flush()
	return Record{PartitionKey: key, Data: data}
}

// TestSourceContractWithAggregatedRecords resumes in the middle of records, too.
func TestSourceContractWithAggregatedRecords(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	for i := range 6 {
		records := append(jsonRecords(i*20, i*20+3), aggregate(jsonRecords(i*20+3, i*20+20)))
		if _, err := w.store.Append("s", records); err != nil {
			t.Fatal(err)
		}
	}
	schema := append(metadataSchema(), col("sub", types.Of(types.BigInt)))
	connectortest.RunSource(t, connectortest.Source{
		Make: func(t testing.TB) connector.Source {
			src, err := New().Source(declare(t, w.store, schema, "scan.bounded.mode", "latest"))
			if err != nil {
				t.Fatal(err)
			}
			return src
		},
		Schema: schema, Rows: 120, Pruned: schema[:1],
	})
}

// readSource reads all splits to their ends.
func readSource(t *testing.T, table connector.Table) (rows []string) {
	t.Helper()
	src, splits := discover(t, table)
	for i := range splits {
		rows = append(rows, readOne(t, src, splits[i])...)
	}
	return rows
}

// readSplit reads one split to its end.
func readSplit(t *testing.T, table connector.Table, number int) []string {
	t.Helper()
	src, splits := discover(t, table)
	return readOne(t, src, splits[number])
}

func discover(t *testing.T, table connector.Table) (connector.Source, []connector.Split) {
	t.Helper()
	src, err := New().Source(table)
	if err != nil {
		t.Fatal(err)
	}
	splits, err := src.Discover(context.Background(), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	return src, splits
}

func readOne(t *testing.T, src connector.Source, split connector.Split) (rows []string) {
	t.Helper()
	r, err := src.Open(context.Background(), split, nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 100, Bad: connector.NewBadCounter(connector.BadFail, nil)})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		var batch stream.Batch
		batch, err = r.Next(context.Background(), nil)
		rows = append(rows, stream.FormatRows(batch)...)
		batch.Release()
	}
	if !errors.Is(err, connector.ErrEndOfSplit) {
		t.Fatal(err)
	}
	r.Close()
	return rows
}

// TestAggregatedRecordsOfAnotherShardAreLeftOut has a record whose parts a split led
// to two shards: its producer puts those again that are not of the shard it got to.
func TestAggregatedRecordsOfAnotherShardAreLeftOut(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 2)
	records, st := jsonRecords(0, 40), mustStream(t, w, "s")
	whole := aggregate(records)
	if _, err := w.store.Append("s", []Record{whole}); err != nil {
		t.Fatal(err)
	}
	home, _ := st.Route(&whole)
	want := 0
	for i := range records {
		if id, _ := st.Route(&records[i]); id == home {
			want++
		}
	}
	if rows := readSource(t, declare(t, w.store, orderSchema(), "scan.bounded.mode", "latest")); len(rows) != want || want == 0 || want == 40 {
		t.Errorf("%d rows, want %d", len(rows), want)
	}
	keep := declare(t, w.store, types.Schema{col("b", types.BytesType())}, "scan.bounded.mode", "latest", "aggregated-records", "keep", "format", "raw")
	if rows := readSource(t, keep); len(rows) != 1 {
		t.Errorf("kept: %d rows", len(rows))
	}
	// A stream that spreads records has them in any shard, and nobody puts them again.
	if err := st.Annotate(func(a *Annotations) error { a.Spread = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if rows := readSource(t, declare(t, w.store, orderSchema(), "scan.bounded.mode", "latest")); len(rows) != 40 {
		t.Errorf("spread: %d rows", len(rows))
	}
}

// TestACheckpointThatNamesAnExpiredShardResumes reads half of a shard, which is split
// and expires: a job that read all of it goes on, one that did not learns how much it
// lost.
func TestACheckpointThatNamesAnExpiredShardResumes(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	if _, err := w.store.Append("s", jsonRecords(0, 10)); err != nil {
		t.Fatal(err)
	}
	st := mustStream(t, w, "s")
	created := st.shards()[0].created
	if err := st.Split(shardID(0), HashKey{Hi: 1 << 63}); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(MinRetention + time.Hour)
	for range 3 {
		if _, err := w.store.Trim(); err != nil {
			t.Fatal(err)
		}
	}
	w.reopen()
	if ids := mustStream(t, w, "s").ShardIDs(); slices.Contains(ids, shardID(0)) {
		t.Fatalf("the shard is still there: %v", ids)
	}
	src, err := New().Source(declare(t, w.store, orderSchema()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		next   uint64
		policy connector.BadPolicy
		want   string
	}{{11, connector.BadFail, "end of split"}, {4, connector.BadSkip, "end of split"}, {4, connector.BadFail, "the retention of 7 records ended"}} {
		position := split{Version: splitVersion, Shard: shardID(0), Created: created, Next: c.next}.position()
		counter := connector.NewBadCounter(c.policy, nil)
		r, err := src.Open(context.Background(), connector.Split{ID: "shardId-000000000000"}, position, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 10, Bad: counter})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Next(context.Background(), nil)
		if got := fmt.Sprint(err); !strings.Contains(got, c.want) {
			t.Errorf("from %d with policy %s: %s, want %s", c.next, c.policy, got, c.want)
		}
	}
}

// TestPlaceWithinALostRecord opens behind a record that retention took when it had been read in part: what
// was read of it says nothing about the next.
func TestPlaceWithinALostRecord(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	created := mustStream(t, w, "s").shards()[0].created
	for first := range 2 {
		if first == 1 {
			w.clock.advance(MinRetention + time.Hour)
			w.store.Trim()
		}
		if _, err := w.store.Append("s", []Record{aggregate(jsonRecords(100*first, 100*first+10))}); err != nil {
			t.Fatal(err)
		}
	}
	src, err := New().Source(declare(t, w.store, orderSchema(), "scan.bounded.mode", "latest"))
	if err != nil {
		t.Fatal(err)
	}
	position := split{Version: splitVersion, Shard: shardID(0), Created: created, Next: 1, Sub: 7, End: 3}.position()
	if rows, err := rowsOf(t, src, position, connector.BadSkip); rows != 10 || err != nil {
		t.Errorf("%d rows of 10: %v", rows, err)
	}
}

// TestRetentionOfAClosedShardIsNoticed opens a closed shard whose unread records retention took, to the last one.
func TestRetentionOfAClosedShardIsNoticed(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	st := mustStream(t, w, "s")
	created := st.shards()[0].created
	if _, err := w.store.Append("s", jsonRecords(0, 10)); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(2 * time.Hour)
	if err := st.Split(shardID(0), HashKey{Hi: 1 << 63}); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(MinRetention - time.Hour)
	w.store.Trim()
	src, err := New().Source(declare(t, w.store, orderSchema()))
	if err != nil {
		t.Fatal(err)
	}
	position := split{Version: splitVersion, Shard: shardID(0), Created: created, Next: 4}.position()
	if rows, err := rowsOf(t, src, position, connector.BadFail); err == nil || !strings.Contains(err.Error(), "the retention of 7 records ended") {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// rowsOf reads the first shard from a position to the end; the end of a split is no error.
func rowsOf(t *testing.T, src connector.Source, position []byte, policy connector.BadPolicy) (rows int64, err error) {
	t.Helper()
	env := connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 100, Bad: connector.NewBadCounter(policy, nil)}
	r, err := src.Open(context.Background(), connector.Split{ID: "shardId-000000000000"}, position, env)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		b, err := r.Next(context.Background(), nil)
		rows += int64(b.Rows())
		if b.Record != nil {
			b.Release()
		}
		if errors.Is(err, connector.ErrEndOfSplit) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
	}
}
