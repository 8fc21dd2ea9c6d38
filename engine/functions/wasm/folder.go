package wasm

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// folder is an aggregate function of a module. The states are bytes that the module
// makes and reads; the engine keeps them.
type folder struct {
	module *Module
	f      *function
	writer writer
	kept   []byte
}

var _ agg.Folder = (*folder)(nil)

// Can implements agg.Folder.
func (f *folder) Can() agg.Abilities {
	return agg.Abilities{Retract: f.f.Retract, Merge: f.f.Merge, Nulls: f.f.Nulls}
}

// Add implements agg.Folder.
func (f *folder) Add(w agg.Fold) error {
	cols := []arrow.Array{groupsColumn(w.Groups), retractColumn(w)}
	for _, arg := range w.Args {
		cols = append(cols, columns.Take(memory.DefaultAllocator, arg, w.Rows))
	}
	defer release(cols)
	return f.change(w, stepAdd, cols)
}

// Merge implements agg.Folder.
func (f *folder) Merge(w agg.Fold) error {
	cols := []arrow.Array{groupsColumn(w.Groups), columns.Take(memory.DefaultAllocator, w.Partial, w.Rows)}
	defer release(cols)
	return f.change(w, stepMerge, cols)
}

// change has the module make new states.
func (f *folder) change(w agg.Fold, step int, cols []arrow.Array) error {
	f.request(w.States)
	f.writer.batch(cols, len(w.Rows))
	out, err := f.answer(w.Context, step, len(w.States), types.BytesType(), memory.DefaultAllocator)
	if err != nil {
		return err
	}
	defer out.Release()
	offsets := columns.Offsets(out)
	f.kept = append(f.kept[:0], columns.Bytes(out)[offsets[0]:offsets[len(w.States)]]...)
	for i := range w.States {
		w.States[i] = f.kept[offsets[i]-offsets[0] : offsets[i+1]-offsets[0] : offsets[i+1]-offsets[0]]
	}
	return nil
}

// Results implements agg.Folder.
func (f *folder) Results(ctx context.Context, states [][]byte, alloc memory.Allocator) (arrow.Array, error) {
	f.request(states)
	return f.answer(ctx, stepResult, len(states), f.f.result, alloc)
}

// request begins a request with the states.
func (f *folder) request(states [][]byte) {
	b := array.NewBinaryBuilder(memory.DefaultAllocator, arrow.BinaryTypes.Binary)
	defer b.Release()
	for _, s := range states {
		b.Append(s)
	}
	col := b.NewArray()
	defer col.Release()
	f.writer.data = f.writer.data[:0]
	f.writer.batch([]arrow.Array{col}, len(states))
}

func (f *folder) answer(ctx context.Context, step, rows int, t types.Type, alloc memory.Allocator) (out arrow.Array, err error) {
	err = f.module.invoke(ctx, f.f, step, f.writer.data, func(data []byte) error {
		cols, n, err := readBatch(data, []types.Type{t}, alloc)
		if err != nil {
			return err
		}
		if n != rows {
			release(cols)
			return errs.Userf("its answer has %d rows, not %d", n, rows)
		}
		out = cols[0]
		return nil
	})
	return out, err
}

func groupsColumn(groups []int32) arrow.Array {
	buf := columns.NewBuffer(memory.DefaultAllocator, 4*len(groups))
	copy(columns.ViewBuffer[int32](buf), groups)
	return columns.Make(arrow.PrimitiveTypes.Int32, len(groups), []*memory.Buffer{nil, buf}, nil, 0)
}

func retractColumn(w agg.Fold) arrow.Array {
	b := array.NewBooleanBuilder(memory.DefaultAllocator)
	defer b.Release()
	for k := range w.Rows {
		b.Append(w.Retract != nil && w.Retract[k])
	}
	return b.NewArray()
}
