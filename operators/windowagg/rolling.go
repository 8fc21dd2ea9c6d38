package windowagg

import (
	"unsafe"

	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream/windows"
)

// rolling is the merged result of the slices in (from, to], carried from one window
// to the next: slices that leave are taken away, those that enter are added. It is
// no state: what is lost is merged from the slices again.
//
// The mark of a group's row counts the slices that have the group. A group without
// one is dead and stays until the result is merged anew.
type rolling struct {
	buffer   *aggstate.Buffer
	valid    bool
	from, to int64
	keys     [][]byte
	rows     []unsafe.Pointer
}

// rolls reports windows that are worth it: those of CUMULATE only grow; a HOP must
// be able to take slices away, and pays off when fewer come and go than stay.
func rolls(s windows.Spec, program *aggstate.Program) bool {
	switch {
	case s.Attached || !program.Mergeable():
		return false
	case s.Kind == windows.Cumulate:
		return true
	}
	return s.Kind == windows.Hop && program.Invertible() && 2*s.StepMillis < s.SizeMillis
}

// touch forgets the result if it holds the slice, which gets more rows.
func (r *rolling) touch(slice int64) {
	if slice > r.from && slice <= r.to {
		r.valid = false
	}
}

// deadMax is how many groups may be dead beside as many as live.
const deadMax = 1024

// emitRolling emits the window ending at end.
func (w *WindowAgg) emitRolling(end int64, out op.Output) error {
	r, start := &w.roll, w.cfg.Windows.StartOf(end)
	if r.buffer == nil {
		r.buffer = aggstate.NewBuffer(w.program.Layout().Width)
	}
	if !r.valid || r.from != start || r.to > end {
		r.buffer.Reset()
		r.from, r.to = start, start
	}
	if err := w.roller(r.to, end, 1); err != nil {
		return err
	}
	r.to, r.valid = end, true
	live, err := w.emitLive(end, out)
	if err != nil {
		return err
	}
	next := w.cfg.Windows.NextEnd(end)
	if w.cfg.Windows.Kind == windows.Cumulate {
		r.valid = next <= w.cfg.Windows.LastEnd(end)
		return nil
	}
	r.from = w.cfg.Windows.StartOf(next)
	r.valid = r.buffer.Len() <= 2*live+deadMax
	if !r.valid {
		return nil
	}
	return w.roller(start, r.from, -1)
}

// roller adds the slices in (from, to] to the result, or takes them away.
func (w *WindowAgg) roller(from, to int64, sign int) error {
	for _, slice := range w.slices.Ends() {
		if slice > from && slice <= to {
			if err := w.mergeSlice(w.slices.Lookup(slice), w.roll.buffer, sign); err != nil {
				return err
			}
		}
	}
	return nil
}

// emitLive emits the groups that some slice has, and tells how many they are.
func (w *WindowAgg) emitLive(end int64, out op.Output) (live int, err error) {
	r := &w.roll
	for i, row := range r.buffer.Rows() {
		if *aggstate.Mark(row) != 0 {
			live++
			r.keys, r.rows = append(r.keys, r.buffer.Key(i)), append(r.rows, row)
		}
		if len(r.rows) >= w.ctx.BatchRows || i+1 == r.buffer.Len() {
			if err := w.emitRows(r.keys, r.rows, r.buffer.Heap(), end, out); err != nil {
				return live, err
			}
			r.keys, r.rows = r.keys[:0], r.rows[:0]
		}
	}
	return live, nil
}
