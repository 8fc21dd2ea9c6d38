package awsapi_test

import (
	"context"
	"sort"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/connectors/kinesis"
	"github.com/thalweg/thalweg/engine/awsapi"
	"github.com/thalweg/thalweg/operators/stream"
)

// TestKinesisUpserts writes and reads upserts over the wire, packed together or not.
func TestKinesisUpserts(t *testing.T) {
	for _, aggregate := range []string{"false", "true"} {
		r := newRemote(t, 2, awsapi.Options{})
		ctx := context.Background()
		parsed, err := kinesis.NewUpsert().Spec().Parse(map[string]string{"stream": "s", "aws.endpoint": r.server.URL, "aws.region": "eu-west-1",
			"aws.credentials.provider": "BASIC", "aws.credentials.basic.accesskeyid": "A", "aws.credentials.basic.secretkey": "b",
			"key.format": "json", "value.format": "json", "scan.bounded.mode": "latest", "sink.aggregation.enabled": aggregate,
			"sink.buffer-flush.max-rows": "4", "sink.buffer-flush.interval": "1 h"})
		if err != nil {
			t.Fatal(err)
		}
		table := connector.Table{Name: "orders", Schema: rowSchema(), PrimaryKey: []string{"k"}, Options: parsed}
		s, err := kinesis.NewUpsert().Sink(table)
		if err != nil {
			t.Fatal(err)
		}
		w, err := s.Writer(ctx, connector.WriterEnv{Alloc: memory.DefaultAllocator, Job: "j", Tasks: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, lines := range [][]string{{"+ k=1 s=a", "+U k=1 s=b", "+ k=2 s=c", "+ k=3 s=d"}, {"+ k=4 s=e", "- k=2 s=c"}} {
			b, err := stream.ParseRows(memory.DefaultAllocator, rowSchema(), lines)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Prepare(ctx, 1, true); err != nil {
			t.Fatal(err)
		}
		nextMillisecond() // a bounded table ends before the present one
		src, err := kinesis.NewUpsert().Source(table)
		if err != nil {
			t.Fatal(err)
		}
		rows := readAll(t, src)
		sort.Strings(rows)
		want := "+I k=1 s=b; +I k=3 s=d; +I k=4 s=e; -D k=2 s=NULL"
		if got := strings.Join(rows, "; "); got != want {
			t.Errorf("aggregation %s: read %s, want %s", aggregate, got, want)
		}
	}
}

// readAll reads a bounded source whose shards have no parents.
func readAll(t testing.TB, src connector.Source) (rows []string) {
	t.Helper()
	ctx := context.Background()
	splits, err := src.Discover(ctx, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, split := range splits {
		reader, err := src.Open(ctx, split, nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 100, Bad: connector.NewBadCounter(connector.BadFail, nil)})
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			var b stream.Batch
			if b, err = reader.Next(ctx, nil); b.Rows() > 0 {
				rows = append(rows, stream.FormatRows(b)...)
			}
			b.Release()
		}
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}
