package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"runtime"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/connectortest"
	"github.com/thalweg/thalweg/connectors/format/kpl"
	"github.com/thalweg/thalweg/connectors/kinesis"
	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi"
	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream"
)

// remote is a server with a stream s, and tables of the connector 'kinesis' on it.
type remote struct {
	testing.TB
	store  *shardlog.Store
	server *httptest.Server
}

func newRemote(t testing.TB, shards int, options awsapi.Options) *remote {
	t.Helper()
	store, err := shardlog.Open("log", shardlog.Options{FS: vfs.NewMem(), TrimEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateStream("s", shards, shardlog.MinRetention); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(awsapi.New(store, options))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		store.Close()
	})
	return &remote{t, store, server}
}

func col(name string, t types.Type) types.Field { return types.Field{Name: name, Type: t} }

func rowSchema() types.Schema {
	return types.Schema{col("k", types.Of(types.BigInt)), col("s", types.StringType())}
}

func rowMetadata() types.Schema {
	return append(rowSchema(), col("shard", types.StringType()), col("seq", types.StringType()), col("sub", types.Of(types.BigInt)),
		col("at", types.TimestampLTZOf(3)), col("pk", types.StringType()))
}

// table declares a table; options alternate names and values.
func (r *remote) table(schema types.Schema, options ...string) connector.Table {
	r.Helper()
	given := map[string]string{"stream": "s", "format": "json", "aws.endpoint": r.server.URL, "aws.region": "eu-west-1",
		"aws.credentials.provider": "BASIC", "aws.credentials.basic.accesskeyid": "A", "aws.credentials.basic.secretkey": "b"}
	for i := 0; i < len(options); i += 2 {
		given[options[i]] = options[i+1]
	}
	parsed, err := kinesis.New().Spec().Parse(given)
	if err != nil {
		r.Fatal(err)
	}
	metadata := map[string]string{}
	for name, key := range map[string]string{"shard": "shard-id", "seq": "sequence-number", "sub": "sub-sequence-number", "at": "timestamp", "pk": "partition-key"} {
		if schema.Index(name) >= 0 {
			metadata[name] = key
		}
	}
	return connector.Table{Name: "orders", Schema: schema, Metadata: metadata, Options: parsed}
}

func (r *remote) source(schema types.Schema, options ...string) connector.Source {
	r.Helper()
	src, err := kinesis.New().Source(r.table(schema, options...))
	if err != nil {
		r.Fatal(err)
	}
	return src
}

func jsonRow(i int) shardlog.Record {
	return shardlog.Record{PartitionKey: fmt.Sprint("key", i), Data: fmt.Appendf(nil, `{"k": %d, "s": "text"}`, i)}
}

// put appends rows, some of them aggregated.
func (r *remote) put(from, to int, aggregated bool) {
	r.Helper()
	var records []shardlog.Record
	var a kpl.Aggregator
	for i := from; i < to; i++ {
		row := jsonRow(i)
		if !aggregated || i%3 == 0 {
			records = append(records, row)
			continue
		}
		a.Add(row.PartitionKey, row.Data)
		if a.Count() == 5 || i == to-1 {
			key, data := a.Flush()
			records = append(records, shardlog.Record{PartitionKey: key, Data: data})
		}
	}
	if a.Count() > 0 {
		key, data := a.Flush()
		records = append(records, shardlog.Record{PartitionKey: key, Data: data})
	}
	if _, err := r.store.Append("s", records); err != nil {
		r.Fatal(err)
	}
}

var readers = map[string][]string{
	"polling": {"source.reader.type", "POLLING", "source.shard.get-records.interval", "10 ms"},
	"fan-out": {"source.reader.type", "EFO", "source.efo.consumer.name", "c"},
}

func with(options []string, more ...string) []string { return append(slices.Clone(options), more...) }

// TestKinesisSourceContract runs the contract by polling; it includes aggregated
// records and resuming within them.
func TestKinesisSourceContract(t *testing.T) {
	for _, c := range []struct {
		shards     int
		aggregated bool
	}{{2, false}, {1, true}} {
		t.Run(fmt.Sprintf("aggregated=%t", c.aggregated), func(t *testing.T) {
			r := newRemote(t, c.shards, awsapi.Options{})
			r.put(0, 60, c.aggregated)
			nextMillisecond() // the bound is a millisecond of arrival
			options := with(readers["polling"], "source.init.position", "TRIM_HORIZON", "scan.bounded.mode", "latest", "source.shard.get-records.max-record-count", "7")
			connectortest.RunSource(t, connectortest.Source{
				Make:   func(t testing.TB) connector.Source { return r.source(rowMetadata(), options...) },
				Schema: rowMetadata(), Rows: 60, Pruned: rowMetadata()[1:4],
			})
		})
	}
}

func TestKinesisSourceBlocking(t *testing.T) {
	for name, options := range readers {
		t.Run(name, func(t *testing.T) {
			r := newRemote(t, 1, awsapi.Options{})
			connectortest.Blocking(t, r.source(rowSchema(), options...))
		})
	}
}

// follow reads a source like a job: parents before children, new splits discovered
// whenever one ends, until it has so many rows. checkpoint, if not nil, is called with
// the positions after each batch and may replace them, as a restore does.
type follower struct {
	*remote
	src       connector.Source
	known     []connector.SplitID
	splits    []connector.Split
	positions map[connector.SplitID][]byte
	ended     map[connector.SplitID]bool
}

func (r *remote) follower(src connector.Source) *follower {
	return &follower{remote: r, src: src, positions: map[connector.SplitID][]byte{}, ended: map[connector.SplitID]bool{}}
}

func (f *follower) discover() {
	f.Helper()
	more, err := f.src.Discover(context.Background(), f.known, 1)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range more {
		f.known, f.splits = append(f.known, s.ID), append(f.splits, s)
	}
}

func (f *follower) ready(s connector.Split) bool {
	for _, p := range s.Parents {
		if slices.Contains(f.known, p) && !f.ended[p] {
			return false
		}
	}
	return !f.ended[s.ID]
}

// read reads until there are n rows in all.
func (f *follower) read(n int) (rows []string) {
	f.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for len(rows) < n {
		f.discover()
		for _, s := range f.splits {
			if f.ready(s) {
				rows = append(rows, f.readSplit(s, n-len(rows))...)
			}
		}
		if time.Now().After(deadline) {
			f.Fatalf("%d rows, want %d", len(rows), n)
		}
	}
	return rows
}

// readSplit reads a split until its end, n rows, or nothing coming for a while.
func (f *follower) readSplit(s connector.Split, n int) (rows []string) {
	f.Helper()
	bad := connector.NewBadCounter(connector.BadFail, nil)
	reader, err := f.src.Open(context.Background(), s, f.positions[s.ID], connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 13, Bad: bad})
	if err != nil {
		f.Fatal(err)
	}
	defer reader.Close()
	for len(rows) < n {
		wait := make(chan struct{})
		timer := time.AfterFunc(150*time.Millisecond, func() { close(wait) })
		batch, err := reader.Next(context.Background(), wait)
		timer.Stop()
		got := stream.FormatRows(batch)
		batch.Release()
		rows = append(rows, got...)
		f.positions[s.ID] = reader.Position()
		if errors.Is(err, connector.ErrEndOfSplit) {
			f.ended[s.ID] = true
			return rows
		}
		if err != nil {
			f.Fatal(err)
		}
		if len(got) == 0 {
			return rows
		}
	}
	return rows
}

// TestKinesisSourceFollowsReshards reads a stream that is split and merged, by polling
// and by fan-out, over restarts of the reader: every row once, those of a key in order.
func TestKinesisSourceFollowsReshards(t *testing.T) {
	for name, options := range readers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t, 2, awsapi.Options{})
			f := r.follower(r.source(rowSchema(), with(options, "source.init.position", "TRIM_HORIZON")...))
			st, err := r.store.Stream("s")
			if err != nil {
				t.Fatal(err)
			}
			var rows []string
			const rounds, each = 4, 60
			for round := range rounds {
				r.put(round*each, (round+1)*each, false)
				if err := st.Scale([]int{3, 2, 4, 1}[round]); err != nil {
					t.Fatal(err)
				}
				if round != 1 { // once two reshards lie between
					rows = append(rows, f.read((round+1)*each-len(rows))...)
				}
				f.src = r.source(rowSchema(), with(options, "source.init.position", "TRIM_HORIZON")...)
			}
			sort.Strings(rows)
			if unique := slices.Compact(slices.Clone(rows)); len(unique) != len(rows) || len(rows) != rounds*each {
				t.Errorf("%d rows, %d different, want %d", len(rows), len(unique), rounds*each)
			}
		})
	}
}

// TestKinesisSourceStarts begins at each kind of place, and ends at a time.
func TestKinesisSourceStarts(t *testing.T) {
	r := newRemote(t, 1, awsapi.Options{})
	r.put(0, 10, false)
	nextMillisecond()
	middle := time.Now()
	nextMillisecond()
	r.put(10, 20, false)
	st, err := r.store.Stream("s")
	if err != nil {
		t.Fatal(err)
	}
	it, err := st.Iterator("shardId-000000000000", shardlog.TrimHorizon())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := it.Next(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	third := entries[3].Sequence.String()
	it.Close()
	for name, c := range map[string]struct {
		options []string
		rows    int
	}{
		"timestamp": {[]string{"source.init.position", "AT_TIMESTAMP", "source.init.timestamp", middle.Format(time.RFC3339Nano)}, 10},
		"seconds":   {[]string{"source.init.position", "AT_TIMESTAMP", "source.init.timestamp", fmt.Sprintf("%.3f", float64(middle.UnixMilli())/1000)}, 10},
		"sequence":  {[]string{"source.init.position", "AT_SEQUENCE_NUMBER", "source.init.sequence", "shardId-000000000000:" + third}, 17},
		"until":     {[]string{"source.init.position", "TRIM_HORIZON", "scan.bounded.mode", "timestamp", "scan.bounded.timestamp-millis", fmt.Sprint(middle.UnixMilli())}, 10},
		"by ARN":    {[]string{"source.init.position", "TRIM_HORIZON", "stream", "", "stream.arn", "arn:aws:kinesis:eu-west-1:000000000000:stream/s"}, 20},
	} {
		if got := r.follower(r.source(rowSchema(), with(readers["polling"], c.options...)...)).read(c.rows); len(got) != c.rows {
			t.Errorf("%s: %d rows, want %d", name, len(got), c.rows)
		}
	}
	latest := r.follower(r.source(rowSchema(), with(readers["polling"], "source.init.position", "LATEST")...))
	nextMillisecond()
	latest.discover()
	nextMillisecond()
	r.put(20, 25, false)
	if got := latest.read(5); len(got) != 5 {
		t.Errorf("latest: %d rows", len(got))
	}
}

// nextMillisecond waits until arrivals are told apart from those before.
func nextMillisecond() {
	for begun := time.Now().UnixMilli(); time.Now().UnixMilli() < begun+2; {
		runtime.Gosched()
	}
}

// orders makes a batch of rows.
func orders(t *testing.T, from, to int) stream.Batch {
	t.Helper()
	var lines []string
	for i := from; i < to; i++ {
		lines = append(lines, fmt.Sprintf("+ k=%d s=s%d", i, i%5))
	}
	b, err := stream.ParseRows(memory.DefaultAllocator, rowSchema(), lines)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKinesisSink writes more rows than a call takes, also into a stream that refuses
// some, and aggregated: each row is there, those of a key in order.
func TestKinesisSink(t *testing.T) {
	for name, c := range map[string]struct {
		limits  bool
		rows    int
		options []string
	}{
		"plain": {false, 1300, nil}, "limited": {true, 2600, nil}, "fixed": {false, 700, []string{"sink.partitioner", "fixed"}},
		"aggregated": {false, 1300, []string{"sink.aggregation.enabled", "true"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t, 2, awsapi.Options{Limits: c.limits})
			table := r.table(rowSchema(), with(c.options)...)
			if name != "fixed" {
				table.PartitionKeys = []string{"s"}
			}
			snk, err := kinesis.New().Sink(table)
			if err != nil {
				t.Fatal(err)
			}
			w, err := snk.Writer(t.Context(), connector.WriterEnv{Alloc: memory.DefaultAllocator, Job: "j", Tasks: 1}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for from := 0; from < c.rows; from += 650 {
				batch := orders(t, from, min(c.rows, from+650))
				if err := w.Write(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
				batch.Release()
			}
			if _, err := w.Prepare(t.Context(), 1, true); err != nil {
				t.Fatal(err)
			}
			rows := r.follower(r.source(rowSchema(), with(readers["polling"], "source.init.position", "TRIM_HORIZON")...)).read(c.rows)
			if name == "limited" {
				sort.Strings(rows)
				if len(slices.Compact(rows)) != c.rows {
					t.Error("rows came twice")
				}
				return
			}
			last := map[string]int{}
			for _, row := range rows {
				var k int
				var s string
				fields := strings.NewReplacer("+I", "", "k=", "", "s=", "").Replace(row)
				if _, err := fmt.Sscan(fields, &k, &s); err != nil {
					t.Fatalf("%q: %v", row, err)
				}
				if before, ok := last[s]; ok && k <= before {
					t.Fatalf("of %s row %d came after %d", s, k, before)
				}
				last[s] = k
			}
		})
	}
}

func TestKinesisOptionMistakes(t *testing.T) {
	r := &remote{TB: t, server: &httptest.Server{URL: "http://127.0.0.1:1"}}
	for want, options := range map[string][]string{
		"give one of 'stream.arn' and 'stream'":    {"stream.arn", "arn:aws:kinesis:r:1:stream/s"},
		"is no ARN of a stream":                    {"stream", "", "stream.arn", "arn:aws:s3:::b"},
		"needs the option 'source.init.timestamp'": {"source.init.position", "AT_TIMESTAMP"},
		"is no time":          {"source.init.position", "AT_TIMESTAMP", "source.init.timestamp", "soon"},
		"is not SHARD:NUMBER": {"source.init.position", "AT_SEQUENCE_NUMBER", "source.init.sequence", "49"},
		"needs the option 'source.efo.consumer.name'":      {"source.reader.type", "EFO"},
		"'sink.batch.max-size' is between 1 and 500":       {"sink.batch.max-size", "501"},
		"needs the option 'scan.bounded.timestamp-millis'": {"scan.bounded.mode", "timestamp"},
	} {
		err := kinesis.New().Check(r.table(rowSchema(), options...))
		if err == nil || errs.ClassOf(err) != errs.User || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", options, err, want)
		}
	}
}
