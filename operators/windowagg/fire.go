package windowagg

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/operators/stream/windows"
	"github.com/thalweg/thalweg/state"
)

// firing is scratch memory for emitting windows.
type firing struct {
	merged *aggstate.Buffer
	keys   rowcodec.Keys
	list   [][]byte
	from   []unsafe.Pointer
	to     []unsafe.Pointer
}

// emitWindow emits the rows of the window ending at end.
func (w *WindowAgg) emitWindow(end int64, out op.Output) error {
	if w.cfg.Windows.Kind == windows.Tumble || w.apart || w.cfg.Windows.Attached {
		return w.emitSlice(end, out)
	}
	if w.rolls {
		return w.emitRolling(end, out)
	}
	slices := w.slicesOf(end)
	if len(slices) == 1 {
		return w.emitTable(w.slices.Lookup(slices[0]), end, out)
	}
	return w.emitMerged(slices, end, out)
}

// slicesOf lists the slices with rows of the window ending at end.
func (w *WindowAgg) slicesOf(end int64) []int64 {
	var out []int64
	start := w.cfg.Windows.StartOf(end)
	for _, slice := range w.slices.Ends() {
		if slice > start && slice <= end {
			out = append(out, slice)
		}
	}
	return out
}

// emitSlice emits a window that is one slice.
func (w *WindowAgg) emitSlice(end int64, out op.Output) error {
	table := w.slices.Lookup(end)
	if table == nil {
		return nil
	}
	if err := w.emitTable(table, end, out); err != nil {
		return err
	}
	if w.sets != nil {
		return w.sets.drop(w, table, end)
	}
	return nil
}

// emitTable emits the groups of one slice as the rows of a window.
func (w *WindowAgg) emitTable(table *state.Table, end int64, out op.Output) error {
	return table.ScanBatch(w.ctx.BatchRows, func(slots []state.Slot) error {
		w.fire.list = table.Keys(slots, w.fire.list)
		w.fire.from = table.Rows(slots, w.fire.from)
		return w.emitRows(w.fire.list, w.fire.from, table.Heap(), end, out)
	})
}

// emitMerged merges slices and emits the groups.
func (w *WindowAgg) emitMerged(slices []int64, end int64, out op.Output) error {
	if w.fire.merged == nil {
		w.fire.merged = aggstate.NewBuffer(w.program.Layout().Width)
	}
	merged := w.fire.merged
	defer merged.Reset()
	var err error
	if w.blocks.length > 0 {
		err = w.mergeBlocks(slices, end, merged)
	} else {
		err = w.mergeSlices(slices, merged)
	}
	if err != nil {
		return err
	}
	for from := 0; from < merged.Len(); from += w.ctx.BatchRows {
		to := min(from+w.ctx.BatchRows, merged.Len())
		w.fire.list = w.fire.list[:0]
		for i := from; i < to; i++ {
			w.fire.list = append(w.fire.list, merged.Key(i))
		}
		if err := w.emitRows(w.fire.list, merged.Rows()[from:to], merged.Heap(), end, out); err != nil {
			return err
		}
	}
	return nil
}

// mergeBatch is how many groups are merged at a time.
const mergeBatch = 1024

// mergeSlice adds a slice's groups to merged, or takes them away, and counts in
// their marks.
func (w *WindowAgg) mergeSlice(table *state.Table, merged *aggstate.Buffer, sign int) error {
	return table.ScanBatch(mergeBatch, func(slots []state.Slot) error {
		f := &w.fire
		f.keys.Reset()
		for _, slot := range slots {
			f.keys.Append(table.Key(slot))
		}
		f.from = table.Rows(slots, f.from)
		if cap(f.to) < len(slots) {
			f.to = make([]unsafe.Pointer, mergeBatch)
		}
		merged.Upsert(&f.keys, f.to[:len(slots)])
		partial := w.program.Partials(f.from, table.Heap(), w.ctx.Alloc)
		err := w.program.Merge(f.to[:len(slots)], merged.Heap(), partial, sign)
		for _, row := range f.to[:len(slots)] {
			*aggstate.Mark(row) += uint64(sign)
		}
		columns.Release(partial)
		return err
	})
}

// emitRows emits groups as rows of a window; groups whose rows were all taken away
// are left out.
func (w *WindowAgg) emitRows(keys [][]byte, rows []unsafe.Pointer, heap agg.Heap, end int64, out op.Output) error {
	n := 0
	for i, row := range rows {
		if w.program.Visible(row) {
			keys[n], rows[n] = keys[i], rows[i]
			n++
		}
	}
	if n == 0 {
		return nil
	}
	cols, err := aggstate.DecodeKeys(keys[:n], w.program.KeyTypes(), w.decoder, w.ctx.Alloc)
	if err != nil {
		return err
	}
	results, err := w.program.Results(rows[:n], heap, w.ctx.Alloc)
	if err != nil {
		columns.Release(cols)
		return err
	}
	all := make([]arrow.Array, 0, len(cols)+len(results)+len(w.cfg.Properties))
	all = append(append(all, cols...), results...)
	all = append(all, w.properties(end, n)...)
	return out.Emit(stream.NewBatch(w.ctx.Output, all, n, nil))
}
