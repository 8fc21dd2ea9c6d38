package memstate

import (
	"encoding/binary"
	"testing"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

// asked counts the keys that a backing is asked for.
type asked struct {
	backing
	keys int
}

func (a *asked) MultiGet(keys [][]byte, found func(i int, value []byte) error) error {
	a.keys += len(keys)
	return a.backing.MultiGet(keys, found)
}

// TestAStaleFilterIsBuiltAnew deletes most of many keys, nearly all of which are in the
// backing only. Those left stay, none comes back, and the backing is no longer asked for
// most of the deleted, which a filter that still held them would let through.
func TestAStaleFilterIsBuiltAnew(t *testing.T) {
	const batch, left = 4096, 15 * 4096
	const keys = 50 * batch
	below := &asked{}
	s, err := state.New(state.Options{Backing: below, BudgetBytes: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	table, err := s.Table(state.TableSpec{ID: "t", Layout: state.Layout{Width: 8}})
	if err != nil {
		t.Fatal(err)
	}
	var encoded rowcodec.Keys
	slots := make([]state.Slot, batch)
	each := func(find func(*rowcodec.Keys, []state.Slot) error, visit func(n int, slot state.Slot)) {
		for from := 0; from < keys; from += batch {
			encoded.Reset()
			for n := from; n < from+batch; n++ {
				encoded.Append(binary.LittleEndian.AppendUint64(nil, uint64(n)))
			}
			if err := find(&encoded, slots); err != nil {
				t.Fatal(err)
			}
			for i, slot := range slots {
				visit(from+i, slot)
			}
		}
	}
	each(table.Upsert, func(n int, slot state.Slot) {
		*(*uint64)(table.Row(slot)) = uint64(n)
		table.MarkDirty(slot)
	})
	each(table.Find, func(n int, slot state.Slot) {
		if n >= left {
			table.Delete(slot)
		}
	})
	for range 2 {
		below.keys = 0
		each(table.Find, func(n int, slot state.Slot) {
			if (slot != state.NoSlot) != (n < left) || slot != state.NoSlot && *(*uint64)(table.Row(slot)) != uint64(n) {
				t.Fatalf("key %d: slot %d", n, slot)
			}
		})
	}
	if below.keys > keys*2/3 {
		t.Errorf("the backing was asked for %d of %d keys, of which %d are there", below.keys, keys, left)
	}
}
