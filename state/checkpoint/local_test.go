package checkpoint_test

import (
	"context"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/checkpoint"
	"github.com/thalweg/thalweg/state/pebblestate"
)

func newStorage(t *testing.T, fs vfs.FS, dir string) *checkpoint.Local {
	t.Helper()
	s, err := checkpoint.NewLocal(fs, dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func list(t *testing.T, fs vfs.FS, dir string) []string {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestCheckpointsShareTablesAndRetentionDeletesThem(t *testing.T) {
	fs := vfs.NewMem()
	storage := newStorage(t, fs, "ckpt")
	c := openCounter(t, pebblestate.Options{FS: fs, Dir: "state", SmallBytes: -1})
	defer c.store.Close()
	objects := map[uint64][]string{}
	for epoch := uint64(1); epoch <= 3; epoch++ {
		c.set(t, int(epoch)*100, int(epoch)*100+50, epoch)
		if err := c.checkpoint(storage, epoch); err != nil {
			t.Fatal(err)
		}
		m, err := storage.Load(context.Background(), epoch)
		if err != nil {
			t.Fatal(err)
		}
		objects[epoch] = m.Objects()
	}
	if !strings.Contains(strings.Join(objects[2], " "), objects[1][0]) {
		t.Fatalf("epoch 2 stored %v anew and not only referenced %v", objects[2], objects[1])
	}
	if err := storage.Retain(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	if epochs, err := storage.Epochs(context.Background()); err != nil || len(epochs) != 1 || epochs[0] != 3 {
		t.Fatalf("epochs left are %v (%v)", epochs, err)
	}
	if got := list(t, fs, "ckpt/tables"); len(got) != len(objects[3]) {
		t.Fatalf("tables left are %v, the last epoch names %v", got, objects[3])
	}
}

func TestAnUnchangedStoreStoresNothing(t *testing.T) {
	fs := vfs.NewMem()
	storage := newStorage(t, fs, "ckpt")
	c := openCounter(t, pebblestate.Options{FS: fs, Dir: "state", SmallBytes: -1})
	defer c.store.Close()
	if err := c.checkpoint(storage, 1); err != nil {
		t.Fatal(err)
	}
	if got := list(t, fs, "ckpt/tables"); len(got) != 0 {
		t.Fatalf("an empty store stored %v", got)
	}
	c.set(t, 0, 10, 1)
	for epoch := uint64(2); epoch < 5; epoch++ {
		if err := c.checkpoint(storage, epoch); err != nil {
			t.Fatal(err)
		}
		if got := list(t, fs, "ckpt/tables"); len(got) != 1 {
			t.Fatalf("epoch %d: tables are %v, want one", epoch, got)
		}
	}
}

func TestRetainKeepsWhatAnEpochInTheMakingNeeds(t *testing.T) {
	fs := vfs.NewMem()
	storage := newStorage(t, fs, "ckpt")
	c := openCounter(t, pebblestate.Options{FS: fs, Dir: "state", SmallBytes: -1})
	defer c.store.Close()
	c.set(t, 0, 10, 1)
	if err := c.checkpoint(storage, 1); err != nil {
		t.Fatal(err)
	}
	c.set(t, 10, 20, 2)
	snap, err := c.store.Snapshot(context.Background(), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Image.Release()
	task, err := storage.Put(context.Background(), snap)
	if err != nil {
		t.Fatal(err)
	}
	if err := storage.Retain(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	if err := storage.Fetch(context.Background(), task, fs, "fetched"); err != nil {
		t.Fatalf("what was put is not there: %v", err)
	}
}

func TestRetainDeletesLeftovers(t *testing.T) {
	fs := vfs.NewMem()
	newStorage(t, fs, "ckpt")
	for _, name := range []string{"ckpt/tables/77.tmp", "ckpt/tables/00112233-5"} {
		f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if err := newStorage(t, fs, "ckpt").Retain(context.Background(), 3); err != nil {
		t.Fatal(err)
	}
	if got := list(t, fs, "ckpt/tables"); len(got) != 0 {
		t.Fatalf("leftovers are still there: %v", got)
	}
}

// flip changes one byte of a file.
func flip(t *testing.T, fs vfs.FS, path string, at int) {
	t.Helper()
	f, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	b[(at%len(b)+len(b))%len(b)] ^= 0x20
	if f, err = fs.Create(path, vfs.WriteCategoryUnspecified); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestChangedBytesAreCorruption(t *testing.T) {
	for _, at := range []int{0, 9, 40, 100, -1, -9} {
		fs := vfs.NewMem()
		storage := newStorage(t, fs, "ckpt")
		c := openCounter(t, pebblestate.Options{FS: fs, Dir: "state", SmallBytes: -1})
		c.set(t, 0, 1000, 1)
		if err := c.checkpoint(storage, 1); err != nil {
			t.Fatal(err)
		}
		c.store.Close()
		m, err := storage.Load(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		flip(t, fs, "ckpt/tables/"+m.Objects()[0], at)
		_, err = checkpoint.Restore(context.Background(), storage, m.Operator("agg"), state.GroupRange{End: groups}, fs, "fetched")
		if err == nil || errs.ClassOf(err) != errs.Corruption || !strings.Contains(err.Error(), m.Objects()[0]) {
			t.Errorf("a table with byte %d changed gave %v", at, err)
		}
		flip(t, fs, "ckpt/epoch-00000000000000000001.manifest", at)
		_, err = checkpoint.Latest(context.Background(), storage)
		if err == nil || errs.ClassOf(err) != errs.Corruption || !strings.Contains(err.Error(), "epoch-00000000000000000001.manifest") {
			t.Errorf("a manifest with byte %d changed gave %v", at, err)
		}
	}
}

func TestASavepointIsCompleteByItself(t *testing.T) {
	fs := vfs.NewMem()
	regular, savepoint := newStorage(t, fs, "ckpt"), newStorage(t, fs, "savepoints/one")
	c := openCounter(t, pebblestate.Options{FS: fs, Dir: "state", SmallBytes: -1})
	c.set(t, 0, 50, 1)
	if err := c.checkpoint(regular, 1); err != nil {
		t.Fatal(err)
	}
	if err := c.checkpoint(savepoint, 2); err != nil {
		t.Fatal(err)
	}
	c.store.Close()
	if err := fs.RemoveAll("ckpt"); err != nil {
		t.Fatal(err)
	}
	// It also restores onto another file system.
	other := vfs.NewMem()
	r := restoreCounter(t, savepoint, 2, other, "savepoint")
	defer r.store.Close()
	if got := r.all(t); len(got) != 50 || got[49] != 1 {
		t.Fatalf("the savepoint holds %v", got)
	}
}

func TestManifestRoundTrip(t *testing.T) {
	m := sampleManifest()
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := checkpoint.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, m) {
		t.Fatalf("decoded %+v, want %+v", got, m)
	}
}

// TestFormat1Opens reads a manifest that the first release wrote.
func TestFormat1Opens(t *testing.T) {
	b, err := os.ReadFile("testdata/format1.manifest")
	if err != nil {
		t.Fatal(err)
	}
	got, err := checkpoint.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, sampleManifest()) {
		t.Fatalf("decoded %+v, want %+v", got, sampleManifest())
	}
}

func sampleManifest() *checkpoint.Manifest {
	return &checkpoint.Manifest{
		Job: "job", Epoch: 7, Kind: "checkpoint", CreatedMillis: 1234, Plan: []byte("plan"), Parallelism: 2, KeyGroups: groups,
		Operators: []checkpoint.Operator{{UID: "agg", Tasks: []checkpoint.Task{{
			KeyGroups: state.GroupRange{First: 0, End: 64},
			Tables:    []state.TableInfo{{Name: "agg/rows", Kind: state.KindTable, Width: 16, Refs: []int{8}}},
			Cells:     map[string][][]byte{"wm": {{1}, {2}}, "a": {{3}}},
			Files:     []checkpoint.File{{Name: "000004.sst", Object: "00-5", Size: 5, Sum: [16]byte{1, 2}}},
			Small:     map[string][]byte{"OPTIONS-000003": []byte("x"), "MANIFEST-000001": {}},
		}}}},
		Sources: []checkpoint.Source{{UID: "src", Splits: [][]byte{{1}, {2}}}},
		Sinks:   []checkpoint.Sink{{UID: "sink", Committables: [][]byte{{9}}}},
	}
}

func FuzzDecodeManifest(f *testing.F) {
	b, err := sampleManifest().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add([]byte("THALWEG\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := checkpoint.Decode(b)
		if err == nil && m == nil {
			t.Fatal("no manifest and no error")
		}
		if err != nil {
			if c := errs.ClassOf(err); c != errs.Corruption && c != errs.Unsupported {
				t.Fatalf("class %s: %v", c, err)
			}
		}
	})
}
