package agg

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

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
	Results(states [][]byte, alloc memory.Allocator) (arrow.Array, error)
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
	keys    [][]byte
	err     error
}

var (
	_ Agg     = (*foldAgg)(nil)
	_ SetAgg  = (*foldAgg)(nil)
	_ Checked = (*foldAgg)(nil)
)

// NewFold makes the aggregate of a folder over arguments of the given types. When
// values may be taken away from a function that can't, the operator keeps them and
// the function sees those that are left, in the order they came.
func NewFold(folder Folder, args []types.Type, retracts bool) (Agg, error) {
	f := &foldAgg{folder: folder, can: folder.Can()}
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
	if err != nil && f.err == nil {
		f.err = err
	}
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
	out, err := f.folder.Results(f.fold.States, alloc)
	if err == nil {
		return out
	}
	if f.err == nil {
		f.err = err
	}
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

// Refresh folds the values of the set into an empty state.
func (f *foldAgg) Refresh(acc Accs, i int, set Set) {
	args, err := f.decode(set)
	if err != nil {
		f.err = err
		return
	}
	a := at[gathered](&acc, i)
	a.ref = acc.Heap.Put(a.ref, nil)
	one := Accs{Rows: acc.Rows[i : i+1], Offset: acc.Offset, Heap: acc.Heap}
	w := &f.fold
	w.Rows, w.Groups, w.Retract, w.Args = w.Rows[:0], w.Groups[:0], nil, args
	for row := range args[0].Len() {
		w.Rows, w.Groups = append(w.Rows, int32(row)), append(w.Groups, 0)
	}
	if len(w.Rows) > 0 {
		f.accs = append(f.accs, a)
	}
	f.run(one, f.folder.Add)
	columns.Release(args)
}

// decode gives the rows of a set as columns.
func (f *foldAgg) decode(set Set) ([]arrow.Array, error) {
	f.keys = f.keys[:0]
	set.Each(func(key []byte, count int64) bool {
		for range count {
			f.keys = append(f.keys, key)
		}
		return true
	})
	builders := make([]array.Builder, len(f.args))
	for i, dt := range f.args {
		builders[i] = array.NewBuilder(memory.DefaultAllocator, dt)
		defer builders[i].Release()
	}
	if err := f.decoder.DecodeAll(f.keys, builders); err != nil {
		return nil, err
	}
	args := make([]arrow.Array, len(f.args))
	for i, b := range builders {
		args[i] = b.NewArray()
	}
	return args, nil
}
