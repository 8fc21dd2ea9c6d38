package awsapi_test

import (
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/format/kpl"
	"github.com/thalweg/thalweg/connectors/kinesis"
	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi"
	"github.com/thalweg/thalweg/operators/stream"
)

// keyedRows makes a batch of rows whose numbers grow, of so many keys.
func keyedRows(t *testing.T, from, to, keys int) stream.Batch {
	t.Helper()
	var lines []string
	for i := from; i < to; i++ {
		lines = append(lines, fmt.Sprintf("+ k=%d s=key%d", i, i%keys))
	}
	b, err := stream.ParseRows(memory.DefaultAllocator, rowSchema(), lines)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// packer is a sink's writer that packs rows.
func (r *remote) packer(t *testing.T, options ...string) connector.Writer {
	t.Helper()
	table := r.table(rowSchema(), append([]string{"sink.aggregation.enabled", "true"}, options...)...)
	table.PartitionKeys = []string{"s"}
	s, err := kinesis.New().Sink(table)
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Writer(t.Context(), connector.WriterEnv{Alloc: memory.DefaultAllocator, Job: "j", Tasks: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// packed is what a stream's records hold for a reader: rows in the order of shards,
// parents first, without those that a shard does not count as its own.
type packed struct {
	records, rows, astray int
	// numbers are those of each key's rows.
	numbers map[string][]int
}

func (r *remote) unpack(t *testing.T) packed {
	t.Helper()
	st, err := r.store.Stream("s")
	if err != nil {
		t.Fatal(err)
	}
	d, err := st.Describe()
	if err != nil {
		t.Fatal(err)
	}
	out := packed{numbers: map[string][]int{}}
	for _, shard := range d.Shards {
		it, err := st.Iterator(shard.ID, shardlog.TrimHorizon())
		if err != nil {
			t.Fatal(err)
		}
		for it.Ready() {
			entries, err := it.Next(context.Background(), nil)
			if errors.Is(err, shardlog.ErrShardEnd) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				out.add(t, shard, e)
			}
		}
		it.Close()
	}
	return out
}

func (p *packed) add(t *testing.T, shard shardlog.ShardDescription, e shardlog.Entry) {
	t.Helper()
	p.records++
	rows, ok := kpl.Split(nil, e.Data)
	if !ok {
		rows = []kpl.Record{{Key: e.PartitionKey, Data: e.Data}}
	}
	for _, row := range rows {
		sum := md5.Sum(row.Key)
		k := shardlog.HashKey{Hi: binary.BigEndian.Uint64(sum[:8]), Lo: binary.BigEndian.Uint64(sum[8:])}
		if k.Less(shard.FirstHash) || shard.LastHash.Less(k) {
			p.astray++
			continue
		}
		var content struct{ K int }
		if err := json.Unmarshal(row.Data, &content); err != nil {
			t.Fatal(err)
		}
		p.rows++
		p.numbers[string(row.Key)] = append(p.numbers[string(row.Key)], content.K)
	}
}

// check fails unless each row is there, and each key's last ones are in order: what
// comes twice comes again with all that follows it.
func (p *packed) check(t *testing.T, total, keys int) {
	t.Helper()
	for i := range keys {
		numbers := p.numbers[fmt.Sprint("key", i)]
		last, seen := map[int]int{}, 0
		for at, n := range numbers {
			last[n] = at
		}
		at := -1
		for n := i; n < total; n += keys {
			place, ok := last[n]
			if !ok || place < at {
				t.Fatalf("key %d, row %d: there %t, out of order %t in %v", i, n, ok, place < at, numbers)
			}
			at = place
			seen++
		}
		if seen != len(last) {
			t.Errorf("key %d has %d different rows, want %d", i, len(last), seen)
		}
	}
}

// TestKinesisSinkPacksByShard writes rows of a thousand keys: a record holds those of
// many, all of the shard it is in.
func TestKinesisSinkPacksByShard(t *testing.T) {
	const rows, keys = 4000, 1000
	r := newRemote(t, 3, awsapi.Options{})
	w := r.packer(t)
	for from := 0; from < rows; from += 1000 {
		b := keyedRows(t, from, from+1000, keys)
		if err := w.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		b.Release()
	}
	got := r.unpack(t)
	got.check(t, rows, keys)
	if got.records > 4*3*2 || got.rows != rows || got.astray > 0 {
		t.Errorf("%d records with %d rows, %d of them in a wrong shard", got.records, got.rows, got.astray)
	}
}

// TestKinesisSinkPacksForAStreamThatSpreads writes into a stream that leads records where it
// likes: a record's rows are of the shard that it comes to, so that none is put again.
func TestKinesisSinkPacksForAStreamThatSpreads(t *testing.T) {
	const rows, keys = 4000, 1000
	r := newRemote(t, 3, awsapi.Options{})
	api := &trap{T: t, url: r.server.URL}
	answer, text := api.call(r.server.Client(), "UpdateStreamRecordDistributionStrategy",
		`{"StreamARN": "arn:aws:kinesis:eu-west-1:000000000000:stream/s", "RecordDistributionStrategy": "AUTO"}`)
	if answer.StatusCode != http.StatusOK {
		t.Fatal(text)
	}
	w := r.packer(t)
	for from := 0; from < rows; from += 1000 {
		b := keyedRows(t, from, from+1000, keys)
		if err := w.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		b.Release()
	}
	if got := r.unpack(t); got.rows+got.astray != rows || got.records > 4*3*2 {
		t.Errorf("%d records with %d rows, want %d rows", got.records, got.rows+got.astray, rows)
	}
}

// TestKinesisSinkPacksOverReshards writes while the stream is split and merged, between
// batches and within them: each row is there, those of a key in order.
func TestKinesisSinkPacksOverReshards(t *testing.T) {
	const batch, keys = 300, 40
	targets := []int{3, 2, 5, 1, 4, 2, 7}
	r := newRemote(t, 2, awsapi.Options{})
	st, err := r.store.Stream("s")
	if err != nil {
		t.Fatal(err)
	}
	w := r.packer(t, "sink.aggregation.max-size", "400 b", "sink.batch.max-size", "9")
	for round := range 2 * len(targets) {
		var done sync.WaitGroup
		reshard := func() {
			defer done.Done()
			if err := st.Scale(targets[round%len(targets)]); err != nil {
				t.Error(err)
			}
		}
		done.Add(1)
		if round < len(targets) {
			reshard()
		} else {
			go reshard()
		}
		b := keyedRows(t, round*batch, (round+1)*batch, keys)
		if err := w.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		b.Release()
		done.Wait()
	}
	got := r.unpack(t)
	got.check(t, 2*len(targets)*batch, keys)
	t.Logf("%d records, %d rows, %d of them astray", got.records, got.rows, got.astray)
	if got.astray == 0 {
		t.Error("nothing was led astray")
	}
}
