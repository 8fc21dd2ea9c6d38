package meta_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thalweg/thalweg/engine/meta"
)

// crashedStores opens a store a few times and puts tables into it, and copies what a
// crash at the k-th write would leave, with each of the shares of what was not synced.
// It gives how many puts had been answered then, and whether there were k writes.
func crashedStores(t *testing.T, k int, percents []int) (left []*vfs.MemFS, answered int, cut bool) {
	t.Helper()
	mem := vfs.NewCrashableMem()
	// Pebble writes from several goroutines.
	var mu sync.Mutex
	writes, puts := 0, 0
	watched := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if writes++; writes == k+1 {
			cut, answered = true, puts
			for i, percent := range percents {
				left = append(left, mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(uint64(k), uint64(i)))}))
			}
		}
		return nil
	}))
	for life := range 3 {
		s := open(t, watched)
		for i := range 3 {
			if err := s.PutRelation(table(fmt.Sprintf("t%d_%d", life, i))); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			puts++
			mu.Unlock()
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return left, answered, cut
}

// TestCrashAtEachWrite cuts the power at the k-th writing operation, for each k,
// and loses none, some or all of what was not synced: the store opens, and has what
// was answered.
func TestCrashAtEachWrite(t *testing.T) {
	percents := []int{0, 100, 50, 50, 50, 25, 75, 10, 90}
	for k := 0; ; k++ {
		left, answered, cut := crashedStores(t, k, percents)
		if !cut {
			return
		}
		for i, fs := range left {
			s, err := meta.Open(fs, "meta")
			if err != nil {
				t.Errorf("cut at write %d, %d%% kept: %v", k, percents[i], err)
				continue
			}
			relations, err := s.Relations()
			if err != nil || len(relations) < answered {
				t.Errorf("cut at write %d, %d%% kept: %d of %d relations, error %v", k, percents[i], len(relations), answered, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
