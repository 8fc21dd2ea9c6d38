package state

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/thalweg/thalweg/internal/rowcodec"
)

// nowhere is a backing that holds nothing and forgets everything.
type nowhere struct{ Batch }

func (nowhere) MultiGet([][]byte, func(int, []byte) error) error            { return nil }
func (nowhere) MultiScan([]KeyRange, func(int, []byte, []byte) error) error { return nil }
func (n nowhere) NewBatch() Batch                                           { return n }
func (nowhere) Snapshot(context.Context, uint64) (Image, error)             { return nil, nil }
func (nowhere) Set([]byte, []byte) error                                    { return nil }
func (nowhere) Delete([]byte) error                                         { return nil }
func (nowhere) DeleteRange([]byte, []byte) error                            { return nil }
func (nowhere) Bytes() int                                                  { return 0 }
func (nowhere) Commit() error                                               { return nil }
func (nowhere) Close() error                                                { return nil }

var _ Backing = nowhere{}

func openNowhere(t *testing.T) (*Store, *Table) {
	t.Helper()
	s, err := New(Options{Backing: nowhere{}})
	if err != nil {
		t.Fatal(err)
	}
	table, err := s.Table(TableSpec{ID: "t", Layout: Layout{Width: 8}})
	if err != nil {
		t.Fatal(err)
	}
	return s, table
}

// wordWithHash is the one word whose hash is h: rowcodec's mix of one word,
// undone.
func wordWithHash(t *testing.T, h uint64) []byte {
	t.Helper()
	const multiplier, inverse = 0xe9846af9b1a615d, 0xe9846af9b1a615d
	inv := uint64(inverse)
	for range 6 { // Newton's iteration for the inverse of an odd number
		inv *= 2 - multiplier*inv
	}
	x := h
	x ^= x>>28 ^ x>>56
	x *= inv
	x ^= x >> 32
	x *= inv
	x ^= x >> 32
	word := binary.LittleEndian.AppendUint64(nil, x)
	if rowcodec.Hash(word) != h {
		t.Fatalf("the word %x has hash %x, not %x", word, rowcodec.Hash(word), h)
	}
	return word
}

// TestKeysOfOneTagStayApart uses keys that agree in the tag and in the key group.
func TestKeysOfOneTagStayApart(t *testing.T) {
	s, table := openNowhere(t)
	defer s.Close()
	const n = 500
	var keys rowcodec.Keys
	for i := range uint64(n) {
		tag := []uint64{0, 1, 0xffffffff, 0x80000000, 0x80000001}[i%5]
		keys.Append(wordWithHash(t, i<<33|tag))
	}
	slots := make([]Slot, n)
	if err := table.Upsert(&keys, slots); err != nil {
		t.Fatal(err)
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(slots))); len(distinct) != n {
		t.Fatalf("%d slots of %d keys", len(distinct), n)
	}
	again := make([]Slot, n)
	if err := table.Find(&keys, again); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(slots, again) {
		t.Fatal("Find gives other slots than Upsert")
	}
	var got [][]byte
	if err := table.Scan(func(s Slot) error {
		got = append(got, table.space.appendKey(nil, table.Group(s), tagOf(table.Key(s)), table.Key(s)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != n || !slices.IsSortedFunc(got, bytes.Compare) {
		t.Fatalf("a scan of %d keys is not in the backing's order", len(got))
	}
	for i, s := range slots {
		if i%3 != 0 {
			table.Delete(s)
		}
	}
	if err := table.Find(&keys, again); err != nil {
		t.Fatal(err)
	}
	for i, s := range again {
		if (s != NoSlot) != (i%3 == 0) {
			t.Fatalf("key %d: slot %d after deleting others of its tag", i, s)
		}
	}
}

func tagOf(key []byte) uint32 { return uint32(rowcodec.Hash(key)) }

// TestKeysThatComeAndGoTakeNoMemory inserts and deletes without ever a snapshot.
func TestKeysThatComeAndGoTakeNoMemory(t *testing.T) {
	s, table := openNowhere(t)
	defer s.Close()
	var keys rowcodec.Keys
	slots := make([]Slot, 100)
	for round := range 200 {
		keys.Reset()
		for i := range slots {
			keys.Append(binary.LittleEndian.AppendUint64(nil, uint64(round*100+i)))
		}
		if err := table.Upsert(&keys, slots); err != nil {
			t.Fatal(err)
		}
		for _, slot := range slots {
			table.Delete(slot)
		}
	}
	if table.fresh > 200 || len(table.changed) > 200 {
		t.Fatalf("%d slots were used and %d are listed for 100 keys at a time", table.fresh, len(table.changed))
	}
}

// TestBatchCounterWrapsAround sets the counter just before its end.
func TestBatchCounterWrapsAround(t *testing.T) {
	s, table := openNowhere(t)
	defer s.Close()
	var keys rowcodec.Keys
	keys.Append(binary.LittleEndian.AppendUint64(nil, 1))
	slots := make([]Slot, 1)
	for i := range 3 {
		if err := table.Upsert(&keys, slots); err != nil {
			t.Fatal(err)
		}
		if isNew := table.IsNew(slots[0]); isNew != (i == 0) {
			t.Fatalf("batch %d: the key is new: %v", i, isNew)
		}
		if i == 0 {
			table.born = 1<<32 - 2
		}
		if i == 1 {
			*(*uint32)(table.at(slots[0])) = 1 // as if inserted in a batch long ago
		}
	}
}

func TestBackingKeysComeApart(t *testing.T) {
	for _, sp := range []space{{id: newTableID("a", false)}, {id: newTableID("b", true), namespace: -5}, {id: newTableID("b", true), namespace: 5}} {
		for _, key := range []string{"", "k", strings.Repeat("long", 100)} {
			b := append(sp.appendKey(nil, 300, 7, []byte(key)), "sub"...)
			k, err := parseDiskKey(b)
			if err != nil || k.group != 300 || k.tag != 7 || string(k.key) != key || string(k.sub) != "sub" ||
				sp.namespaced() && k.namespace != sp.namespace {
				t.Errorf("%q in %+v came apart as %+v (%v)", key, sp, k, err)
			}
			for i := range len(b) - len("sub") {
				if n, err := PrefixLen(b[:i]); err == nil || n != i {
					t.Errorf("a key cut at %d has a prefix of %d (%v)", i, n, err)
				}
			}
		}
	}
	first := space{id: newTableID("b", true), namespace: -5}.appendPrefix(nil, 1)
	second := space{id: newTableID("b", true), namespace: 5}.appendPrefix(nil, 1)
	if bytes.Compare(first, second) >= 0 || bytes.Compare(prefixEnd(slices.Clone(first)), second) > 0 {
		t.Error("namespaces are not in order")
	}
}
