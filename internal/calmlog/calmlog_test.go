package calmlog

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.b.Reset()
	return strings.Split(strings.TrimSuffix(b.b.String(), "\n"), "\n")
}

// lines is a log whose lines have no time.
func lines() (*slog.Logger, func() []string) {
	b := new(buffer)
	log := slog.New(New(slog.NewTextHandler(b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}}), time.Minute))
	return log, b.take
}

// TestRepeatedRecordsAreCounted logs in bursts: the first of them is there at once, the
// number of the others when the minute ends, and after a quiet minute it begins anew.
func TestRepeatedRecordsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, read := lines()
		burst := func(n int) {
			for i := range n {
				log.Error("a record could not be appended", "shard", fmt.Sprint("shardId-", i), "error", errors.New("the disk is full"))
			}
		}
		minute := func(want ...string) {
			t.Helper()
			if got := read(); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: got %q, want %q", time.Now().Format("04:05"), got, want)
			}
			<-time.After(time.Minute + time.Millisecond)
			synctest.Wait()
		}
		first := `msg="a record could not be appended" shard=shardId-%d error="the disk is full"`
		burst(500)
		log.Error("another", "error", errors.New("the disk is full"))
		minute(fmt.Sprintf(first, 0), `msg=another error="the disk is full"`)
		burst(7)
		minute(fmt.Sprintf(first, 499) + " repeated=499")
		minute(fmt.Sprintf(first, 6) + " repeated=7")
		minute("")
		burst(1)
		minute(fmt.Sprintf(first, 0))
		minute("")
	})
}

// TestOtherAttributesAreOtherRecords tells records apart by what they were made with.
func TestOtherAttributesAreOtherRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, read := lines()
		for range 2 {
			log.With("job", "a").Info("restarts", "attempt", 1)
			log.With("job", "b").Info("restarts", "attempt", 2)
			log.WithGroup("g").Info("restarts", "attempt", 3)
			log.Info("restarts", "attempt", "none")
		}
		if got := len(read()); got != 4 {
			t.Errorf("%d lines", got)
		}
		<-time.After(time.Hour)
	})
}

// TestMemoryIsBounded logs many different records.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, read := lines()
		name := ""
		for range 3 * keysMax {
			name += "x"
			log.Error("failed", "name", name)
		}
		if got := len(read()); got != keysMax+1 {
			t.Errorf("%d lines", got)
		}
		<-time.After(time.Hour)
		synctest.Wait()
		log.Error("failed", "name", name)
		if got := read(); len(got) != 2 || !strings.Contains(got[0], "repeated=1999") {
			t.Errorf("%d lines, %.80s", len(got), got[0])
		}
	})
}
