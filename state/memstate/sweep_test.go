package memstate

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
)

// TestExpiredEntriesLeaveTheBacking: entries of keys that nothing asks for any more are
// removed all the same, a part at each snapshot.
func TestExpiredEntriesLeaveTheBacking(t *testing.T) {
	s, err := Open(Options{BudgetBytes: 1 << 18})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m, err := s.Multi(state.MultiSpec{ID: "m", Width: 8, TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, m, 0, 10_000)
	s.SetNow(30_000)
	fill(t, s, m, 9_990, 10_010)
	if rows := stored(t, s); rows < 10_000 {
		t.Fatalf("%d rows are stored of 20,000: nothing was evicted", rows)
	}
	s.SetNow(60_000)
	rows := 0
	for range 10 {
		rows = stored(t, s)
	}
	if rows != 20 {
		t.Errorf("%d rows are stored, want 20", rows)
	}
	var keys rowcodec.Keys
	found := 0
	slots := make([]state.Slot, 1)
	for n := range 10_010 {
		keys.Reset()
		keys.Append(binary.BigEndian.AppendUint32(nil, uint32(n)))
		if err := m.Find(&keys, slots); err != nil {
			t.Fatal(err)
		}
		if slots[0] != state.NoSlot && m.Count(slots[0]) > 0 {
			found++
		}
	}
	if found != 20 {
		t.Errorf("%d keys are found, want 20", found)
	}
}

// fill puts an entry for each of the keys [from, to).
func fill(t *testing.T, s *state.Store, m *state.Multi, from, to int) {
	t.Helper()
	var keys rowcodec.Keys
	slots := make([]state.Slot, 10)
	for n := from; n < to; n += 10 {
		keys.Reset()
		for i := range 10 {
			keys.Append(binary.BigEndian.AppendUint32(nil, uint32(n+i)))
		}
		if err := m.Upsert(&keys, slots); err != nil {
			t.Fatal(err)
		}
		for i, slot := range slots {
			e, _ := m.Put(slot, keys.At(i))
			m.MarkDirty(slot, e)
		}
		if err := s.Trim(); err != nil {
			t.Fatal(err)
		}
	}
}

// stored is the number of rows of a snapshot.
func stored(t *testing.T, s *state.Store) int {
	t.Helper()
	snap, err := s.Snapshot(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Image.Release()
	return snap.Image.(*Image).Rows()
}
