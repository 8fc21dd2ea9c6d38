package shardlog

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/durable"
	"github.com/thalweg/thalweg/internal/errs"
)

// slowMeta is a file system whose syncs of descriptions wait, once armed, until they
// are let through.
type slowMeta struct {
	vfs.FS
	mu sync.Mutex
	// begun tells of each sync that waits for gate; nil while not armed.
	begun, gate chan struct{}
}

func (s *slowMeta) arm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun, s.gate = make(chan struct{}, 100), make(chan struct{})
}

func (s *slowMeta) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := s.FS.Create(name, category)
	if err == nil && strings.HasSuffix(name, metaName+durable.Suffix) {
		f = &slowFile{f, s}
	}
	return f, err
}

type slowFile struct {
	vfs.File
	of *slowMeta
}

func (f *slowFile) Sync() error {
	f.of.mu.Lock()
	begun, gate := f.of.begun, f.of.gate
	f.of.mu.Unlock()
	if gate != nil {
		begun <- struct{}{}
		<-gate
	}
	return f.File.Sync()
}

// prompt fails unless do ends while descriptions can't be synced.
func prompt(t *testing.T, what string, do func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%s waits for the disk of a description", what)
	}
}

// TestNobodyWaitsForADescriptionToBeWritten changes a stream on a disk that does not
// answer: readers and appenders go on, see nothing of the change before it is durable,
// and the changes behind it are made in turn.
func TestNobodyWaitsForADescriptionToBeWritten(t *testing.T) {
	for name, change := range map[string]func(*Stream) error{
		"tag":       func(st *Stream) error { return tag(st, "a", "1") },
		"retention": func(st *Stream) error { return st.SetRetention(2 * MinRetention) },
		"mode":      func(st *Stream) error { return st.SetOnDemand(true) },
		"split":     func(st *Stream) error { return st.Split(shardID(2), HashKey{3 << 62, 0}) },
		"expire":    func(st *Stream) error { return st.expire(st.store.nowMillis() + 1) },
	} {
		t.Run(name, func(t *testing.T) {
			fs := &slowMeta{FS: vfs.NewMem()}
			w := newWorld(t, fs)
			w.create("s", 1)
			st := mustStream(t, w, "s")
			if err := st.Scale(2); err != nil { // and shard 0 may expire
				t.Fatal(err)
			}
			before := described(t, st)
			fs.arm()
			changed := make(chan error, 2)
			go func() { changed <- change(st) }()
			<-fs.begun
			useStream(t, st)
			if name != "split" && name != "expire" { // a commit waits until the shards are known
				prompt(t, "committing", func() error { return commitOne(st) })
			}
			if now := described(t, st); now != before {
				t.Errorf("before it was durable: %s, was %s", now, before)
			}
			go func() { changed <- tag(st, "b", "2") }()
			close(fs.gate)
			for range 2 {
				if err := <-changed; err != nil {
					t.Error(err)
				}
			}
			after := described(t, st)
			w.reopen()
			if now := described(t, mustStream(t, w, "s")); now != after || after == before || !strings.Contains(after, "b:2") {
				t.Errorf("before %s\nafter %s\nafter a restart %s", before, after, now)
			}
		})
	}
}

func tag(st *Stream, key, value string) error {
	return st.Annotate(func(a *Annotations) error {
		a.Tags[key] = value
		return nil
	})
}

// described is what a stream's description says.
func described(t *testing.T, st *Stream) string {
	t.Helper()
	return fmt.Sprint(st.Retention(), st.OnDemand(), st.Annotations(), shape(t, st))
}

// useStream does what readers and appenders do.
func useStream(t *testing.T, st *Stream) {
	t.Helper()
	record := Record{PartitionKey: "k", ExplicitHashKey: "1", Data: []byte("k")}
	for what, do := range map[string]func() error{
		"describing": func() error { _, err := st.Describe(); return err },
		"decoding": func() error {
			_, err := st.Decoded("x", func(Annotations) (any, error) { return 1, nil })
			return err
		},
		"appending": func() error { _, err := st.Append([]Record{record}); return err },
		"reading": func() error {
			it, err := st.Iterator(shardID(1), TrimHorizon())
			if err == nil {
				err = it.Close()
			}
			return err
		},
	} {
		prompt(t, what, do)
	}
}

// commitOne commits a record; the functions run before it is prepared.
func commitOne(st *Stream, before ...func()) error {
	tx := st.newTransaction(ownerHash("job", "table"))
	if err := tx.add(&Record{PartitionKey: "k", Data: []byte("00000")}); err != nil {
		return err
	}
	for _, do := range before {
		do()
	}
	file, err := tx.prepare(1)
	if err != nil {
		return err
	}
	return st.commitPending(file)
}

// TestAStreamThatIsGoneIsNotChanged keeps a stream's handle beyond its deletion, and
// beyond that of the store: what has its directory now is left alone.
func TestAStreamThatIsGoneIsNotChanged(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	old := mustStream(t, w, "s")
	if err := w.store.DeleteStream("s"); err != nil {
		t.Fatal(err)
	}
	w.create("s", 3)
	st := mustStream(t, w, "s")
	want := fmt.Sprint(st.Retention(), st.Open())
	refuse := func(st *Stream) {
		t.Helper()
		for name, err := range map[string]error{"tag": tag(st, "a", "1"), "retention": st.SetRetention(2 * MinRetention),
			"scale": st.Scale(2), "nothing": st.Scale(st.Open())} {
			if err == nil || errs.ClassOf(err) != errs.Resource {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	refuse(old)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	w.open()
	refuse(st)
	if _, err := st.Describe(); err == nil {
		t.Error("a shard was opened after the store was closed")
	}
	if st = mustStream(t, w, "s"); fmt.Sprint(st.Retention(), st.Open()) != want || len(st.Annotations().Tags) > 0 {
		t.Errorf("got %s, want %s without tags", described(t, st), want)
	}
}
