package state_test

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/memstate"
)

func word(x uint64) []byte { return binary.LittleEndian.AppendUint64(nil, x) }

// wordKeys encodes numbers as keys of one word.
func wordKeys(dst *rowcodec.Keys, words ...uint64) *rowcodec.Keys {
	dst.Reset()
	for _, w := range words {
		dst.Append(word(w))
	}
	return dst
}

func TestCountsSurviveSnapshotAndRestore(t *testing.T) {
	var keys rowcodec.Keys
	spec := state.TableSpec{ID: "counts", Layout: state.Layout{Width: 8}}
	var snap state.Snapshot
	for round := range 3 {
		options := memstate.Options{}
		if round > 0 {
			options.Restore = []state.Snapshot{snap}
		}
		store, err := memstate.Open(options)
		if err != nil {
			t.Fatal(err)
		}
		table, err := store.Scope("agg").Table(spec)
		if err != nil {
			t.Fatal(err)
		}
		slots := make([]state.Slot, 5)
		if err := table.Upsert(wordKeys(&keys, 1, 2, 1, 3, 1), slots); err != nil {
			t.Fatal(err)
		}
		for _, s := range slots {
			*(*uint64)(table.Row(s))++
			table.MarkDirty(s)
		}
		if got, want := *(*uint64)(table.Row(slots[0])), uint64(3*(round+1)); got != want {
			t.Fatalf("round %d: count of key 1 is %d, want %d", round, got, want)
		}
		if snap, err = store.Snapshot(context.Background(), uint64(round+1)); err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
