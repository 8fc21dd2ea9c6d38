package windowagg

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/operators/aggstate"
	"github.com/thalweg/thalweg/operators/op"
	"github.com/thalweg/thalweg/operators/stream"
	"github.com/thalweg/thalweg/operators/stream/columns"
	"github.com/thalweg/thalweg/state"
)

// setState is the multisets of the groups of all windows, keyed by the group's key
// and the window's end.
type setState struct {
	multis  []*state.Multi
	encoder *rowcodec.KeyEncoder
	keys    rowcodec.Keys
	slots   []state.Slot
	groups  []unsafe.Pointer
	first   []int32
}

func openSets(ctx *op.Context, program *aggstate.Program) (*setState, error) {
	s := &setState{}
	var err error
	types := append(slices.Clone(program.KeyTypes()), arrow.PrimitiveTypes.Int64)
	if s.encoder, err = rowcodec.NewKeyEncoder(types); err != nil {
		return nil, err
	}
	for i, spec := range program.SetSpecs() {
		spec.ID = fmt.Sprintf("set%d", i)
		m, err := ctx.State.Multi(spec)
		if err != nil {
			return nil, err
		}
		s.multis = append(s.multis, m)
	}
	return s, nil
}

// encode encodes the set keys of a batch whose group keys are in w.keys.
func (s *setState) encode(w *WindowAgg, batch stream.Batch, end int64) error {
	cols := make([]arrow.Array, 0, len(w.keyAt)+1)
	for _, at := range w.keyAt {
		cols = append(cols, batch.Column(at))
	}
	return s.encodeKeys(w, cols, batch.Rows(), end, w.keys.Hashes)
}

// encodeKeys encodes key columns with the window's end; routes are the hashes of
// the group keys.
func (s *setState) encodeKeys(w *WindowAgg, cols []arrow.Array, rows int, end int64, routes []uint64) error {
	ends := repeat(w.ctx.Alloc, end, rows)
	defer ends.Release()
	if err := s.encoder.Encode(append(cols, ends), rows, &s.keys); err != nil {
		return err
	}
	s.keys.Routes = routes
	return nil
}

// repeat is a BIGINT column of n times v.
func repeat(alloc memory.Allocator, v int64, n int) arrow.Array {
	buf := columns.NewBuffer(alloc, n*8)
	for i, out := 0, columns.ViewBuffer[int64](buf); i < n; i++ {
		out[i] = v
	}
	return columns.Make(arrow.PrimitiveTypes.Int64, n, []*memory.Buffer{nil, buf}, nil, 0)
}

// touched lists the distinct groups among rows with their first rows.
func (s *setState) touched(rows []unsafe.Pointer) ([]unsafe.Pointer, []int32) {
	s.groups, s.first = s.groups[:0], s.first[:0]
	for i, row := range rows {
		if mark := aggstate.Mark(row); *mark == 0 {
			*mark = 1
			s.groups, s.first = append(s.groups, row), append(s.first, int32(i))
		}
	}
	for _, row := range s.groups {
		*aggstate.Mark(row) = 0
	}
	return s.groups, s.first
}

// drop removes the sets of a window's groups.
func (s *setState) drop(w *WindowAgg, table *state.Table, end int64) error {
	return table.ScanBatch(mergeBatch, func(slots []state.Slot) error {
		w.fire.list = table.Keys(slots, w.fire.list)
		cols, err := aggstate.DecodeKeys(w.fire.list, w.program.KeyTypes(), w.decoder, w.ctx.Alloc)
		if err != nil {
			return err
		}
		w.fire.keys.Reset()
		for _, key := range w.fire.list {
			w.fire.keys.Append(key)
		}
		err = s.encodeKeys(w, slices.Clone(cols), len(slots), end, w.fire.keys.Hashes)
		columns.Release(cols)
		if err != nil {
			return err
		}
		return s.removeAll()
	})
}

// removeAll removes all entries of the keys in s.keys.
func (s *setState) removeAll() error {
	if cap(s.slots) < s.keys.Len() {
		s.slots = make([]state.Slot, s.keys.Len())
	}
	found := s.slots[:s.keys.Len()]
	for _, m := range s.multis {
		if err := m.Find(&s.keys, found); err != nil {
			return err
		}
		for _, slot := range found {
			if slot == state.NoSlot {
				continue
			}
			for e := m.First(slot); e != state.NoEntry; e = m.First(slot) {
				m.Remove(slot, e)
			}
		}
	}
	return nil
}
