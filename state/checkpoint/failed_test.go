package checkpoint_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thalweg/thalweg/state/checkpoint"
	"github.com/thalweg/thalweg/state/pebblestate"
)

// TestFailedPublicationIsNotTheLatest fails each write in turn, alone. Whoever is
// told that a checkpoint failed goes back to the one before, so no later start may
// find it.
func TestFailedPublicationIsNotTheLatest(t *testing.T) {
	for k := int64(0); ; k++ {
		var count atomic.Int64
		fs := vfs.NewMem()
		once := errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose && count.Add(1) == k {
				return errCut
			}
			return nil
		}))
		published, err := runEpochs(t, fs, once, 2)
		if count.Load() < k {
			return
		}
		if err == nil {
			continue
		}
		m, err := checkpoint.Latest(context.Background(), newStorage(t, fs, "ckpt"))
		if err != nil {
			t.Fatal(err)
		}
		if m != nil && m.Epoch != published || m == nil && published > 0 {
			t.Fatalf("k=%d: epoch %d was published, and is not the latest one found", k, published)
		}
	}
}

func TestLeftoversOfACrashAreInNobodysWay(t *testing.T) {
	fs := vfs.NewMem()
	newStorage(t, fs, "ckpt")
	for _, name := range []string{"ckpt/tables/1.tmp", "ckpt/tables/2.tmp", "ckpt/1.tmp"} {
		f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	storage := newStorage(t, fs, "ckpt")
	c := openCounter(t, pebblestate.Options{FS: fs, Dir: "state", SmallBytes: -1})
	defer c.store.Close()
	c.set(t, 0, 10, 1)
	if err := c.checkpoint(storage, 1); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"ckpt", "ckpt/tables"} {
		for _, name := range list(t, fs, dir) {
			if name == "1.tmp" || name == "2.tmp" {
				t.Errorf("%s/%s is still there", dir, name)
			}
		}
	}
}

// TestPublishedEpochIsDurableBeforeItIsUsed kills the process between the name of
// a manifest and the sync of its directory, and then cuts the power.
func TestPublishedEpochIsDurableBeforeItIsUsed(t *testing.T) {
	for k := int64(1); ; k++ {
		disk := vfs.NewCrashableMem()
		cut, wasCut := cutFS(disk, k)
		if _, err := runEpochs(t, disk, cut, 2); err == nil && !wasCut() {
			return
		}
		// The process is gone and the disk is not.
		found, err := checkpoint.Latest(context.Background(), newStorage(t, disk, "ckpt"))
		if err != nil {
			t.Fatal(err)
		}
		if found == nil {
			continue
		}
		after, err := checkpoint.Latest(context.Background(), newStorage(t, disk.CrashClone(vfs.CrashCloneCfg{}), "ckpt"))
		if err != nil {
			t.Fatal(err)
		}
		if after == nil || after.Epoch != found.Epoch {
			t.Fatalf("k=%d: epoch %d was used and is gone after a crash", k, found.Epoch)
		}
	}
}

// TestWithdrawnPublicationNeverComesBack fails the directory's sync behind a
// publication and what would withdraw it, for a while. As soon as somebody learns which
// epochs there are, a loss of power does not bring the failed one back.
func TestWithdrawnPublicationNeverComesBack(t *testing.T) {
	for seed := range uint64(20) {
		disk := vfs.NewCrashableMem()
		var named, failing atomic.Bool
		fs := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if named.Load() && failing.Load() && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpRemove && seed%2 == 0) {
				return errCut
			}
			if op.Kind == errorfs.OpRename && strings.HasSuffix(op.Path, ".tmp") {
				named.Store(failing.Load())
			}
			return nil
		}))
		storage := newStorage(t, fs, "ckpt")
		c := openCounter(t, pebblestate.Options{FS: disk, Dir: "state", SmallBytes: -1})
		c.set(t, 0, 10, 1)
		if err := c.checkpoint(storage, 1); err != nil {
			t.Fatal(err)
		}
		failing.Store(true)
		if err := c.checkpoint(storage, 2); err == nil {
			t.Fatal("a checkpoint was published on a failing disk")
		}
		if epochs, err := storage.Epochs(context.Background()); err == nil {
			t.Fatalf("told of epochs %v while the failed one may come back", epochs)
		}
		failing.Store(false)
		epochs, err := storage.Epochs(context.Background())
		if err != nil || len(epochs) != 1 {
			t.Fatalf("epochs %v, error %v", epochs, err)
		}
		after := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(seed, 1))})
		m, err := checkpoint.Latest(context.Background(), newStorage(t, after, "ckpt"))
		if err != nil || m == nil || m.Epoch != 1 {
			t.Fatalf("latest %+v, error %v", m, err)
		}
		if err := c.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
