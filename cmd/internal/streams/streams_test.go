package streams

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/connectors/shardlog"
	"github.com/thalweg/thalweg/engine/awsapi"
	"github.com/thalweg/thalweg/internal/errs"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

// serve gives a client of a server with a stream s of two shards.
func serve(t *testing.T) *Client {
	t.Helper()
	store, err := shardlog.Open("log", shardlog.Options{FS: vfs.NewMem(), TrimEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(awsapi.New(store, awsapi.Options{}))
	t.Cleanup(func() {
		server.Close()
		store.Close()
	})
	c, err := Open(Target{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Create(t.Context(), Creation{Name: "s", Shards: 2}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *Client) mustPut(t *testing.T, from, to int) {
	t.Helper()
	var lines strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&lines, "{\"key\": \"k%d\", \"data\": \"%06d\"}\n", i%7, i)
	}
	if _, err := c.Put(t.Context(), "s", NewReader(strings.NewReader(lines.String()), JSON), func(Done) {}); err != nil {
		t.Fatal(err)
	}
}

// TestTailFollowsReshards reads a stream that is split and merged under the reader:
// every record comes once, and those of a key in order.
func TestTailFollowsReshards(t *testing.T) {
	const rounds, each = 5, 700
	c := serve(t)
	c.mustPut(t, 0, each)
	got := map[string][]string{}
	seen := make(chan string, rounds*each)
	ended := make(chan error, 1)
	start, err := ParseStart("earliest", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		ended <- c.Tail(context.WithoutCancel(t.Context()), Tailing{Stream: "s", From: start, Follow: true, Limit: rounds * each}, func(r Record) error {
			got[r.Key] = append(got[r.Key], r.Data)
			seen <- r.Data
			return nil
		})
	}()
	for round := 1; round < rounds; round++ {
		<-seen
		if err := c.Scale(t.Context(), "s", []int{5, 3, 1, 4}[round-1], func(string) {}); err != nil {
			t.Fatal(err)
		}
		c.mustPut(t, round*each, (round+1)*each)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	total := 0
	for key, data := range got {
		total += len(data)
		if !slices.IsSorted(data) || len(slices.Compact(data)) != len(data) {
			t.Errorf("the records of %s came out of order or twice", key)
		}
	}
	if total != rounds*each {
		t.Errorf("%d records, want %d", total, rounds*each)
	}
}

func TestSplitHalvesAndMergeJoins(t *testing.T) {
	c := serve(t)
	if err := c.Split(t.Context(), "s", "shardId-000000000001", ""); err != nil {
		t.Fatal(err)
	}
	if err := c.Merge(t.Context(), "s", "shardId-000000000000", "shardId-000000000002"); err != nil {
		t.Fatal(err)
	}
	shards, err := c.Shards(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, s := range shards {
		text = append(text, fmt.Sprintf("%s open=%t %.2f %v", s.ID[len(s.ID)-1:], s.Open, s.Share(), s.Parents))
	}
	want := []string{"0 open=false 0.50 []", "1 open=false 0.50 []", "2 open=false 0.25 [shardId-000000000001]", "3 open=true 0.25 [shardId-000000000001]",
		"4 open=true 0.75 [shardId-000000000000 shardId-000000000002]"}
	if !slices.Equal(text, want) {
		t.Errorf("got %q, want %q", text, want)
	}
}

func TestParseStart(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"15m": now.Add(-15 * time.Minute), "2026-01-31T11:00:00Z": now.Add(-time.Hour), "2026-01-31T13:00:00+01:00": now,
		"2026-01-31 11:59": now.Add(-time.Minute), "2026-01-31": now.Add(-12 * time.Hour),
	} {
		if got, err := ParseStart(text, now); err != nil || !got.at.Equal(want) {
			t.Errorf("%s: %v, %v, want %v", text, got.at, err, want)
		}
	}
	for _, text := range []string{"", "soon", "-15m", "49", "2026-13-01"} {
		if _, err := ParseStart(text, now); errs.ClassOf(err) != errs.User {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestDataDirectoryInUse names the way to a server that has the directory open.
func TestDataDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	first, err := Open(Target{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := Open(Target{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "--endpoint") {
		t.Errorf("a second one: %v", err)
	}
}
