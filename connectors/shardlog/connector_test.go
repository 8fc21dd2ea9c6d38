package shardlog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/connectortest"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

func col(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }

func orderSchema() types.Schema {
	return types.Schema{col("k", types.Of(types.BigInt)), col("s", types.StringType())}
}

func metadataSchema() types.Schema {
	return append(orderSchema(), col("shard", types.StringType()), col("seq", types.StringType()),
		col("at", types.TimestampLTZOf(3)), col("pk", types.StringType()))
}

// declare makes a table on the store; options alternate names and values.
func declare(t testing.TB, store *Store, schema types.Schema, options ...string) connector.Table {
	t.Helper()
	given := map[string]string{"stream": "s", "format": "json"}
	for i := 0; i < len(options); i += 2 {
		given[options[i]] = options[i+1]
	}
	parsed, err := New().Spec().Parse(given)
	if err != nil {
		t.Fatal(err)
	}
	metadata := map[string]string{}
	for name, key := range map[string]string{"shard": metaShard, "seq": metaSequence, "at": metaArrival, "pk": metaKey, "sub": metaSub} {
		if schema.Index(name) >= 0 {
			metadata[name] = key
		}
	}
	return connector.Table{Name: "orders", Schema: schema, Options: parsed, Metadata: metadata,
		Env: connector.Env{Shared: func(name string) any {
			if name != Service || store == nil {
				return nil
			}
			return store
		}}}
}

func orderBatch(t testing.TB, n int) stream.Batch {
	t.Helper()
	var lines []string
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("+ k=%d s='text %d'", n*100+i, i))
	}
	b, err := stream.ParseRows(memory.DefaultAllocator, orderSchema(), lines)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rowsIn reads the whole stream as rows of the order table.
func rowsIn(t testing.TB, store *Store) []string {
	t.Helper()
	rows, err := tableRows(store, declare(t, store, orderSchema(), "scan.bounded.mode", "latest"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func tableRows(store *Store, table connector.Table, bad connector.BadRecords) ([]string, error) {
	src, err := New().Source(table)
	if err != nil {
		return nil, err
	}
	splits, err := src.Discover(context.Background(), nil, 1)
	if err != nil {
		return nil, err
	}
	if bad == nil {
		bad = connector.NewBadCounter(connector.BadFail, nil)
	}
	var rows []string
	for _, split := range splits {
		r, err := src.Open(context.Background(), split, nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 7, Bad: bad})
		if err != nil {
			return nil, err
		}
		for {
			var b stream.Batch
			b, err = r.Next(context.Background(), nil)
			if b.Rows() > 0 {
				rows = append(rows, stream.FormatRows(b)...)
			}
			b.Release()
			if err != nil {
				break
			}
		}
		if closeErr := r.Close(); closeErr != nil {
			return nil, closeErr
		}
		if !errors.Is(err, connector.ErrEndOfSplit) {
			return rows, err
		}
	}
	return rows, nil
}

func jsonRecords(from, to int) []Record {
	var out []Record
	for i := from; i < to; i++ {
		out = append(out, Record{PartitionKey: fmt.Sprint("key", i), Data: fmt.Appendf(nil, `{"k": %d, "s": "text"}`, i)})
	}
	return out
}

func TestSourceContract(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.options.SegmentBytes = 3000
	w.reopen()
	w.create("s", 2)
	for i := range 20 {
		if _, err := w.store.Append("s", jsonRecords(i*10, i*10+10)); err != nil {
			t.Fatal(err)
		}
	}
	connectortest.RunSource(t, connectortest.Source{
		Make: func(t testing.TB) connector.Source {
			s, err := New().Source(declare(t, w.store, metadataSchema(), "scan.bounded.mode", "latest"))
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Schema: metadataSchema(), Rows: 200, Pruned: metadataSchema()[1:4],
	})
}

func TestSinkContract(t *testing.T) {
	for _, shards := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d shards", shards), func(t *testing.T) {
			var store *Store
			connectortest.RunSink(t, connectortest.Sink{
				Make: func(t testing.TB) func() connector.Sink {
					w := newWorld(t, vfs.NewMem())
					w.create("s", shards)
					store = w.store
					return func() connector.Sink {
						s, err := New().Sink(declare(t, w.store, orderSchema()))
						if err != nil {
							t.Fatal(err)
						}
						return s
					}
				},
				Batch:   orderBatch,
				Visible: func(t testing.TB) []string { return rowsIn(t, store) },
			})
		})
	}
}

func TestOptionsAreDocumented(t *testing.T) {
	connectortest.CheckDocs(t, []connector.Doc{{Kind: "connector", Spec: New().Spec()}})
}

func TestMetadataColumns(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	results, err := w.store.Append("s", jsonRecords(0, 2))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := tableRows(w.store, declare(t, w.store, metadataSchema(), "scan.bounded.mode", "latest"), nil)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%q, %v", rows, err)
	}
	for i, row := range rows {
		for _, part := range []string{fmt.Sprintf("k=%d", i), "shardId-000000000000", results[i].Sequence.String(), fmt.Sprint("key", i), "472222h13m20s"} {
			if !strings.Contains(row, part) {
				t.Errorf("row %s lacks %s", row, part)
			}
		}
	}
}

func TestStartupModes(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	var results []Result
	for i := range 10 {
		r, err := w.store.Append("s", jsonRecords(i, i+1))
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r...)
		w.clock.advance(time.Second)
	}
	millis := w.clock.now().Add(-4 * time.Second).UnixMilli()
	for _, c := range []struct {
		options []string
		first   int
	}{
		{nil, 0}, {[]string{"scan.startup.mode", "latest"}, 10},
		{[]string{"scan.startup.mode", "timestamp", "scan.startup.timestamp-millis", fmt.Sprint(millis)}, 6},
		{[]string{"scan.startup.mode", "sequence", "scan.startup.sequence", results[3].Sequence.String()}, 3},
	} {
		rows, err := tableRows(w.store, declare(t, w.store, orderSchema(), append(c.options, "scan.bounded.mode", "latest")...), nil)
		if err != nil || len(rows) != 10-c.first || len(rows) > 0 && !strings.Contains(rows[0], fmt.Sprintf("k=%d", c.first)) {
			t.Errorf("%v: %q, %v", c.options, rows, err)
		}
	}
}

func TestDeclarationsAreChecked(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	for _, c := range []struct {
		options []string
		want    string
	}{
		{[]string{"scan.startup.mode", "timestamp"}, "needs the option 'scan.startup.timestamp-millis'"},
		{[]string{"scan.startup.timestamp-millis", "5"}, "needs 'scan.startup.mode' = 'timestamp'"},
		{[]string{"scan.startup.mode", "sequence", "scan.startup.sequence", "12"}, "is no sequence number"},
		{[]string{"stream", "no/name"}, "can't be a stream's name"},
		{[]string{"format", "json", "bad-records", "dead-letter"}, "bad-records.table"},
	} {
		if err := New().Check(declare(t, w.store, orderSchema(), c.options...)); err == nil || !strings.Contains(err.Error(), c.want) || errs.ClassOf(err) != errs.User {
			t.Errorf("%v: %v", c.options, err)
		}
	}
	if _, err := New().Sink(declare(t, w.store, orderSchema(), "sink.partition-key", "x")); err == nil || !strings.Contains(err.Error(), "none of its columns") {
		t.Errorf("got %v", err)
	}
	if _, err := New().Sink(declare(t, w.store, metadataSchema())); err == nil || !strings.Contains(err.Error(), "VIRTUAL") {
		t.Errorf("got %v", err)
	}
	if _, err := tableRows(nil, declare(t, nil, orderSchema()), nil); err == nil || errs.ClassOf(err) != errs.User {
		t.Errorf("without a store: %v", err)
	}
	if _, err := tableRows(w.store, declare(t, w.store, orderSchema(), "stream", "t"), nil); err == nil || errs.ClassOf(err) != errs.User {
		t.Errorf("without the stream: %v", err)
	}
}

func TestBadRecordsFollowThePolicy(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	records := jsonRecords(0, 3)
	records[1].Data = []byte(`{"k": nonsense`)
	results, err := w.store.Append("s", records)
	if err != nil {
		t.Fatal(err)
	}
	table := declare(t, w.store, orderSchema(), "scan.bounded.mode", "latest")
	if _, err := tableRows(w.store, table, nil); err == nil || !strings.Contains(err.Error(), results[1].Sequence.String()) {
		t.Errorf("fail: %v", err)
	}
	skip := connector.NewBadCounter(connector.BadSkip, nil)
	rows, err := tableRows(w.store, table, skip)
	if err != nil || len(rows) != 2 || skip.Count() != 1 {
		t.Errorf("skip: %q, %v, %d", rows, err, skip.Count())
	}
}

func TestPartitionKeyOfWrittenRecords(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	s, err := New().Sink(declare(t, w.store, orderSchema(), "sink.partition-key", "s;k", "sink.delivery-guarantee", "at-least-once"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Guarantee() != connector.AtLeastOnce || s.Mode() != connector.AppendOnly {
		t.Errorf("%s, %s", s.Guarantee(), s.Mode())
	}
	wr, err := s.Writer(context.Background(), connector.WriterEnv{Alloc: memory.DefaultAllocator, Job: "j"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := orderBatch(t, 1)
	defer b.Release()
	if err := wr.Write(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	if err := wr.Close(); err != nil {
		t.Fatal(err)
	}
	it, _ := w.store.Iterator("s", shardID(0), TrimHorizon())
	defer it.Close()
	entries, err := it.Next(context.Background(), nil)
	if err != nil || len(entries) != 20 || string(entries[3].PartitionKey) != "text 3|103" || string(entries[3].Data) != `{"k":103,"s":"text 3"}` {
		t.Errorf("%q %q, %v", entries[3].PartitionKey, entries[3].Data, err)
	}
}

func TestClosingABlockedReader(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	src, err := New().Source(declare(t, w.store, orderSchema()))
	if err != nil || src.Bounded() {
		t.Fatal(err)
	}
	splits, _ := src.Discover(context.Background(), nil, 1)
	r, err := src.Open(context.Background(), splits[0], nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 10})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := r.Next(context.Background(), nil)
		done <- err
	}()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, connector.ErrEndOfSplit) {
		t.Errorf("got %v", err)
	}
}

func TestStreamMadeAnewIsNoticed(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	src, _ := New().Source(declare(t, w.store, orderSchema()))
	splits, _ := src.Discover(context.Background(), nil, 1)
	if err := w.store.DeleteStream("s"); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Minute)
	w.create("s", 1)
	_, err := src.Open(context.Background(), splits[0], nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 10})
	if err == nil || !strings.Contains(err.Error(), "made anew") {
		t.Errorf("got %v", err)
	}
}

// sinkRun writes epochs through the sink, as the engine would: a checkpoint is
// published once Prepare has returned, and committed afterwards.
type sinkRun struct {
	published [][]byte // committables of the last published checkpoint
	epoch     uint64   // its number
	rows      int      // rows of all published checkpoints
}

func (r *sinkRun) run(fs vfs.FS, clock *manualClock) error {
	store, err := Open("log", Options{FS: fs, Now: clock.now, TrimEvery: -1, SegmentBytes: 2000})
	if err != nil {
		return err
	}
	defer store.Close()
	if len(store.Streams()) == 0 {
		if err := store.CreateStream("s", 2, MinRetention); err != nil {
			return err
		}
	}
	ctx := context.Background()
	s, err := New().Sink(declareQuietly(store))
	if err != nil {
		return err
	}
	c, err := s.Committer(ctx)
	if err != nil {
		return err
	}
	if err := c.Commit(ctx, r.epoch, r.published); err != nil {
		return err
	}
	if err := c.Recover(ctx, "job"); err != nil {
		return err
	}
	w, err := s.Writer(ctx, connector.WriterEnv{Alloc: memory.DefaultAllocator, Job: "job"}, nil)
	if err != nil {
		return err
	}
	for range 5 {
		if err := r.checkpoint(ctx, w, c); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	return w.Close()
}

func (r *sinkRun) checkpoint(ctx context.Context, w connector.Writer, c connector.Committer) error {
	b, err := stream.ParseRows(memory.DefaultAllocator, orderSchema(), []string{
		fmt.Sprintf("+ k=%d s='a'", r.rows), fmt.Sprintf("+ k=%d s='b'", r.rows+1), fmt.Sprintf("+ k=%d s='c'", r.rows+2)})
	if err != nil {
		return err
	}
	defer b.Release()
	if err := w.Write(ctx, b); err != nil {
		return err
	}
	p, err := w.Prepare(ctx, r.epoch+1, false)
	if err != nil {
		return err
	}
	r.published, r.epoch, r.rows = p.Committables, r.epoch+1, r.rows+3
	return c.Commit(ctx, r.epoch, p.Committables)
}

func declareQuietly(store *Store) connector.Table {
	parsed, err := New().Spec().Parse(map[string]string{"stream": "s", "format": "json"})
	if err != nil {
		panic(err)
	}
	return connector.Table{Name: "orders", Schema: orderSchema(), Options: parsed,
		Env: connector.Env{Shared: func(string) any { return store }}}
}

// TestSinkSurvivesACrashAtEachWrite cuts the power at the k-th write of a job,
// restores it on what is on disk, and demands each published row exactly once.
func TestSinkSurvivesACrashAtEachWrite(t *testing.T) {
	for k := int64(0); ; k++ {
		mem := vfs.NewCrashableMem()
		fs, count := cutAfter(mem, k)
		clock := newClock()
		var before sinkRun
		_ = before.run(fs, clock) // it fails where the power is cut
		for seed := range crashSeeds(3) {
			clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed) * 45, RNG: rand.New(rand.NewPCG(uint64(k), seed))})
			after := before
			if err := after.run(clone, clock); err != nil {
				t.Fatalf("cut after %d operations, seed %d: %v", k, seed, err)
			}
			if err := after.check(clone, clock); err != nil {
				t.Fatalf("cut after %d operations, seed %d: %v", k, seed, err)
			}
		}
		if count.Load() <= k {
			if k < 80 {
				t.Fatalf("only %d operations", k)
			}
			return
		}
	}
}

func (r *sinkRun) check(fs vfs.FS, clock *manualClock) error {
	store, err := Open("log", Options{FS: fs, Now: clock.now, TrimEvery: -1})
	if err != nil {
		return err
	}
	defer store.Close()
	table := declareQuietly(store)
	table.Options, _ = New().Spec().Parse(map[string]string{"stream": "s", "format": "json", "scan.bounded.mode": "latest"})
	rows, err := tableRows(store, table, nil)
	if err != nil {
		return err
	}
	var want []string
	for i := range r.rows {
		want = append(want, fmt.Sprintf("+I k=%d s=%c", i, 'a'+i%3))
	}
	slices.Sort(rows)
	slices.Sort(want)
	if !slices.Equal(rows, want) {
		return fmt.Errorf("%d rows, want %d: %q", len(rows), len(want), rows)
	}
	names, err := fs.List("log/streams/s/pending")
	if err == nil && len(names) > 0 {
		return fmt.Errorf("leftovers: %q", names)
	}
	return err
}

func TestBlockingContract(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	src, err := New().Source(declare(t, w.store, orderSchema()))
	if err != nil {
		t.Fatal(err)
	}
	connectortest.Blocking(t, src)
}
