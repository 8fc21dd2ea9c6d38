package agg

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// listAgg is LISTAGG: strings joined in the order they came. The separator is a
// constant or comes with each row, before that row's value. Under retraction the
// text is put together anew from the values that are left.
type listAgg struct {
	result   arrow.DataType
	retracts bool
	weights  []int8
	gatherer gatherer
}

var (
	_ Agg    = (*listAgg)(nil)
	_ SetAgg = (*listAgg)(nil)
)

// defaultSeparator is Flink's.
const defaultSeparator = ","

func (l *listAgg) Spec() Spec {
	spec := Spec{Width: gatheredWidth, Refs: gatheredRefs}
	if l.retracts {
		spec.Set, spec.OwnSet = ByArrival, true
		return spec
	}
	spec.Partial = []types.Type{types.StringType()}
	return spec
}

func (l *listAgg) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &l.weights)
	l.gatherer.gather(acc, weights, func(dst []byte, has bool, i int) []byte {
		if has {
			dst = append(dst, separatorAt(args, i)...)
		}
		return append(dst, bytesAt(args[0], i)...)
	}, nil)
}

// Merge joins partial texts with the default separator, which is why a LISTAGG
// with a separator of its own has no partial form.
func (l *listAgg) Merge(acc Accs, partial []arrow.Array, _ int) { l.Accumulate(acc, partial, nil) }

func (l *listAgg) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	return []arrow.Array{l.Emit(acc, alloc)}
}

func (l *listAgg) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	return emitBytes(acc, alloc, l.result, gatheredBytes(acc))
}

// AppendKey holds the separator, with its length before it, and the value.
func (l *listAgg) AppendKey(dst []byte, args []arrow.Array, i int) []byte {
	return append(appendSized(dst, separatorAt(args, i)), bytesAt(args[0], i)...)
}

// Refresh joins the values of the set.
func (l *listAgg) Refresh(acc Accs, i int, set Set) {
	joined := l.gatherer.joined[:0]
	some := int64(0)
	set.Each(func(key []byte, count int64) bool {
		separator, value := cutSized(key)
		for range count {
			if some != 0 {
				joined = append(joined, separator...)
			}
			joined = append(joined, value...)
			some = 1
		}
		return true
	})
	l.gatherer.joined = joined
	a := at[gathered](&acc, i)
	*a = gathered{has: some, ref: acc.Heap.Put(a.ref, joined)}
}

func separatorAt(args []arrow.Array, i int) []byte {
	if len(args) < 2 {
		return []byte(defaultSeparator)
	}
	return bytesAt(args[1], i)
}

func bytesAt(arr arrow.Array, i int) []byte {
	offsets := columns.Offsets(arr)
	return columns.Bytes(arr)[offsets[i]:offsets[i+1]]
}
