package shardlog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// harm is what was done to a shard's files: what a segment had from byte from to
// byte to is gone.
type harm struct {
	name     string
	segment  int
	from, to int64
	do       func(fs vfs.FS, path string, content []byte) error
}

// extent is a block of the shard as it was written.
type extent struct {
	segment int
	at      int64
	blockHeader
}

// harmed is a shard that is to be damaged, and all that is known of it.
type harmed struct {
	*world
	extents []extent
	files   [][]byte
	paths   []string
	total   int
}

// newHarmed fills a shard with several segments, each with several blocks, a second
// apart.
func newHarmed(t *testing.T) *harmed {
	w := &harmed{world: newWorld(t, vfs.NewMem())}
	w.options.SegmentBytes = 900
	w.reopen()
	w.create("s", 1)
	for range 24 {
		w.put("s", numbered(w.total, w.total+3)...)
		w.total += 3
		w.clock.advance(time.Second)
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := listShard(w.fs, segmentDir)
	segments := files.segments
	if err != nil || len(segments) < 4 {
		t.Fatalf("%d segments, %v", len(segments), err)
	}
	for i, s := range segments {
		content := readFile(t, w.fs, s.path)
		w.files, w.paths = append(w.files, content), append(w.paths, s.path)
		r := blockReader{file: vfs.NewMemFile(content)}
		for {
			at := r.at
			h, _, err := r.next(int64(len(content)))
			if err != nil {
				break
			}
			w.extents = append(w.extents, extent{i, at, h})
		}
	}
	return w
}

// random makes a harm.
func (w *harmed) random(r *rand.Rand) harm {
	at := r.IntN(len(w.files))
	size := int64(len(w.files[at]))
	h := harm{segment: at}
	switch r.IntN(6) {
	case 0:
		h.name, h.from, h.to = "deleted", 0, size
		h.do = func(fs vfs.FS, path string, _ []byte) error { return fs.Remove(path) }
		return h
	case 1:
		h.name, h.from, h.to = "truncated", r.Int64N(size), size
	case 2:
		h.name, h.from, h.to = "wiped", 0, size
	case 3:
		h.from = r.Int64N(size)
		h.to = min(size, h.from+1+r.Int64N(300))
		h.name = "overwritten in part"
	default:
		// A byte of a block's header or payload.
		h.name, h.from = "flipped", r.Int64N(size)
		if e := w.extents[r.IntN(len(w.extents))]; r.IntN(2) == 0 {
			h.segment, h.from = e.segment, e.at+r.Int64N(blockHeaderBytes)
		}
		h.to = h.from + 1
	}
	bit := byte(1) << r.IntN(8)
	h.do = func(fs vfs.FS, path string, content []byte) error {
		damaged := append([]byte(nil), content...)
		switch h.name {
		case "truncated":
			damaged = damaged[:h.from]
		case "flipped":
			damaged[h.from] ^= bit
		case "wiped":
			clear(damaged)
		default:
			for i := h.from; i < h.to; i++ {
				damaged[i] ^= 0xff
			}
		}
		return durable.WriteFile(fs, path, damaged)
	}
	return h
}

// left are the indexes and arrivals of the records that can be read after a harm.
func (w *harmed) left(h harm) (left []extent, lost int) {
	for _, e := range w.extents {
		hit := e.segment == h.segment && e.at < h.to && e.at+e.bytes() > h.from
		if e.kind == stateBlock || e.count == 0 {
			continue
		}
		if hit {
			lost += int(e.count)
			continue
		}
		left = append(left, e)
	}
	return left, lost
}

// intactBehind reports that a block behind what was hit tells that it had been synced.
func (w *harmed) intactBehind(h harm) bool {
	for _, e := range w.extents {
		if e.segment == h.segment && e.at >= h.to {
			return true
		}
	}
	return h.from == 0 && h.name != "deleted" // a segment begins with an intact block
}

// drain reads a shard from a position on, over what is lost.
func (w *harmed) drain(at Position) (got []Entry, losses []error) {
	w.t.Helper()
	it, err := w.store.Iterator("s", shardID(0), at)
	if err != nil {
		w.t.Fatal(err)
	}
	defer it.Close()
	for it.Ready() {
		entries, err := it.Next(context.Background(), nil)
		switch {
		case errs.ClassOf(err) == errs.Corruption:
			losses = append(losses, err)
		case err != nil:
			w.t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, Entry{e.Sequence, e.ArrivalMillis, nil, append([]byte(nil), e.Data...)})
		}
	}
	return got, losses
}

// TestHarmIsIsolated damages a shard's files at random: what was not hit is read, by
// number and by time, and stays for its retention; what was hit is named; the shard
// takes records, whose numbers go on.
func TestHarmIsIsolated(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 3))
	runs := 400
	if testing.Short() {
		runs = 60
	}
	for range runs {
		w := newHarmed(t)
		h := w.random(random)
		name := fmt.Sprintf("%s, bytes %d to %d of %d in segment %d of %d", h.name, h.from, h.to, len(w.files[h.segment]), h.segment, len(w.files))
		if err := h.do(w.fs, w.paths[h.segment], w.files[h.segment]); err != nil {
			t.Fatal(err)
		}
		w.open()
		if err := w.check(h); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w.store.Close()
	}
}

// check compares what can be read with what should be.
func (w *harmed) check(h harm) error {
	left, lost := w.left(h)
	all, losses := w.drain(TrimHorizon())
	if err := sameRecords(all, left, 0); err != nil {
		return err
	}
	// The end of the newest file being gone looks like a torn tail, and the beginning
	// of the oldest like retention.
	last := len(w.files) - 1
	silent := h.segment == last && !w.intactBehind(h) && h.name != "deleted" || h.segment == 0 && h.name == "deleted"
	if lost > 0 && len(losses) == 0 && !silent {
		return fmt.Errorf("%d records are lost and nothing says so", lost)
	}
	if h.to-h.from == 1 && lost == 0 && len(losses) > 0 {
		return fmt.Errorf("nothing is lost, and yet: %v", losses[0])
	}
	for _, err := range losses {
		if !strings.Contains(err.Error(), ".seg") || len(losses) > 1 {
			return fmt.Errorf("%d losses: %w", len(losses), errors.Join(losses...))
		}
	}
	for at := w.extents[0].arrival - 500; at < w.clock.now().UnixMilli(); at += 1500 {
		got, _ := w.drain(AtTime(time.UnixMilli(at)))
		if err := sameRecords(got, left, at); err != nil {
			return fmt.Errorf("from time %d: %w", at, err)
		}
	}
	if err := w.goesOn(all, h.segment == last && h.name == "deleted"); err != nil {
		return err
	}
	return w.staysForItsRetention(left)
}

// sameRecords compares entries with the records of blocks that arrived at a time or
// later.
func sameRecords(got []Entry, want []extent, since int64) error {
	at := 0
	for _, e := range want {
		if e.arrival < since {
			continue
		}
		for index := e.first; index < e.end(); index++ {
			if at == len(got) || got[at].Sequence.Index != index || string(got[at].Data) != numbered(int(index-1), int(index))[0] {
				return fmt.Errorf("record %d is not there, of %d", index, len(got))
			}
			at++
		}
	}
	if at < len(got) {
		return fmt.Errorf("%d records too many, from %d on", len(got)-at, got[at].Sequence.Index)
	}
	return nil
}

// goesOn appends a record and reads it behind the others. Where a whole segment is gone,
// its number is behind all that were ever given, too.
func (w *harmed) goesOn(before []Entry, gone bool) error {
	results, err := w.store.Append("s", textRecords([]string{"next"}))
	if err != nil {
		return err
	}
	if n := len(before); n > 0 && results[0].Sequence.Compare(before[n-1].Sequence) <= 0 {
		return fmt.Errorf("number %s follows %s", results[0].Sequence, before[n-1].Sequence)
	}
	if gone && results[0].Sequence.Index <= uint64(w.total) {
		return fmt.Errorf("number %d was given again", results[0].Sequence.Index)
	}
	after, _ := w.drain(TrimHorizon())
	if n := len(after); n != len(before)+1 || string(after[n-1].Data) != "next" {
		return fmt.Errorf("%d records after %d and one more", n, len(before))
	}
	return nil
}

// staysForItsRetention moves to where half of the records are too old: the others
// are still there after a trim.
func (w *harmed) staysForItsRetention(left []extent) error {
	middle := w.extents[len(w.extents)/2].arrival
	w.clock.millis.Store(middle + MinRetention.Milliseconds())
	if _, err := w.store.Trim(); err != nil {
		return err
	}
	got, _ := w.drain(TrimHorizon())
	got = got[:max(0, len(got)-1)] // but the last one
	for len(got) > 0 && got[0].ArrivalMillis < middle {
		got = got[1:]
	}
	if err := sameRecords(got, left, middle); err != nil {
		return fmt.Errorf("after a trim: %w", err)
	}
	return nil
}
