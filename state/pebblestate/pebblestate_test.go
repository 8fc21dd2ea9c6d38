package pebblestate_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/pebblestate"
	"github.com/thalweg/thalweg/state/statetest"
)

// A database that met a fatal error can't be closed, so some of its goroutines stay.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/cockroachdb/pebble/v2.(*cleanupManager).mainLoop"),
		goleak.IgnoreAnyFunction("github.com/cockroachdb/pebble/v2.(*ConcurrencyLimitScheduler).periodicGranter"),
		goleak.IgnoreAnyFunction("github.com/cockroachdb/pebble/v2/record.(*LogWriter).flushLoop"),
		goleak.IgnoreAnyFunction("github.com/cockroachdb/pebble/v2/internal/genericcache.(*shard[...]).releaseLoop"))
}

// opener makes stores under numbered directories of fs and restores from images
// by copying them to new directories, as a checkpoint storage would.
func opener(fs vfs.FS, smallBytes, tableBytes int) statetest.Opener {
	var count atomic.Int64
	return func(tb testing.TB, o statetest.Options) *state.Store {
		n := count.Add(1)
		options := pebblestate.Options{
			FS: fs, Dir: fs.PathJoin("state", fmt.Sprint(n)), KeyGroups: o.KeyGroups, BudgetBytes: o.BudgetBytes,
			Cells: map[string][][]byte{}, SmallBytes: smallBytes, TableBytes: tableBytes,
		}
		for i, snap := range o.Restore {
			for name, blobs := range snap.Cells {
				options.Cells[name] = append(options.Cells[name], blobs...)
			}
			options.Tables = snap.Tables
			if snap.Image == nil {
				continue
			}
			dir := fs.PathJoin("fetched", fmt.Sprintf("%d-%d", n, i))
			copyImage(tb, fs, snap.Image.(*pebblestate.Image), dir)
			options.Restore = append(options.Restore, state.Part{Dir: dir, KeyGroups: snap.KeyGroups})
		}
		s, err := pebblestate.Open(options)
		if err != nil {
			tb.Fatal(err)
		}
		return s
	}
}

func copyImage(tb testing.TB, fs vfs.FS, image *pebblestate.Image, dir string) {
	tb.Helper()
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	tables, small, err := image.Files(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	for name, b := range small {
		f, err := fs.Create(fs.PathJoin(dir, name), vfs.WriteCategoryUnspecified)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := f.Write(b); err != nil {
			tb.Fatal(err)
		}
		if err := f.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	for _, name := range tables {
		if err := vfs.LinkOrCopy(fs, fs.PathJoin(image.Dir(), name), fs.PathJoin(dir, name)); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestContract(t *testing.T) {
	for _, c := range []struct {
		name         string
		small, table int
	}{
		{"database at once", -1, 0},
		{"small at first", 2000, 0},
		{"every batch a table", -1, 1},
	} {
		t.Run(c.name, func(t *testing.T) { statetest.Run(t, opener(vfs.NewMem(), c.small, c.table)) })
	}
}
