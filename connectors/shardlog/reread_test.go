package shardlog

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestAReaderOfAnExpiredShardFindsItsEnd begins to read a shard that is then split, and
// removed when its retention has ended: what it had is counted as trimmed.
func TestAReaderOfAnExpiredShardFindsItsEnd(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	w.put("s", "a", "b", "c")
	st := mustStream(t, w, "s")
	it, err := st.Iterator(shardID(0), TrimHorizon())
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	if err := st.Scale(2); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(MinRetention + time.Hour)
	if _, err := w.store.Trim(); err != nil {
		t.Fatal(err)
	}
	if got := shape(t, st); got != "1<* 2<*" {
		t.Fatalf("got %s", got)
	}
	if _, err := it.Next(context.Background(), nil); !errors.Is(err, ErrShardEnd) || it.Trimmed() != 3 {
		t.Errorf("%v, %d trimmed", err, it.Trimmed())
	}
}

// TestATransactionOutlivesItsShard writes rows for a shard that is split and removed
// before they are prepared.
func TestATransactionOutlivesItsShard(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	st := mustStream(t, w, "s")
	err := commitOne(st, func() {
		if err := st.Scale(2); err != nil {
			t.Fatal(err)
		}
		w.clock.advance(MinRetention + time.Hour)
		if _, err := w.store.Trim(); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	checkLineage(t, st, 1, 1)
}

// TestACommitWaitsForNoOtherShard commits to one shard while another one is written.
func TestACommitWaitsForNoOtherShard(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 2)
	st := mustStream(t, w, "s")
	if _, err := st.Describe(); err != nil { // opens both
		t.Fatal(err)
	}
	other := st.table.Load().open[1-st.table.Load().routeFor(hashOf("k"))].shard
	other.writing.Lock()
	defer other.writing.Unlock()
	prompt(t, "a commit", func() error { return commitOne(st) })
}

// TestIndexesOfEndedSegmentsAreSparse writes blocks into two segments and reads from the
// middle of the first one, before and after a restart.
func TestIndexesOfEndedSegmentsAreSparse(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.options.SegmentBytes, w.options.TailBytes = 4<<20, 1
	w.reopen()
	w.create("s", 1)
	texts := slices.Repeat([]string{strings.Repeat("x", 1000)}, 50) // 100 KB with their keys
	var middle Sequence
	for i := range 50 {
		r := w.put("s", texts...)
		if i == 20 {
			middle = r[0].Sequence
		}
	}
	for range 2 {
		if got := w.read("s", 0, AtSequence(middle)); len(got) != 30*len(texts) {
			t.Errorf("%d records from the middle on, want %d", len(got), 30*len(texts))
		}
		s := mustStream(t, w, "s").shards()[0].view.Load().segments[0]
		s.mu.Lock()
		if n := len(s.index); n < 5 || n > 4<<20/indexEndedEveryBytes {
			t.Errorf("%d entries", n)
		}
		s.mu.Unlock()
		w.reopen()
	}
}

// lockedLog is a log's text.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
	told chan struct{}
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() == 0 {
		defer close(l.told)
	}
	return l.text.Write(p)
}

// TestTheJanitorTellsWhatFails can't remove old segments: the log says so.
func TestTheJanitorTellsWhatFails(t *testing.T) {
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpRemove && strings.HasSuffix(op.Path, segmentSuffix) {
			return errCut
		}
		return nil
	}))
	log := &lockedLog{told: make(chan struct{})}
	w := newWorld(t, fs)
	w.create("s", 1)
	w.put("s", "a")
	w.clock.advance(MinRetention + time.Hour)
	w.options.TrimEvery, w.options.Log = time.Millisecond, slog.New(slog.NewTextHandler(log, nil))
	w.reopen()
	<-log.told
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.text.String(), "could not be removed") || !strings.Contains(log.text.String(), errCut.Error()) {
		t.Errorf("the log is %q", log.text.String())
	}
}
