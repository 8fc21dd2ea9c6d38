package awsapi_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi"
)

// logLines counts a log's lines.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(p))
	return len(p), nil
}

// TestAFullDiskIsNotToldByTheRecord puts many records into many shards while the disk is
// full, alone and in batches: each call fails, the log says so once for either kind, and
// afterwards records are taken again.
func TestAFullDiskIsNotToldByTheRecord(t *testing.T) {
	var full atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			return syscall.ENOSPC
		}
		return nil
	}))
	store, err := shardlog.Open("log", shardlog.Options{FS: fs, TrimEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.CreateStream("s", 20, shardlog.MinRetention); err != nil {
		t.Fatal(err)
	}
	log := new(logLines)
	handler := awsapi.New(store, awsapi.Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	call := func(action, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", strings.NewReader(body))
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "Kinesis_20131202."+action)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0")
		r.Header.Set("X-Amz-Date", "20260101T000000Z")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	record := func(i int) string { return `{"PartitionKey": "k` + strings.Repeat("x", i) + `", "Data": "YQ=="}` }
	var batch []string
	for i := range 200 {
		batch = append(batch, record(i))
	}
	putAll := func(failed string) {
		t.Helper()
		w := call("PutRecords", `{"StreamName": "s", "Records": [`+strings.Join(batch, ",")+`]}`)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"FailedRecordCount":`+failed+`,`) {
			t.Fatalf("%d %.300s, want %s failures", w.Code, w.Body, failed)
		}
	}
	putAll("0")
	full.Store(true)
	for i := range 20 {
		putAll("200")
		if w := call("PutRecord", `{"StreamName": "s", `+record(i)[1:]); w.Code != http.StatusInternalServerError {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if len(log.lines) != 2 || !strings.Contains(log.lines[0], "the disk is full") {
		t.Errorf("%d lines: %.600q", len(log.lines), log.lines)
	}
	full.Store(false)
	putAll("0")
}
