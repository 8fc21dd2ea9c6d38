package checkpoint_test

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/checkpoint"
	"github.com/thalweg/thalweg/state/pebblestate"
)

// counter is a store with one table of counters, in which every key's counter is
// the number of the epoch it was last part of.
type counter struct {
	store *state.Store
	table *state.Table
	keys  rowcodec.Keys
	slots []state.Slot
}

func openCounter(tb testing.TB, options pebblestate.Options) *counter {
	tb.Helper()
	store, err := pebblestate.Open(options)
	if err != nil {
		tb.Fatal(err)
	}
	table, err := store.Table(state.TableSpec{ID: "counts", Layout: state.Layout{Width: 8}})
	if err != nil {
		tb.Fatal(err)
	}
	return &counter{store: store, table: table}
}

// set writes value to keys [from, to).
func (c *counter) set(tb testing.TB, from, to int, value uint64) {
	tb.Helper()
	c.keys.Reset()
	for k := from; k < to; k++ {
		c.keys.Append(binary.LittleEndian.AppendUint64(nil, uint64(k)))
	}
	c.slots = make([]state.Slot, to-from)
	if err := c.table.Upsert(&c.keys, c.slots); err != nil {
		tb.Fatal(err)
	}
	for _, s := range c.slots {
		*(*uint64)(c.table.Row(s)) = value
		c.table.MarkDirty(s)
	}
}

// all reads every counter.
func (c *counter) all(tb testing.TB) map[int]uint64 {
	tb.Helper()
	out := map[int]uint64{}
	err := c.table.Scan(func(s state.Slot) error {
		out[int(binary.LittleEndian.Uint64(c.table.Key(s)))] = *(*uint64)(c.table.Row(s))
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// checkpoint takes and publishes an epoch.
func (c *counter) checkpoint(storage checkpoint.Storage, epoch uint64) error {
	snap, err := c.store.Snapshot(context.Background(), epoch)
	if err != nil {
		return err
	}
	if snap.Image != nil {
		defer snap.Image.Release()
	}
	return tryPublish(storage, epoch, []state.Snapshot{snap})
}

// restoreCounter opens the counters of an epoch.
func restoreCounter(tb testing.TB, storage checkpoint.Storage, epoch uint64, fs vfs.FS, name string) *counter {
	tb.Helper()
	r := restore(tb, storage, epoch, state.GroupRange{End: groups}, fs, "fetched-"+name)
	return openCounter(tb, pebblestate.Options{FS: fs, Dir: "restored-" + name, Restore: r.Parts, Cells: r.Cells, Tables: r.Tables})
}
