package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thalweg/thalweg/state/checkpoint"
	"github.com/thalweg/thalweg/state/pebblestate"
)

var errCut = errors.New("the power is cut")

// cutFS fails the k-th write and all later ones: as if the power was cut there.
func cutFS(fs vfs.FS, k int64) (cut *errorfs.FS, wasCut func() bool) {
	var count atomic.Int64
	injector := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose && count.Add(1) > k {
			return errCut
		}
		return nil
	})
	return errorfs.Wrap(fs, injector), func() bool { return count.Load() > k }
}

// TestLatestEpochIsCompleteAfterEveryCut cuts a run of three checkpoints at its
// k-th write to the storage, for all k, and restores from what a crash left:
// everything synced and a random part of the rest.
func TestLatestEpochIsCompleteAfterEveryCut(t *testing.T) {
	const epochs = 3
	for k := int64(0); ; k++ {
		disk := vfs.NewCrashableMem()
		cut, wasCut := cutFS(disk, k)
		published, err := runEpochs(t, disk, cut, epochs)
		if !wasCut() {
			if err != nil || published != epochs {
				t.Fatalf("the run without a cut published %d epochs: %v", published, err)
			}
			t.Logf("%d cut points", k)
			return
		}
		if err == nil && published < epochs {
			t.Fatalf("k=%d: the cut went unnoticed", k)
		}
		for seed := range uint64(6) {
			after := disk.CrashClone(vfs.CrashCloneCfg{
				UnsyncedDataPercent: []int{0, 0, 30, 50, 80, 100}[seed], RNG: rand.New(rand.NewPCG(seed, uint64(k))),
			})
			checkCrashed(t, after, published, fmt.Sprintf("k=%d seed=%d", k, seed))
		}
	}
}

// runEpochs makes checkpoints, storing through cut, and returns how many were
// published.
func runEpochs(t *testing.T, disk *vfs.MemFS, cut vfs.FS, epochs int) (published uint64, err error) {
	t.Helper()
	c := openCounter(t, pebblestate.Options{FS: disk, Dir: "state", SmallBytes: -1})
	defer c.store.Close()
	storage, err := checkpoint.NewLocal(cut, "ckpt")
	if err != nil {
		return 0, err
	}
	for epoch := uint64(1); epoch <= uint64(epochs); epoch++ {
		c.set(t, int(epoch)*10-10, int(epoch)*10+20, epoch)
		if err := c.checkpoint(storage, epoch); err != nil {
			return published, err
		}
		published = epoch
		if err := storage.Retain(context.Background(), 1); err != nil {
			return published, err
		}
	}
	return published, nil
}

// checkCrashed opens what a crash left. The newest epoch must be the last one
// whose publication returned, or the one in the making, and be complete.
func checkCrashed(t *testing.T, fs vfs.FS, published uint64, where string) {
	t.Helper()
	storage, err := checkpoint.NewLocal(fs, "ckpt")
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	m, err := checkpoint.Latest(context.Background(), storage)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if m == nil {
		if published > 0 {
			t.Fatalf("%s: epoch %d was published and is gone", where, published)
		}
		return
	}
	if m.Epoch != published && m.Epoch != published+1 {
		t.Fatalf("%s: the newest epoch is %d, published was %d", where, m.Epoch, published)
	}
	c := restoreCounter(t, storage, m.Epoch, fs, "crash")
	defer c.store.Close()
	want := map[int]uint64{}
	for epoch := uint64(1); epoch <= m.Epoch; epoch++ {
		for key := int(epoch)*10 - 10; key < int(epoch)*10+20; key++ {
			want[key] = epoch
		}
	}
	got := c.all(t)
	if len(got) != len(want) {
		t.Fatalf("%s: epoch %d holds %d keys, want %d", where, m.Epoch, len(got), len(want))
	}
	for key, value := range want {
		if got[key] != value {
			t.Fatalf("%s: epoch %d holds %d at key %d, want %d", where, m.Epoch, got[key], key, value)
		}
	}
	if err := storage.Retain(context.Background(), 1); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
}
