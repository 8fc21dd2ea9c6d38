package agg

import (
	"context"
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// Folder is an aggregate function of a user over states that are bytes, a batch at a
// time. No bytes are the state of no rows. It belongs to one operator, so its calls
// never overlap.
//
// Whatever it is given is borrowed for the call. Add and Merge put a state of their
// own making in the place of each of Fold.States; it stays theirs and must be valid
// until their next call.
type Folder interface {
	// Add counts rows into the states of their groups; Fold.Retract takes them away.
	Add(f Fold) error
	// Merge merges f.Partial[i] into the state of row i's group.
	Merge(f Fold) error
	// Results gives the results of the states as a column that the caller owns.
	Results(ctx context.Context, states [][]byte, alloc memory.Allocator) (arrow.Array, error)
	// Can tells what the function is able to.
	Can() Abilities
}

// Abilities are what a [Folder] can do besides adding.
type Abilities struct {
	// Retract: rows can be taken away again. One that can't is given all values of a
	// group that are left.
	Retract bool
	// Merge: states can be merged, so that aggregation has two phases.
	Merge bool
	// Nulls: rows with NULL arguments count.
	Nulls bool
}

// Fold is work for a Folder.
type Fold struct {
	// Context ends when nobody waits for the work any more.
	Context context.Context
	// States are the states of the groups touched, to be replaced.
	States [][]byte
	// Args are the argument columns, Rows the rows of them that count, in order.
	Args []arrow.Array
	Rows []int32
	// Groups are the rows' places in States, one an entry of Rows.
	Groups []int32
	// Retract are the rows' signs: true takes the row away. Nil adds all.
	Retract []bool
	// Partial are the states to merge, for Merge; it has no Args.
	Partial arrow.Array
}

// foldAgg is the aggregate of a Folder. A state lies on the heap.
type foldAgg struct {
	folder Folder
	can    Abilities
	set    SetKind
	args   []arrow.DataType

	encoder *rowcodec.RowEncoder
	decoder *rowcodec.RowDecoder
	weights []int8
	fold    Fold
	accs    []*gathered
	err     error
	// kept are the values that Refresh was shown since Settle was called last, one
	// behind another, keptEnds where each ends; fold tells their groups.
	kept     []byte
	keptEnds []int
	keys     [][]byte
}

var (
	_ Agg     = (*foldAgg)(nil)
	_ SetAgg  = (*foldAgg)(nil)
	_ Settler = (*foldAgg)(nil)
	_ Waiter  = (*foldAgg)(nil)
	_ Checked = (*foldAgg)(nil)
)

// FolderFunction is the entry of an aggregate function of a user whose calls each have a
// folder of their own.
func FolderFunction(name string, params []types.Type, result types.Type, folder func() Folder) Function {
	name = strings.ToUpper(name)
	return Function{Name: name, DistinctMatters: true, OrderMatters: true, Syntax: Syntax(name, params), Resolve: UserResolve(name, params, result),
		Bind: func(_ rex.AggCall, retracts bool) (Agg, error) { return NewFold(folder(), params, retracts) }}
}

// NewFold makes the aggregate of a folder over arguments of the given types. When
// values may be taken away from a function that can't, the operator keeps them and
// the function sees those that are left, in the order they came.
func NewFold(folder Folder, args []types.Type, retracts bool) (Agg, error) {
	f := &foldAgg{folder: folder, can: folder.Can(), fold: Fold{Context: context.Background()}}
	for _, t := range args {
		f.args = append(f.args, t.Arrow())
	}
	if !retracts || f.can.Retract {
		return f, nil
	}
	f.set = ByArrival
	var err error
	if f.encoder, err = rowcodec.NewRowEncoder(f.args); err != nil {
		return nil, err
	}
	f.decoder, err = rowcodec.NewRowDecoder(f.args)
	return f, err
}

// Within implements Waiter.
func (f *foldAgg) Within(ctx context.Context) { f.fold.Context = ctx }

// Spec implements Agg.
func (f *foldAgg) Spec() Spec {
	spec := Spec{Width: gatheredWidth, Refs: gatheredRefs, KeepsNulls: f.can.Nulls, Set: f.set, OwnSet: true}
	if f.can.Merge && f.set == NoSet {
		spec.Partial = []types.Type{types.BytesType()}
	}
	return spec
}

// Accumulate implements Agg.
func (f *foldAgg) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	if !f.can.Nulls {
		weights = skipNulls(weights, args, &f.weights)
	}
	f.group(acc, weights)
	f.fold.Args = args
	f.run(acc, f.folder.Add)
}

// Merge implements Agg.
func (f *foldAgg) Merge(acc Accs, partial []arrow.Array, _ int) {
	f.group(acc, skipNulls(nil, partial, &f.weights))
	f.fold.Partial = partial[0]
	f.run(acc, f.folder.Merge)
}

// group fills in which rows count, for which of the groups they touch.
func (f *foldAgg) group(acc Accs, weights []int8) {
	w := &f.fold
	w.Rows, w.Groups, w.Retract = w.Rows[:0], w.Groups[:0], w.Retract[:0]
	for i := range acc.Rows {
		if weights != nil && weights[i] == 0 {
			continue
		}
		a := at[gathered](&acc, i)
		if a.pending == 0 {
			f.accs = append(f.accs, a)
			a.pending = int64(len(f.accs))
		}
		w.Rows, w.Groups = append(w.Rows, int32(i)), append(w.Groups, int32(a.pending-1))
		if weights != nil {
			w.Retract = append(w.Retract, weights[i] < 0)
		}
	}
	if weights == nil {
		w.Retract = nil
	}
}

// run has the folder change the states of the groups found. A Heap's bytes are valid
// until its next Put, so all states are read before any is written.
func (f *foldAgg) run(acc Accs, do func(Fold) error) {
	f.fold.States = f.fold.States[:0]
	for _, a := range f.accs {
		f.fold.States = append(f.fold.States, acc.Heap.Get(a.ref))
	}
	var err error
	if len(f.accs) > 0 {
		err = do(f.fold)
	}
	f.note(err)
	for i, a := range f.accs {
		*a = gathered{has: 1, ref: a.ref}
		if err == nil {
			a.ref = acc.Heap.Put(a.ref, f.fold.States[i])
		}
	}
	clear(f.accs) // keep no pointer into rows
	f.accs = f.accs[:0]
	f.fold.Args, f.fold.Partial = nil, nil
}

// note keeps the first error for Err.
func (f *foldAgg) note(err error) {
	if f.err == nil {
		f.err = err
	}
}

// Partial implements Agg.
func (f *foldAgg) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	return []arrow.Array{emitBytes(acc, alloc, arrow.BinaryTypes.Binary, gatheredBytes(acc))}
}

// Emit implements Agg.
func (f *foldAgg) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	f.fold.States = f.fold.States[:0]
	for _, p := range acc.Rows {
		f.fold.States = append(f.fold.States, acc.Heap.Get((*gathered)(unsafe.Add(p, acc.Offset)).ref))
	}
	out, err := f.folder.Results(f.fold.Context, f.fold.States, alloc)
	if err == nil {
		return out
	}
	f.note(err)
	b := array.NewBooleanBuilder(alloc)
	defer b.Release()
	b.AppendNulls(len(acc.Rows))
	return b.NewArray()
}

// Err implements Checked.
func (f *foldAgg) Err() error {
	err := f.err
	f.err = nil
	return err
}

// AppendKey implements SetAgg.
func (f *foldAgg) AppendKey(dst []byte, args []arrow.Array, i int) []byte {
	return f.encoder.AppendRow(dst, args, i)
}

// settleBytes is how much is kept of sets before it is folded.
const settleBytes = 4 << 20

// Refresh keeps the values of the set, for Settle.
func (f *foldAgg) Refresh(acc Accs, i int, set Set) {
	w := &f.fold
	if len(f.accs) == 0 {
		w.Rows, w.Groups, w.Retract = w.Rows[:0], w.Groups[:0], nil
	}
	a := at[gathered](&acc, i)
	a.ref = acc.Heap.Put(a.ref, nil)
	group, before := int32(len(f.accs)), len(w.Rows)
	set.Each(func(key []byte, count int64) bool {
		for range count {
			f.kept = append(f.kept, key...)
			f.keptEnds = append(f.keptEnds, len(f.kept))
			w.Rows, w.Groups = append(w.Rows, int32(len(w.Rows))), append(w.Groups, group)
		}
		return true
	})
	if len(w.Rows) > before {
		f.accs = append(f.accs, a)
	}
	if len(f.kept) >= settleBytes {
		f.Settle(acc.Heap)
	}
}

// Settle folds the values kept into the empty states of their groups.
func (f *foldAgg) Settle(heap Heap) {
	args, err := f.decode()
	f.note(err)
	f.fold.Args = args
	f.run(Accs{Heap: heap}, func(w Fold) error {
		if err != nil {
			return err
		}
		return f.folder.Add(w)
	})
	columns.Release(args)
	f.kept, f.keptEnds = f.kept[:0], f.keptEnds[:0]
}

// decode gives the values kept as columns.
func (f *foldAgg) decode() ([]arrow.Array, error) {
	f.keys = f.keys[:0]
	from := 0
	for _, end := range f.keptEnds {
		f.keys, from = append(f.keys, f.kept[from:end]), end
	}
	return f.decoder.Columns(memory.DefaultAllocator, f.keys)
}
