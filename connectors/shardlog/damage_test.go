package shardlog

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

const segmentDir = "log/streams/s/shardId-000000000000"

func readFile(t *testing.T, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func replaceFile(t *testing.T, fs vfs.FS, path string, content []byte) {
	t.Helper()
	if err := durable.WriteFile(fs, path, append([]byte(nil), content...)); err != nil {
		t.Fatal(err)
	}
}

// TestTornTailAtEachByte cuts the only segment at each length: the records whose
// blocks are whole remain, and appends go on behind them.
func TestTornTailAtEachByte(t *testing.T) {
	fs := vfs.NewMem()
	w := newWorld(t, fs)
	w.create("s", 1)
	path := segmentDir + "/" + segmentName(1)
	var ends []int // ends[i] is the file's length with i records
	for i := range 6 {
		if i > 0 {
			ends = append(ends, len(readFile(t, fs, path)))
		}
		w.put("s", numbered(i, i+1)...)
	}
	whole := readFile(t, fs, path)
	ends = append(ends, len(whole))
	header := ends[0] - (ends[1] - ends[0]) // the state block's length
	for i := range ends {
		ends[i] -= blockHeaderBytes // a record is whole without the mark behind it
	}
	for cut := header; cut <= len(whole); cut++ {
		for name, garbage := range map[string][]byte{"cut": nil, "zeroes": make([]byte, 300), "noise": []byte("TwB1 and then some noise that is no block at all, TwB1")} {
			t.Run(fmt.Sprintf("%s at %d", name, cut), func(t *testing.T) {
				fs := vfs.NewMem()
				w := newWorld(t, fs)
				w.create("s", 1)
				replaceFile(t, fs, path, append(whole[:cut:cut], garbage...))
				want := 0
				for want < len(ends) && ends[want] <= cut {
					want++
				}
				same(t, w.read("s", 0, TrimHorizon()), numbered(0, want))
				w.put("s", numbered(want, want+2)...)
				same(t, w.read("s", 0, TrimHorizon()), numbered(0, want+2))
				w.reopen()
				same(t, w.read("s", 0, TrimHorizon()), numbered(0, want+2))
			})
		}
	}
}

// TestCorruptBlocksAreIsolated damages each block of a middle and of the last
// segment: exactly its records are missing, they are named, and the rest is read.
func TestCorruptBlocksAreIsolated(t *testing.T) {
	fs := vfs.NewMem()
	w := newWorld(t, fs)
	w.options.SegmentBytes = 700
	w.reopen()
	w.create("s", 1)
	const appends, each = 30, 3
	for i := range appends {
		w.put("s", numbered(i*each, i*each+each)...)
	}
	w.store.Close()
	files, err := listShard(fs, segmentDir)
	segments := files.segments
	if err != nil || len(segments) < 4 {
		t.Fatalf("%d segments, %v", len(segments), err)
	}
	for _, at := range []int{1, len(segments) - 1} {
		damageEach(t, fs, segments[at], appends*each)
	}
	w.open()
}

// damageEach damages one block of a segment after the other and checks reading.
func damageEach(t *testing.T, fs vfs.FS, s *segment, total int) {
	t.Helper()
	whole := readFile(t, fs, s.path)
	r := blockReader{file: vfs.NewMemFile(whole)}
	for {
		at := r.at
		h, _, err := r.next(int64(len(whole)))
		if err != nil {
			break
		}
		damaged := append([]byte(nil), whole...)
		damaged[at+h.bytes()-1] ^= 0x40
		replaceFile(t, fs, s.path, damaged)
		t.Run(fmt.Sprintf("%s byte %d", fs.PathBase(s.path), at), func(t *testing.T) {
			w := newWorld(t, fs)
			var want []string
			for i, text := range numbered(0, total) {
				if index := uint64(i + 1); h.kind == stateBlock || index < h.first || index >= h.end() {
					want = append(want, text)
				}
			}
			it, err := w.store.Iterator("s", shardID(0), TrimHorizon())
			if err != nil {
				t.Fatal(err)
			}
			defer it.Close()
			got, failure := readAll(it)
			if h.kind != stateBlock && h.count > 0 {
				if errs.ClassOf(failure) != errs.Corruption || !strings.Contains(failure.Error(), s.path) {
					t.Fatalf("got %v", failure)
				}
				more, err := readAll(it)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, more...)
			} else if failure != nil {
				t.Fatal(failure)
			}
			same(t, got, want)
			w.store.Close()
		})
		replaceFile(t, fs, s.path, whole)
	}
}

// TestSegmentWithoutIntactBlock loses a whole file: its numbers are not used
// again, and readers are told.
func TestSegmentWithoutIntactBlock(t *testing.T) {
	fs := vfs.NewMem()
	w := newWorld(t, fs)
	w.create("s", 1)
	w.put("s", numbered(0, 50)...)
	w.store.Close()
	path := segmentDir + "/" + segmentName(1)
	replaceFile(t, fs, path, make([]byte, len(readFile(t, fs, path))))
	w.open()
	if next := w.put("s", "again")[0].Sequence; next.Index <= 50 {
		t.Errorf("number %d was used twice", next.Index)
	}
	it, _ := w.store.Iterator("s", shardID(0), TrimHorizon())
	defer it.Close()
	if _, err := it.Next(context.Background(), nil); err == nil || errs.ClassOf(err) != errs.Corruption {
		t.Errorf("got %v", err)
	}
	entries, err := it.Next(context.Background(), nil)
	if err != nil || len(entries) != 1 || string(entries[0].Data) != "again" {
		t.Errorf("got %v, %v", entries, err)
	}
}

// TestDamagedDescription damages each byte of a stream's description, and removes it:
// that stream is named and kept, the others are served.
func TestDamagedDescription(t *testing.T) {
	fs := vfs.NewMem()
	w := newWorld(t, fs)
	w.create("s", 1)
	w.create("other", 1)
	w.put("s", "kept")
	w.store.Close()
	path := "log/streams/s/" + metaName
	whole := readFile(t, fs, path)
	for at := range len(whole) + 1 {
		if at == len(whole) {
			if err := fs.Remove(path); err != nil {
				t.Fatal(err)
			}
		} else {
			damaged := append([]byte(nil), whole...)
			damaged[at] ^= 1
			replaceFile(t, fs, path, damaged)
		}
		w.open()
		_, err := w.store.Append("s", textRecords([]string{"more"}))
		if errs.ClassOf(err) != errs.Corruption || !strings.Contains(err.Error(), path) || w.store.Damaged()["s"] == nil {
			t.Fatalf("byte %d: %v", at, err)
		}
		if err := w.store.CreateStream("s", 1, MinRetention); err == nil {
			t.Fatalf("byte %d: the stream was made anew over its records", at)
		}
		w.put("other", "more")
		w.store.Close()
	}
	replaceFile(t, fs, path, whole)
	w.open()
	same(t, w.read("s", 0, TrimHorizon()), []string{"kept"})
}
