package remote

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/operators/agg"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// aggregate is an aggregate function of a service. A state is JSON of the service's
// making. The engine keeps it, and sends it along with each request, so that the
// service keeps nothing and a request can be repeated.
//
// Invariant KEPT: the bytes of a state are the length of its result plus one, the
// result, and the state; 0 and the state if the service gave no result with it. The
// result that is taken back later is thus the one that was given out.
type aggregate struct {
	*function
	can   agg.Abilities
	slots Slots
	work  work
	kept  []byte
	ends  []int
}

var _ agg.Folder = (*aggregate)(nil)

// Can implements agg.Folder.
func (a *aggregate) Can() agg.Abilities { return a.can }

// Add implements agg.Folder.
func (a *aggregate) Add(f agg.Fold) error {
	w := &a.work
	w.begin(stepAdd, f)
	cols := make([]arrow.Array, len(f.Args))
	for i, arg := range f.Args {
		cols[i] = columns.Take(memory.DefaultAllocator, arg, w.rows)
	}
	defer columns.Release(cols)
	var err error
	if w.items, err = a.encode(cols, len(w.rows)); err != nil {
		return err
	}
	return a.change(f)
}

// Merge implements agg.Folder.
func (a *aggregate) Merge(f agg.Fold) error {
	w := &a.work
	w.begin(stepMerge, f)
	partial := f.Partial.(*array.Binary)
	w.items = make([]json.RawMessage, len(w.rows))
	for i, row := range w.rows {
		var err error
		if _, w.items[i], err = cutKept(partial.Value(int(row))); err != nil {
			return err
		}
	}
	return a.change(f)
}

// change has the service make new states of f's.
func (a *aggregate) change(f agg.Fold) error {
	w := &a.work
	for g, kept := range f.States {
		var err error
		if _, w.states[g], err = cutKept(kept); err != nil {
			return err
		}
	}
	if err := a.do(f.Context, w); err != nil {
		return err
	}
	a.kept, a.ends = a.kept[:0], a.ends[:0]
	for g := range f.States {
		a.kept = appendKept(a.kept, w.results[g], w.states[g])
		a.ends = append(a.ends, len(a.kept))
	}
	from := 0
	for g, end := range a.ends {
		f.States[g], from = a.kept[from:end:end], end
	}
	return nil
}

// Results implements agg.Folder. It asks for those that did not come with the states.
func (a *aggregate) Results(ctx context.Context, states [][]byte, alloc memory.Allocator) (arrow.Array, error) {
	results := make([]json.RawMessage, len(states))
	var asked []int
	w := &a.work
	w.begin(stepResult, agg.Fold{})
	for i, kept := range states {
		result, state, err := cutKept(kept)
		if err != nil {
			return nil, err
		}
		if results[i] = result; result == nil {
			asked, w.states, w.ends = append(asked, i), append(w.states, state), append(w.ends, 0)
		}
	}
	w.results = make([]json.RawMessage, len(asked))
	if err := a.do(ctx, w); err != nil {
		return nil, err
	}
	for at, i := range asked {
		results[i] = w.results[at]
	}
	return a.column(alloc, results)
}

// appendKept appends a state in the form of KEPT.
func appendKept(dst []byte, result, state json.RawMessage) []byte {
	if result == nil {
		return append(append(dst, 0), state...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(result))+1)
	return append(append(dst, result...), state...)
}

// cutKept reads what appendKept wrote. No bytes are the state of no rows, a nil one.
func cutKept(kept []byte) (result, state json.RawMessage, err error) {
	if len(kept) == 0 {
		return nil, nil, nil
	}
	size, n := binary.Uvarint(kept)
	switch {
	case n <= 0 || size > uint64(len(kept)-n)+1:
		return nil, nil, errs.Corruptionf("the state of an aggregate function behind HTTP is cut off")
	case size == 0:
		return nil, kept[n:], nil
	}
	end := n + int(size) - 1
	return kept[n:end:end], kept[end:], nil
}

// compact is JSON without space between its parts, in memory of its own.
func compact(value json.RawMessage) (json.RawMessage, error) {
	if value == nil {
		return nil, nil
	}
	var b bytes.Buffer
	err := json.Compact(&b, value)
	return b.Bytes(), err
}
