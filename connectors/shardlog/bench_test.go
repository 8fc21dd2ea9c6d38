package shardlog

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/connectors/connector"
	"github.com/thalweg/thalweg/operators/stream"
)

func benchStore(b *testing.B, shards int) *Store {
	b.Helper()
	s, err := Open(b.TempDir(), Options{TrimEvery: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	if err := s.CreateStream("s", shards, MinRetention); err != nil {
		b.Fatal(err)
	}
	return s
}

func benchRecords(n, bytes int) []Record {
	records := make([]Record, n)
	for i := range records {
		records[i] = Record{PartitionKey: fmt.Sprintf("key-%06d", i), Data: make([]byte, bytes)}
		for k := range records[i].Data {
			records[i].Data[k] = byte(i*31 + k*7)
		}
	}
	return records
}

// BenchmarkSync is what the disk itself takes for a write of 4 KiB and its sync.
func BenchmarkSync(b *testing.B) {
	f, err := os.Create(b.TempDir() + "/file")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	for b.Loop() {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ appenders, batch, bytes, shards int }{
		{1, 1, 1024, 1}, {64, 1, 1024, 1}, {1, 500, 1024, 1}, {4, 500, 1024, 1}, {4, 2000, 1024, 1}, {8, 500, 1024, 2},
		{4, 5000, 100, 1}, {4, 5000, 100, 4},
	} {
		b.Run(fmt.Sprintf("appenders=%d/batch=%d/bytes=%d/shards=%d", c.appenders, c.batch, c.bytes, c.shards), func(b *testing.B) {
			s := benchStore(b, c.shards)
			records := benchRecords(c.batch, c.bytes)
			b.ReportAllocs()
			b.ResetTimer()
			var done sync.WaitGroup
			for a := range c.appenders {
				done.Add(1)
				go func() {
					defer done.Done()
					for i := a; i < b.N; i += c.appenders {
						if _, err := s.Append("s", records); err != nil {
							b.Error(err)
							return
						}
					}
				}()
			}
			done.Wait()
			seconds := b.Elapsed().Seconds()
			b.ReportMetric(float64(b.N*c.batch*c.bytes)/1e6/seconds, "MB/s")
			b.ReportMetric(float64(b.N*c.batch)/seconds, "records/s")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, bytes := range []int{1024, 100} {
		b.Run(fmt.Sprintf("bytes=%d", bytes), func(b *testing.B) {
			s := benchStore(b, 1)
			const total = 256 << 20
			records := benchRecords(1<<20/bytes, bytes)
			for n := 0; n < total; n += len(records) * bytes {
				if _, err := s.Append("s", records); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			rows := 0
			for b.Loop() {
				it, err := s.Iterator("s", shardID(0), TrimHorizon())
				if err != nil {
					b.Fatal(err)
				}
				for it.Ready() {
					entries, err := it.Next(context.Background(), nil)
					if err != nil {
						b.Fatal(err)
					}
					rows += len(entries)
				}
				it.Close()
			}
			b.ReportMetric(float64(rows*bytes)/1e6/b.Elapsed().Seconds(), "MB/s")
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkTail is the time from an append to a waiting reader having the record,
// the sync included.
func BenchmarkTail(b *testing.B) {
	s := benchStore(b, 1)
	it, err := s.Iterator("s", shardID(0), Latest())
	if err != nil {
		b.Fatal(err)
	}
	defer it.Close()
	records := benchRecords(1, 100)
	var waited time.Duration
	for b.Loop() {
		done := make(chan time.Time)
		go func() {
			if _, err := it.Next(context.Background(), nil); err != nil {
				b.Error(err)
			}
			done <- time.Now()
		}()
		if _, err := s.Append("s", records); err != nil {
			b.Fatal(err)
		}
		acknowledged := time.Now()
		waited += (<-done).Sub(acknowledged)
	}
	b.ReportMetric(float64(waited.Nanoseconds())/float64(b.N), "ns-after-ack")
}

// BenchmarkSource decodes JSON records of a stream into batches.
func BenchmarkSource(b *testing.B) {
	s := benchStore(b, 1)
	records := jsonRecords(0, 10_000)
	bytes := 0
	for i := range records {
		bytes += len(records[i].Data)
	}
	const times = 50
	for range times {
		if _, err := s.Append("s", records); err != nil {
			b.Fatal(err)
		}
	}
	src, err := New().Source(declare(b, s, orderSchema(), "scan.bounded.mode", "latest"))
	if err != nil {
		b.Fatal(err)
	}
	splits, err := src.Discover(context.Background(), nil, 1)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r, err := src.Open(context.Background(), splits[0], nil, connector.ReaderEnv{Alloc: memory.DefaultAllocator, BatchRows: 4096})
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			var batch stream.Batch
			batch, err = r.Next(context.Background(), nil)
			batch.Release()
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*times*len(records))/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(b.N*times*bytes)/1e6/b.Elapsed().Seconds(), "MB/s")
}
