package shardlog

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestAnnotateWhileWriting changes a stream's description while transactions are
// written and committed; the race detector watches.
func TestAnnotateWhileWriting(t *testing.T) {
	const rounds = 20
	w := newWorld(t, vfs.NewMem())
	if err := w.store.CreateStream("s", 2, MinRetention); err != nil {
		t.Fatal(err)
	}
	st := mustStream(t, w, "s")
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for i := range rounds {
			err := st.Annotate(func(a *Annotations) error {
				a.Tags["round"], a.Extra["x"] = fmt.Sprint(i), []byte{byte(i)}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	}()
	for range rounds {
		tx := st.newTransaction(ownerHash("job", "table"))
		if err := tx.add(&Record{PartitionKey: "k", Data: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		file, err := tx.prepare(1)
		if err != nil {
			t.Fatal(err)
		}
		if err := st.commitPending(file); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	w.reopen()
	a := mustStream(t, w, "s").Annotations()
	if a.Tags["round"] != fmt.Sprint(rounds-1) || a.Extra["x"][0] != rounds-1 {
		t.Errorf("after a restart: %v", a)
	}
}

func TestAnnotationsAreThereFromTheStreamsFirstMoment(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	err := w.store.Declare(Declaration{Name: "s", Shards: 2, Retention: MinRetention,
		Annotations: Annotations{Tags: map[string]string{"a": "b"}, Extra: map[string][]byte{"x": {1}}}})
	if err != nil {
		t.Fatal(err)
	}
	w.reopen()
	if a := mustStream(t, w, "s").Annotations(); a.Tags["a"] != "b" || len(a.Extra["x"]) != 1 {
		t.Errorf("after a restart: %v", a)
	}
}

// TestDecodedFollowsTheAnnotations decodes once, and again after a change.
func TestDecodedFollowsTheAnnotations(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.create("s", 1)
	st := mustStream(t, w, "s")
	decodings := 0
	read := func() any {
		value, err := st.Decoded("x", func(a Annotations) (any, error) {
			decodings++
			return len(a.Extra["x"]), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	if got := fmt.Sprint(read(), read(), decodings); got != "0 0 1" {
		t.Errorf("before: %s", got)
	}
	if err := st.Annotate(func(a *Annotations) error { a.Extra["x"] = []byte("abc"); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(read(), read(), decodings); got != "3 3 2" {
		t.Errorf("after a change: %s", got)
	}
}
