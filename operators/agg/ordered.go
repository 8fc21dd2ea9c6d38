package agg

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/rex"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// ordered has an aggregate take its values in an order. It keeps the arguments of
// all rows behind their sort keys and hands them over in order when a result is
// due; equal ones stay as they came. Under retraction the operator's multiset
// keeps and orders the rows, and the keys are left out.
type ordered struct {
	of Agg
	// picks tells that one end of the rows is all that the aggregate looks at.
	picks    bool
	pick     pick
	args     int // columns before those that order
	nulls    bool
	retracts bool
	sorter   *rowcodec.SortEncoder
	encoder  *rowcodec.RowEncoder
	decoder  *rowcodec.RowDecoder

	gatherer gatherer
	weights  []int8
	one      []byte
	rows     []orderedRow
	// What the aggregate works on while results are made.
	encoded [][]byte
	memory  []uint64
	into    []unsafe.Pointer
	heap    Blobs
	err     error
}

// orderedRow is a row of a group: its sort key, its place among rows that came, and
// its arguments.
type orderedRow struct {
	key, args []byte
	at        int32
}

var (
	_ Agg     = (*ordered)(nil)
	_ SetAgg  = (*ordered)(nil)
	_ Waiter  = (*ordered)(nil)
	_ Checked = (*ordered)(nil)
)

// ender is an aggregate that only looks at one end of its values.
type ender interface{ end() (pick, bool) }

func (g *pickAgg) end() (pick, bool) { return g.pick, g.pick == pickFirst || g.pick == pickLast }

func bindOrdered(f *Function, call rex.AggCall, retracts bool) (Agg, error) {
	o := &ordered{args: len(call.Args), retracts: retracts}
	plain := call
	plain.OrderBy, plain.ArgTypes = nil, call.ArgTypes[:o.args]
	var err error
	if o.of, err = f.Bind(plain, false); err != nil {
		return nil, err
	}
	o.nulls = o.of.Spec().KeepsNulls
	if e, ok := o.of.(ender); ok {
		o.pick, o.picks = e.end()
	}
	all := make([]arrow.DataType, len(call.ArgTypes))
	for i, t := range call.ArgTypes {
		all[i] = t.Arrow()
	}
	if o.sorter, err = rowcodec.NewSortEncoder(all, OrderOf(call)); err != nil {
		return nil, err
	}
	if o.encoder, err = rowcodec.NewRowEncoder(all[:o.args]); err != nil {
		return nil, err
	}
	o.decoder, err = rowcodec.NewRowDecoder(all[:o.args])
	return o, err
}

// OrderOf is a call's order over its Columns.
func OrderOf(call rex.AggCall) []rex.SortKey {
	keys := slices.Clone(call.OrderBy)
	for i := range keys {
		keys[i].Column = len(call.Args) + i
	}
	return keys
}

// Within implements Waiter.
func (o *ordered) Within(ctx context.Context) { WaitWithin(ctx, o.of) }

func (o *ordered) Spec() Spec {
	spec := Spec{Width: gatheredWidth, Refs: gatheredRefs, KeepsNulls: o.nulls}
	if o.retracts {
		spec.Set = ByArrival
		return spec
	}
	spec.Partial = []types.Type{types.BytesType()}
	return spec
}

// Accumulate implements Agg. A row is kept as its length, the length of its sort
// key, the sort key, and the arguments.
func (o *ordered) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	if !o.nulls {
		weights = skipNulls(weights, args[:o.args], &o.weights)
	}
	o.gatherer.gather(acc, weights, func(dst []byte, _ bool, i int) []byte {
		key := o.sorter.AppendRow(o.one[:0], args, i)
		o.one = o.encoder.AppendRow(key, args[:o.args], i)
		var size [binary.MaxVarintLen64]byte
		n := binary.PutUvarint(size[:], uint64(len(key)))
		dst = binary.AppendUvarint(dst, uint64(n+len(o.one)))
		return append(append(dst, size[:n]...), o.one...)
	}, o.settled())
}

// settled leaves, of an aggregate that looks at one end only, the row at that end.
func (o *ordered) settled() func([]byte) []byte {
	if !o.picks {
		return nil
	}
	return func(joined []byte) []byte {
		var best, key []byte
		for rest := joined; len(rest) > 0; {
			row, behind := cutSized(rest)
			k, _ := cutSized(row)
			if order := bytes.Compare(k, key); best == nil || order < 0 && o.pick == pickFirst || order >= 0 && o.pick == pickLast {
				best, key = rest[:len(rest)-len(behind)], k
			}
			rest = behind
		}
		return joined[:copy(joined, best)]
	}
}

// Merge appends the rows of the partial results.
func (o *ordered) Merge(acc Accs, partial []arrow.Array, _ int) {
	mergeBytes(&o.gatherer, acc, partial[0], &o.weights, o.settled())
}

// Partial implements Agg.
func (o *ordered) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	return []arrow.Array{emitBytes(acc, alloc, arrow.BinaryTypes.Binary, gatheredBytes(acc))}
}

// Emit has the aggregate work on all rows of all groups, group by group.
func (o *ordered) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	words := max(o.of.Spec().Width/8, 1)
	memory := grow(&o.memory, len(acc.Rows)*words)
	clear(memory)
	o.encoded, o.into, o.heap = o.encoded[:0], o.into[:0], o.heap[:0]
	groups := make([]unsafe.Pointer, len(acc.Rows))
	for g := range acc.Rows {
		groups[g] = unsafe.Pointer(&memory[g*words])
		for _, row := range o.rowsOf(acc.Heap.Get(at[gathered](&acc, g).ref)) {
			o.encoded, o.into = append(o.encoded, row.args), append(o.into, groups[g])
		}
	}
	if len(o.encoded) > 0 {
		args, err := o.decoder.Columns(alloc, o.encoded)
		if err == nil {
			o.of.Accumulate(Accs{Rows: o.into, Heap: &o.heap}, args, nil)
			columns.Release(args)
			err = ErrOf(o.of)
		}
		if o.err == nil {
			o.err = err
		}
	}
	return o.of.Emit(Accs{Rows: groups, Heap: &o.heap}, alloc)
}

// rowsOf gives the rows of a group in order.
func (o *ordered) rowsOf(kept []byte) []orderedRow {
	o.rows = o.rows[:0]
	for len(kept) > 0 {
		row := orderedRow{at: int32(len(o.rows))}
		row.args, kept = cutSized(kept)
		if !o.retracts {
			row.key, row.args = cutSized(row.args)
		}
		o.rows = append(o.rows, row)
	}
	if !o.retracts {
		slices.SortFunc(o.rows, func(a, b orderedRow) int {
			if c := bytes.Compare(a.key, b.key); c != 0 {
				return c
			}
			return int(a.at - b.at)
		})
	}
	return o.rows
}

// Err implements Checked.
func (o *ordered) Err() error {
	err := o.err
	o.err = nil
	if of := ErrOf(o.of); err == nil {
		err = of
	}
	return err
}

// AppendKey appends the arguments.
func (o *ordered) AppendKey(dst []byte, args []arrow.Array, i int) []byte {
	return o.encoder.AppendRow(dst, args[:o.args], i)
}

// Refresh copies the rows of the set that the aggregate looks at.
func (o *ordered) Refresh(acc Accs, i int, set Set) {
	joined := o.gatherer.joined[:0]
	switch {
	case !o.picks:
		set.Each(func(key []byte, _ int64) bool {
			joined = appendSized(joined, key)
			return true
		})
	case o.pick == pickFirst:
		if key, ok := set.First(); ok {
			joined = appendSized(joined, key)
		}
	default:
		if key, ok := set.Last(); ok {
			joined = appendSized(joined, key)
		}
	}
	o.gatherer.joined = joined
	a := at[gathered](&acc, i)
	*a = gathered{has: 1, ref: acc.Heap.Put(a.ref, joined)}
}
