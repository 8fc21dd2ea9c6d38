package agg

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// pick says which of a group's values an aggregate keeps.
type pick uint8

const (
	pickMin pick = iota
	pickMax
	pickFirst
	pickLast
)

// String gives the lower-case name.
func (p pick) String() string {
	names := [...]string{"min", "max", "first", "last"}
	if int(p) < len(names) {
		return names[p]
	}
	return fmt.Sprintf("pick(%d)", uint8(p))
}

// set is the multiset that a pick needs when values are taken away.
func (p pick) set() SetKind {
	if p == pickMin || p == pickMax {
		return ByValue
	}
	return ByArrival
}

// The accumulators of picks: has is 1 once a value was seen, and 2 where that is NULL.
const (
	hasValue = 1
	hasNull  = 2
)

type (
	pickedInt struct {
		has   int64
		value int64
	}
	pickedDecimal struct {
		has   int64
		value decimal128.Num
	}
	pickedBytes struct {
		has int64
		ref uint64
	}
)

// pickAgg is MIN, MAX, FIRST_VALUE and LAST_VALUE: one of the group's values that are
// not NULL, or of all for the latter two with RESPECT NULLS.
type pickAgg struct {
	pick    pick
	nulls   bool
	lane    lane
	result  arrow.DataType
	partial types.Type
	// retracts makes it a SetAgg that reads the value from a multiset.
	retracts bool
	weights  []int8
	values   []int64
}

var (
	_ Agg    = (*pickAgg)(nil)
	_ SetAgg = (*pickAgg)(nil)
)

func (g *pickAgg) Spec() Spec {
	spec := Spec{Width: 16, KeepsNulls: g.nulls}
	switch g.lane {
	case laneDecimal:
		spec.Width = 24
	case laneBytes:
		spec.Refs = []int{8}
	}
	if g.retracts {
		spec.Set, spec.OwnSet = g.pick.set(), g.nulls
		return spec
	}
	spec.Partial = []types.Type{g.partial}
	if g.nulls {
		spec.Partial = append(spec.Partial, types.Of(types.Boolean))
	}
	return spec
}

func (g *pickAgg) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	if !g.nulls {
		weights = skipNulls(weights, args, &g.weights)
	}
	switch g.lane {
	case laneInt:
		g.accumulateInts(acc, args[0], weights)
	case laneDecimal:
		g.accumulateDecimals(acc, args[0], weights)
	default:
		g.accumulateBytes(acc, args[0], weights)
	}
}

func (g *pickAgg) accumulateInts(acc Accs, arg arrow.Array, weights []int8) {
	values := ints(arg, &g.values)[:len(acc.Rows)]
	switch {
	case g.pick == pickMax && weights == nil:
		for i, p := range acc.Rows {
			if a := on[pickedInt](p, acc.Offset); values[i] > a.value || a.has == 0 {
				*a = pickedInt{has: hasValue, value: values[i]}
			}
		}
		return
	case g.pick == pickMin && weights == nil:
		for i, p := range acc.Rows {
			if a := on[pickedInt](p, acc.Offset); values[i] < a.value || a.has == 0 {
				*a = pickedInt{has: hasValue, value: values[i]}
			}
		}
		return
	}
	for i, p := range acc.Rows {
		if weights != nil && weights[i] == 0 {
			continue
		}
		a := on[pickedInt](p, acc.Offset)
		order := 0
		if a.has != 0 && values[i] != a.value {
			order = 1
			if values[i] < a.value {
				order = -1
			}
		}
		switch {
		case !g.replaces(a.has, order):
		case g.nulls && arg.IsNull(i):
			*a = pickedInt{has: hasNull}
		default:
			*a = pickedInt{has: hasValue, value: values[i]}
		}
	}
}

func (g *pickAgg) accumulateDecimals(acc Accs, arg arrow.Array, weights []int8) {
	values := columns.Values[decimal128.Num](arg)
	for i, p := range acc.Rows {
		if weights != nil && weights[i] == 0 {
			continue
		}
		a := on[pickedDecimal](p, acc.Offset)
		switch {
		case !g.replaces(a.has, values[i].Cmp(a.value)):
		case g.nulls && arg.IsNull(i):
			*a = pickedDecimal{has: hasNull}
		default:
			*a = pickedDecimal{has: hasValue, value: values[i]}
		}
	}
}

func (g *pickAgg) accumulateBytes(acc Accs, arg arrow.Array, weights []int8) {
	offsets, data := columns.Offsets(arg), columns.Bytes(arg)
	for i, p := range acc.Rows {
		if weights != nil && weights[i] == 0 {
			continue
		}
		a, v := on[pickedBytes](p, acc.Offset), data[offsets[i]:offsets[i+1]]
		order := 0
		if a.has != 0 && g.pick <= pickMax {
			order = bytes.Compare(v, acc.Heap.Get(a.ref))
		}
		switch {
		case !g.replaces(a.has, order):
		case g.nulls && arg.IsNull(i):
			acc.Heap.Free(a.ref)
			*a = pickedBytes{has: hasNull}
		default:
			a.has, a.ref = hasValue, acc.Heap.Put(a.ref, v)
		}
	}
}

// replaces tells whether a value that compares so to the kept one takes its place.
func (g *pickAgg) replaces(has int64, order int) bool {
	switch {
	case has == 0:
		return true
	case g.pick == pickMin:
		return order < 0
	case g.pick == pickMax:
		return order > 0
	}
	return g.pick == pickLast
}

// Merge treats partial results as values, in the order they come.
func (g *pickAgg) Merge(acc Accs, partial []arrow.Array, _ int) {
	g.Accumulate(acc, partial[:1], g.picked(partial))
}

// picked gives the weights of partial results: NULL stands for none unless they say
// that it was picked.
func (g *pickAgg) picked(partial []arrow.Array) []int8 {
	if !g.nulls {
		return nil
	}
	some := partial[1].(*array.Boolean)
	weights := grow(&g.weights, some.Len())
	for i := range weights {
		weights[i] = 0
		if some.Value(i) {
			weights[i] = 1
		}
	}
	return weights
}

func (g *pickAgg) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	return g.withPicked(acc, alloc, g.Emit(acc, alloc))
}

// withPicked adds to results what a later Merge needs to know besides.
func (g *pickAgg) withPicked(acc Accs, alloc memory.Allocator, result arrow.Array) []arrow.Array {
	if !g.nulls {
		return []arrow.Array{result}
	}
	some := array.NewBooleanBuilder(alloc)
	defer some.Release()
	for i := range acc.Rows {
		some.Append(*at[int64](&acc, i) != 0)
	}
	return []arrow.Array{result, some.NewArray()}
}

func (g *pickAgg) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	switch g.lane {
	case laneInt:
		return emitInts(acc, alloc, g.result, &g.values, func(p unsafe.Pointer) (int64, bool) {
			a := (*pickedInt)(p)
			return a.value, a.has == hasValue
		})
	case laneDecimal:
		return g.emitDecimals(acc, alloc)
	}
	return g.emitBytes(acc, alloc)
}

func (g *pickAgg) emitDecimals(acc Accs, alloc memory.Allocator) arrow.Array {
	buf := columns.NewBuffer(alloc, len(acc.Rows)*16)
	out := columns.ViewBuffer[decimal128.Num](buf)
	col := column{alloc: alloc, n: len(acc.Rows)}
	for i := range acc.Rows {
		a := at[pickedDecimal](&acc, i)
		out[i] = a.value
		if a.has != hasValue {
			col.nullAt(i)
		}
	}
	return col.fixed(g.result, buf)
}

func (g *pickAgg) emitBytes(acc Accs, alloc memory.Allocator) arrow.Array {
	return emitBytes(acc, alloc, g.result, func(p unsafe.Pointer) ([]byte, bool) {
		a := (*pickedBytes)(p)
		if a.has != hasValue {
			return nil, false
		}
		return acc.Heap.Get(a.ref), true
	})
}

// emitBytes builds a string or binary column from bytes per accumulator; ok false
// is NULL. read is called twice per result row.
func emitBytes(acc Accs, alloc memory.Allocator, dt arrow.DataType, read func(unsafe.Pointer) (b []byte, ok bool)) arrow.Array {
	n := len(acc.Rows)
	col := column{alloc: alloc, n: n}
	offsets := columns.NewBuffer(alloc, (n+1)*4)
	ends := columns.ViewBuffer[int32](offsets)
	ends[0] = 0
	for i, p := range acc.Rows {
		b, ok := read(unsafe.Add(p, acc.Offset))
		if !ok {
			col.nullAt(i)
		}
		ends[i+1] = ends[i] + int32(len(b))
	}
	data := columns.NewBuffer(alloc, int(ends[n]))
	for i, p := range acc.Rows {
		b, _ := read(unsafe.Add(p, acc.Offset))
		copy(data.Bytes()[ends[i]:], b)
	}
	return columns.Make(dt, n, []*memory.Buffer{col.validity, offsets, data}, nil, col.nulls)
}
