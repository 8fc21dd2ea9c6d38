package state_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/memstate"
	"github.com/thalweg/thalweg/state/pebblestate"
)

const benchRows = 4096

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// randomBatches makes batches of one-word keys below space.
func randomBatches(n int, space uint64) []rowcodec.Keys {
	rng := rand.New(rand.NewPCG(1, 1))
	out := make([]rowcodec.Keys, n)
	words := make([]uint64, benchRows)
	for i := range out {
		for j := range words {
			words[j] = rng.Uint64N(space)
		}
		wordKeys(&out[i], words...)
	}
	return out
}

func openBench(b *testing.B) (*state.Store, *state.Table) {
	b.Helper()
	store, err := memstate.Open(memstate.Options{})
	ok(b, err)
	table, err := store.Table(state.TableSpec{ID: "t", Layout: state.Layout{Width: 8}})
	ok(b, err)
	return store, table
}

// fill inserts all keys below space.
func fill(b *testing.B, table *state.Table, space uint64) {
	b.Helper()
	var keys rowcodec.Keys
	buf, slots := make([]byte, 8), make([]state.Slot, benchRows)
	for k := uint64(0); k < space; k++ {
		keys.Append(binary.LittleEndian.AppendUint64(buf[:0], k))
		if keys.Len() == benchRows || k == space-1 {
			ok(b, table.Upsert(&keys, slots[:keys.Len()]))
			keys.Reset()
		}
	}
}

// rate reports rows per second of processor time too, which other load on the
// machine disturbs less. Its result is to be called after the loop.
func rate(b *testing.B, rows int) func() {
	b.Helper()
	start := processorTime()
	return func() {
		done := float64(b.N) * float64(rows) / 1e6
		b.ReportMetric(done/b.Elapsed().Seconds(), "Mrows/s")
		b.ReportMetric(done/(processorTime()-start), "Mrows/cpu-s")
	}
}

func processorTime() float64 {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func BenchmarkUpsert(b *testing.B) {
	for _, space := range []uint64{10_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("keys=%d", space), func(b *testing.B) {
			store, table := openBench(b)
			defer store.Close()
			fill(b, table, space)
			batches := randomBatches(256, space)
			slots := make([]state.Slot, benchRows)
			b.ReportAllocs()
			i := 0
			report := rate(b, benchRows)
			for b.Loop() {
				ok(b, table.Upsert(&batches[i%len(batches)], slots))
				i++
			}
			report()
		})
	}
}

// BenchmarkCount is a group-by's inner loop: probe, add, mark dirty.
func BenchmarkCount(b *testing.B) {
	for _, space := range []uint64{10_000, 10_000_000} {
		b.Run(fmt.Sprintf("keys=%d", space), func(b *testing.B) {
			store, table := openBench(b)
			defer store.Close()
			fill(b, table, space)
			batches := randomBatches(256, space)
			slots := make([]state.Slot, benchRows)
			var rows []unsafe.Pointer
			b.ReportAllocs()
			i := 0
			report := rate(b, benchRows)
			for b.Loop() {
				ok(b, table.Upsert(&batches[i%len(batches)], slots))
				rows = table.Rows(slots, rows)
				for _, r := range rows {
					*(*uint64)(r)++
				}
				table.MarkAllDirty(slots)
				i++
			}
			report()
		})
	}
}

func BenchmarkInsert(b *testing.B) {
	const space = 1_000_000
	b.ReportAllocs()
	report := rate(b, space)
	for b.Loop() {
		store, table := openBench(b)
		fill(b, table, space)
		ok(b, store.Close())
	}
	report()
}

func BenchmarkMulti(b *testing.B) {
	for _, ordered := range []bool{false, true} {
		for _, entries := range []int{1, 10, 100_000} {
			b.Run(fmt.Sprintf("ordered=%v/entries=%d", ordered, entries), func(b *testing.B) { benchMulti(b, ordered, entries) })
		}
	}
}

func benchMulti(b *testing.B, ordered bool, entries int) {
	store, err := memstate.Open(memstate.Options{})
	ok(b, err)
	defer store.Close()
	m, err := store.Multi(state.MultiSpec{ID: "m", Width: 8, Ordered: ordered})
	ok(b, err)
	keys := 100_000 / entries
	var batch rowcodec.Keys
	for k := range keys {
		batch.Append(word(uint64(k)))
	}
	slots := make([]state.Slot, keys)
	ok(b, m.Upsert(&batch, slots))
	rng := rand.New(rand.NewPCG(1, 1))
	subs := make([][]byte, 1<<17)
	for i := range subs {
		subs[i] = word(rng.Uint64())
	}
	b.Run("put+remove", func(b *testing.B) {
		for i := range keys * entries {
			m.Put(slots[i%keys], subs[i])
		}
		i := 0
		b.ReportAllocs()
		report := rate(b, 1)
		for b.Loop() {
			s := slots[i%keys]
			e, inserted := m.Put(s, subs[i%len(subs)])
			if inserted {
				m.Remove(s, m.First(s))
			}
			_ = e
			i++
		}
		report()
	})
	b.Run("iterate", func(b *testing.B) {
		n := 0
		report := rate(b, keys*entries)
		for b.Loop() {
			for _, s := range slots {
				for e := m.First(s); e != state.NoEntry; e = m.Next(e) {
					n += len(m.Sub(e))
				}
			}
		}
		report()
	})
}

// BenchmarkSnapshot measures what a barrier costs a task on disk: an empty store,
// one without changes, and ones with changes.
func BenchmarkSnapshot(b *testing.B) {
	for _, changed := range []int{-1, 0, 10, 10_000, 1_000_000} {
		b.Run(fmt.Sprintf("changed=%d", changed), func(b *testing.B) {
			store, err := pebblestate.Open(pebblestate.Options{FS: vfs.Default, Dir: b.TempDir() + "/state"})
			ok(b, err)
			defer store.Close()
			table, err := store.Table(state.TableSpec{ID: "t", Layout: state.Layout{Width: 8}})
			ok(b, err)
			if changed >= 0 {
				fill(b, table, 20_000)
			}
			epoch := uint64(0)
			var slots []state.Slot
			for b.Loop() {
				b.StopTimer()
				fill(b, table, uint64(max(0, changed)))
				slots = slots[:0]
				ok(b, table.Scan(func(s state.Slot) error {
					slots = append(slots, s)
					return nil
				}))
				for _, s := range slots[:min(len(slots), max(0, changed))] {
					table.MarkDirty(s)
				}
				b.StartTimer()
				epoch++
				snap, err := store.Snapshot(context.Background(), epoch)
				ok(b, err)
				if snap.Image != nil {
					ok(b, snap.Image.Release())
				}
			}
		})
	}
}
