package pebblestate_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/pebblestate"
)

var errCut = errors.New("the disk is gone")

// TestNoImageLacksARowAfterAFailedWrite fails the k-th write and all later ones of a
// store's files, for all k, under a budget that makes rows leave memory between the
// barriers. Rows count as written as soon as they wait for the queue, so each image
// that says it was taken must hold all of its epoch, and no epoch after a failure may
// pass for whole.
func TestNoImageLacksARowAfterAFailedWrite(t *testing.T) {
	for _, tableBytes := range []int{0, 1} {
		t.Run(fmt.Sprintf("tableBytes=%d", tableBytes), func(t *testing.T) {
			step := int64(1)
			if testing.Short() {
				step = 7
			}
			for k := int64(0); ; k += step {
				disk := vfs.NewMem()
				var writes atomic.Int64
				fs := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
					if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose && writes.Add(1) > k {
						return errCut
					}
					return nil
				}))
				taken := runUntilFailure(t, fs, disk, tableBytes, k)
				if writes.Load() <= k {
					if taken != cutEpochs {
						t.Fatalf("%d epochs without a failure", taken)
					}
					t.Logf("%d failing writes", k)
					return
				}
			}
		})
	}
}

const (
	cutEpochs = 3
	cutKeys   = 400
)

// runUntilFailure changes keys and takes images until something fails, checks each
// image taken, and returns how many were.
func runUntilFailure(t *testing.T, fs vfs.FS, disk *vfs.MemFS, tableBytes int, k int64) (taken int) {
	t.Helper()
	s, err := pebblestate.Open(pebblestate.Options{FS: fs, Dir: "state", SmallBytes: -1, TableBytes: tableBytes, BudgetBytes: 16 << 10})
	if err != nil {
		return 0
	}
	defer s.Close()
	table, err := s.Table(state.TableSpec{ID: "t", Layout: state.Layout{Width: 8}})
	if err != nil {
		return 0
	}
	rng := rand.New(rand.NewPCG(uint64(k), 5))
	twin := map[uint64]uint64{}
	var failed error
	for epoch := uint64(1); epoch <= cutEpochs; epoch++ {
		for range 4 {
			if failed = change(s, table, twin, epoch, rng); failed != nil {
				return taken
			}
		}
		snap, err := s.Snapshot(context.Background(), epoch)
		if err != nil {
			return taken
		}
		image := snap.Image.(*pebblestate.Image)
		if _, _, err := image.Files(context.Background()); err == nil {
			taken++
			checkImage(t, disk, image, fmt.Sprintf("k%d-%d", k, epoch), twin)
		} else if _, next := s.Snapshot(context.Background(), epoch+1); next == nil {
			t.Fatalf("k=%d: the image of epoch %d failed (%v), and the store goes on", k, epoch, err)
		}
		if err := image.Release(); err != nil && !errors.Is(err, errCut) {
			t.Fatal(err)
		}
	}
	return taken
}

// change sets and deletes some keys, in the table and its twin.
func change(s *state.Store, table *state.Table, twin map[uint64]uint64, value uint64, rng *rand.Rand) error {
	var keys rowcodec.Keys
	var numbers []uint64
	for _, n := range rng.Perm(cutKeys)[:100] {
		numbers = append(numbers, uint64(n))
		keys.Append(binary.LittleEndian.AppendUint64(nil, uint64(n)))
	}
	slots := make([]state.Slot, len(numbers))
	if err := table.Upsert(&keys, slots); err != nil {
		return err
	}
	for i, n := range numbers {
		if rng.IntN(4) == 0 {
			table.Delete(slots[i])
			delete(twin, n)
			continue
		}
		*(*uint64)(table.Row(slots[i])) = value
		table.MarkDirty(slots[i])
		twin[n] = value
	}
	return s.Trim()
}

// checkImage restores an image and compares it with the twin.
func checkImage(t *testing.T, disk *vfs.MemFS, image *pebblestate.Image, name string, twin map[uint64]uint64) {
	t.Helper()
	copyImage(t, disk, image, "part-"+name)
	s, err := pebblestate.Open(pebblestate.Options{FS: disk, Dir: "restored-" + name,
		Restore: []state.Part{{Dir: "part-" + name, KeyGroups: state.GroupRange{End: rowcodec.DefaultGroups}}}})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer s.Close()
	table, err := s.Table(state.TableSpec{ID: "t", Layout: state.Layout{Width: 8}})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	rows := 0
	err = table.Scan(func(slot state.Slot) error {
		rows++
		key, got := binary.LittleEndian.Uint64(table.Key(slot)), *(*uint64)(table.Row(slot))
		if want, ok := twin[key]; !ok || got != want {
			t.Fatalf("%s: key %d holds %d, want %d (%v)", name, key, got, want, ok)
		}
		return nil
	})
	if err != nil || rows != len(twin) {
		t.Fatalf("%s: %d rows (%v), want %d", name, rows, err, len(twin))
	}
}
