package windowagg_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/operators/windowagg"
	"github.com/thalweg/thalweg/state"
	"github.com/thalweg/thalweg/state/memstate"
)

// hopTask is one task of a global count over hops of 6 s every 2 s.
type hopTask struct {
	*windowagg.WindowAgg
	t     *testing.T
	store *state.Store
	rows  int
}

var hopInput = types.Schema{{Name: "k", Type: types.Of(types.BigInt)}, {Name: "ts", Type: types.TimestampOf(3)}}

func openHop(t *testing.T, groups state.GroupRange, restore ...state.Snapshot) *hopTask {
	t.Helper()
	registry := agg.NewRegistry()
	count := rex.AggCall{Name: "COUNT", Type: types.Of(types.BigInt), Filter: -1}
	w, err := windowagg.New(windowagg.Config{Registry: registry, InputSchema: hopInput, Keys: []int{0}, Aggs: []rex.AggCall{count},
		Windows: windows.Spec{Kind: windows.Hop, SizeMillis: 6000, StepMillis: 2000, Time: 1}})
	if err != nil {
		t.Fatal(err)
	}
	h := &hopTask{WindowAgg: w, t: t}
	if h.store, err = memstate.Open(memstate.Options{Groups: 128, KeyGroups: groups, Restore: restore}); err != nil {
		t.Fatal(err)
	}
	output := types.Schema{hopInput[0], {Name: "n", Type: types.Of(types.BigInt)}}
	err = w.Open(&op.Context{Alloc: memory.DefaultAllocator, State: h.store, Output: output.Arrow(), BatchRows: 16, Counters: &op.Counters{}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Emit counts rows.
func (h *hopTask) Emit(b stream.Batch) error {
	h.rows += b.Rows()
	b.Release()
	return nil
}

// Watermark drops event time.
func (h *hopTask) Watermark(stream.Watermark) error { return nil }

// keyIn is a key in one of groups.
func keyIn(t *testing.T, groups state.GroupRange) int64 {
	t.Helper()
	encoder, err := rowcodec.NewKeyEncoder([]arrow.DataType{arrow.PrimitiveTypes.Int64})
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewInt64Builder(memory.DefaultAllocator)
	for k := range int64(1000) {
		b.Append(k)
	}
	column := b.NewArray()
	var keys rowcodec.Keys
	encoder.Encode([]arrow.Array{column}, column.Len(), &keys)
	for k, hash := range keys.Hashes {
		if groups.Contains(rowcodec.KeyGroup(hash, 128)) {
			return int64(k)
		}
	}
	t.Fatalf("no key in %s", groups)
	return 0
}

// give processes one row at the first second and advances.
func (h *hopTask) give(rows int, wm stream.Watermark) {
	h.t.Helper()
	for range rows {
		batch, err := stream.ParseRows(memory.DefaultAllocator, hopInput, []string{fmt.Sprintf("+I k=%d ts=1s", keyIn(h.t, h.store.KeyGroups()))})
		if err != nil {
			h.t.Fatal(err)
		}
		if err := h.Process(0, batch, h); err != nil {
			h.t.Fatal(err)
		}
		batch.Release()
	}
	if err := h.Advance(wm, h); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hopTask) snapshot() state.Snapshot {
	h.t.Helper()
	s, err := h.store.Snapshot(context.Background(), 1)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// At a barrier one task may have heard less of time than another. After a restore
// it does not make the other one emit its windows again.
func TestATaskGoesOnFromItsOwnTime(t *testing.T) {
	behind, ahead := openHop(t, state.GroupRange{First: 0, End: 64}), openHop(t, state.GroupRange{First: 64, End: 128})
	ahead.give(1, 3999)
	if ahead.rows != 2 {
		t.Fatalf("%d windows up to 4 s, want 2", ahead.rows)
	}
	behind.give(0, 1000)
	snaps := []state.Snapshot{behind.snapshot(), ahead.snapshot()}
	for round := range 2 {
		again := openHop(t, ahead.store.KeyGroups(), snaps...)
		again.give(0, 3999)
		if again.rows != 0 {
			t.Fatalf("round %d: %d windows were emitted again", round, again.rows)
		}
		idle := openHop(t, behind.store.KeyGroups(), snaps...)
		snaps = []state.Snapshot{again.snapshot(), idle.snapshot()}
	}
}
