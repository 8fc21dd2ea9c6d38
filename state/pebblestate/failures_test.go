package pebblestate_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/pebblestate"
)

// filled opens a store with a table of n keys.
func filled(t *testing.T, options pebblestate.Options, n int) (*state.Store, *state.Table) {
	t.Helper()
	s, err := pebblestate.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	table, err := s.Table(state.TableSpec{ID: "t", Layout: state.Layout{Width: 8}})
	if err != nil {
		t.Fatal(err)
	}
	var keys rowcodec.Keys
	for k := range n {
		keys.Append(binary.LittleEndian.AppendUint64(nil, uint64(k)))
	}
	slots := make([]state.Slot, n)
	if err := table.Upsert(&keys, slots); err != nil {
		t.Fatal(err)
	}
	return s, table
}

// TestAFullDiskIsAnError fails all writes to tables: the snapshot must say so and
// not wait for ever, and the store must close.
func TestAFullDiskIsAnError(t *testing.T) {
	for name, tableBytes := range map[string]int{"buffered": 0, "as tables": 1} {
		t.Run(name, func(t *testing.T) { fullDisk(t, tableBytes) })
	}
}

func fullDisk(t *testing.T, tableBytes int) {
	var full errorfs.Toggle
	full.Injector = errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpCreate && strings.HasSuffix(op.Path, ".sst") {
			return &os.PathError{Op: "create", Path: op.Path, Err: syscall.ENOSPC}
		}
		return nil
	})
	fs := errorfs.Wrap(vfs.NewMem(), &full)
	s, table := filled(t, pebblestate.Options{FS: fs, Dir: "state", SmallBytes: -1, TableBytes: tableBytes}, 1000)
	full.On()
	check := func(what string, err error) {
		t.Helper()
		if err == nil || errs.ClassOf(err) != errs.Resource || !strings.Contains(err.Error(), "state") {
			t.Errorf("%s on a full disk gave %v", what, err)
		}
	}
	// The rows are written behind the snapshot's back: it may know by now, or not yet.
	snap, err := s.Snapshot(context.Background(), 1)
	if err == nil {
		defer snap.Image.Release()
		_, _, err = snap.Image.(*pebblestate.Image).Files(context.Background())
	}
	check("a snapshot and its image", err)
	// Rows count as written, so the store must not go on, even if there is room again.
	full.Off()
	_, err = s.Snapshot(context.Background(), 2)
	check("the next snapshot", err)
	table.Delete(0)
	_, err = s.Snapshot(context.Background(), 3)
	check("a commit", err)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestChangedTablesAreCorruption restores from an image with a byte changed.
func TestChangedTablesAreCorruption(t *testing.T) {
	fs := vfs.NewMem()
	s, _ := filled(t, pebblestate.Options{FS: fs, Dir: "state", SmallBytes: -1}, 5000)
	snap, err := s.Snapshot(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	copyImage(t, fs, snap.Image.(*pebblestate.Image), "part")
	if err := snap.Image.Release(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	changeTables(t, fs, "part")
	r, err := pebblestate.Open(pebblestate.Options{
		FS: fs, Dir: "restored", Restore: []state.Part{{Dir: "part", KeyGroups: state.GroupRange{End: 128}}},
	})
	if err == nil {
		defer r.Close()
		_, err = r.Table(state.TableSpec{ID: "t", Layout: state.Layout{Width: 8}})
	}
	if err == nil || errs.ClassOf(err) != errs.Corruption {
		t.Fatalf("restoring from a changed table gave %v", err)
	}
}

// changeTables changes bytes in the middle of every table.
func changeTables(t *testing.T, fs vfs.FS, dir string) {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		path := fs.PathJoin(dir, name)
		f, err := fs.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		for i := 0; i < len(b)/2; i += 100 {
			b[i] ^= 0xff
		}
		if f, err = fs.Create(path, vfs.WriteCategoryUnspecified); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(b); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

// TestRoutedKeysMoveWithTheirInput keeps rows by (group, value) routed by group
// alone, and restores them into two tasks.
func TestRoutedKeysMoveWithTheirInput(t *testing.T) {
	fs := vfs.NewMem()
	s, err := pebblestate.Open(pebblestate.Options{FS: fs, Dir: "state"})
	if err != nil {
		t.Fatal(err)
	}
	spec := state.TableSpec{ID: "distinct", Layout: state.Layout{Width: 8}}
	table, err := s.Table(spec)
	if err != nil {
		t.Fatal(err)
	}
	var keys rowcodec.Keys
	route := func(n int) uint64 { return rowcodec.Hash([]byte(fmt.Sprint("group", n%10))) }
	var routes []uint64
	for n := range 500 {
		keys.Append(fmt.Appendf(nil, "group%d/%d", n%10, n))
		routes = append(routes, route(n))
	}
	keys.Routes = routes
	if err := table.Upsert(&keys, make([]state.Slot, 500)); err != nil {
		t.Fatal(err)
	}
	snap, err := s.Snapshot(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	total := 0
	for task := range 2 {
		dir := fmt.Sprint("part", task)
		copyImage(t, fs, snap.Image.(*pebblestate.Image), dir)
		own := state.TaskGroups(task, 2, 128)
		r, err := pebblestate.Open(pebblestate.Options{FS: fs, Dir: fmt.Sprint("restored", task), KeyGroups: own,
			Restore: []state.Part{{Dir: dir, KeyGroups: snap.KeyGroups}}})
		if err != nil {
			t.Fatal(err)
		}
		table, err := r.Table(spec)
		if err != nil {
			t.Fatal(err)
		}
		slots := make([]state.Slot, 500)
		if err := table.Find(&keys, slots); err != nil {
			t.Fatal(err)
		}
		for n, slot := range slots {
			if here := own.Contains(rowcodec.KeyGroup(route(n), 128)); here != (slot != state.NoSlot) {
				t.Fatalf("task %d: key %q is there: %v", task, keys.At(n), !here)
			} else if here {
				total++
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if total != 500 {
		t.Fatalf("%d of 500 keys were restored", total)
	}
}
