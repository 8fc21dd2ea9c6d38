package kinesis_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi"
)

// served is a store on disk behind HTTP, called without an SDK, so that the client
// costs little.
type served struct {
	testing.TB
	store  *shardlog.Store
	server *httptest.Server
}

func serve(b testing.TB, shards int) *served {
	b.Helper()
	store, err := shardlog.Open(b.TempDir(), shardlog.Options{TrimEvery: -1})
	if err != nil {
		b.Fatal(err)
	}
	if err := store.CreateStream("s", shards, shardlog.MinRetention); err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(awsapi.New(store, awsapi.Options{}))
	b.Cleanup(func() {
		server.Close()
		store.Close()
	})
	return &served{b, store, server}
}

// call posts a body and decodes what it needs of the answer.
func (s *served) call(action string, body []byte, answer any) {
	s.Helper()
	r, err := http.NewRequest(http.MethodPost, s.server.URL, bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+action)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20261128/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00")
	w, err := s.server.Client().Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer w.Body.Close()
	if w.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(w.Body)
		s.Fatalf("%s: %d %s", action, w.StatusCode, text)
	}
	if answer == nil {
		_, err = io.Copy(io.Discard, w.Body)
	} else {
		err = json.NewDecoder(w.Body).Decode(answer)
	}
	if err != nil {
		s.Fatal(err)
	}
}

const benchRecordBytes = 1024

// putBody is a PutRecords request of n records of one KiB.
func putBody(b testing.TB, n int) []byte {
	type entry struct {
		Data         []byte
		PartitionKey string
	}
	var in struct {
		StreamName string
		Records    []entry
	}
	in.StreamName = "s"
	for i := range n {
		in.Records = append(in.Records, entry{bytes.Repeat([]byte{byte(i)}, benchRecordBytes), fmt.Sprint("key-", i)})
	}
	body, err := json.Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	return body
}

// BenchmarkPutRecords puts 500 records of one KiB a call.
func BenchmarkPutRecords(b *testing.B) {
	for _, shards := range []int{1, 4} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			s := serve(b, shards)
			body := putBody(b, 500)
			b.ReportAllocs()
			b.SetBytes(500 * benchRecordBytes)
			for b.Loop() {
				s.call("PutRecords", body, nil)
			}
			b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkGetRecords gets 1,000 records of one KiB a call, and nothing a call at
// the tip of one shard among 1,000.
func BenchmarkGetRecords(b *testing.B) {
	var iterator struct{ ShardIterator string }
	get := func(s *served, shard int, kind string) []byte {
		s.call("GetShardIterator", fmt.Appendf(nil, `{"StreamName":"s","ShardId":"shardId-%012d","ShardIteratorType":"%s"}`, shard, kind), &iterator)
		return fmt.Appendf(nil, `{"ShardIterator":"%s","Limit":1000}`, iterator.ShardIterator)
	}
	b.Run("records=1000", func(b *testing.B) {
		s := serve(b, 1)
		for range 2 {
			s.call("PutRecords", putBody(b, 500), nil)
		}
		body := get(s, 0, "TRIM_HORIZON")
		b.ReportAllocs()
		b.SetBytes(1000 * benchRecordBytes)
		for b.Loop() {
			s.call("GetRecords", body, nil)
		}
		b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "records/s")
	})
	b.Run("tip-of-1000-shards", func(b *testing.B) {
		s := serve(b, 1000)
		body := get(s, 500, "LATEST")
		b.ReportAllocs()
		for b.Loop() {
			s.call("GetRecords", body, nil)
		}
	})
}
