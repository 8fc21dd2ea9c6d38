package agg

import (
	"unsafe"

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
	joined   []byte
}

var (
	_ Agg    = (*listAgg)(nil)
	_ SetAgg = (*listAgg)(nil)
)

// defaultSeparator is Flink's.
const defaultSeparator = ","

func (l *listAgg) Spec() Spec {
	spec := Spec{Width: 16, Refs: []int{8}}
	if l.retracts {
		spec.Set = ByArrival
		return spec
	}
	spec.Partial = []types.Type{types.StringType()}
	return spec
}

func (l *listAgg) Accumulate(acc Accs, args []arrow.Array, weights []int8) {
	weights = skipNulls(weights, args, &l.weights)
	for i := range acc.Rows {
		if weights == nil || weights[i] != 0 {
			l.append(acc, i, separatorAt(args, i), bytesAt(args[0], i))
		}
	}
}

func (l *listAgg) append(acc Accs, i int, separator, value []byte) {
	a := at[pickedBytes](&acc, i)
	l.joined = l.joined[:0]
	if a.has != 0 {
		l.joined = append(append(l.joined, acc.Heap.Get(a.ref)...), separator...)
	}
	l.joined = append(l.joined, value...)
	a.has, a.ref = 1, acc.Heap.Put(a.ref, l.joined)
}

// Merge joins partial texts with the default separator, which is why a LISTAGG
// with a separator of its own has no partial form.
func (l *listAgg) Merge(acc Accs, partial []arrow.Array, _ int) { l.Accumulate(acc, partial, nil) }

func (l *listAgg) Partial(acc Accs, alloc memory.Allocator) []arrow.Array {
	return []arrow.Array{l.Emit(acc, alloc)}
}

func (l *listAgg) Emit(acc Accs, alloc memory.Allocator) arrow.Array {
	return emitBytes(acc, alloc, l.result, func(p unsafe.Pointer) ([]byte, bool) {
		a := (*pickedBytes)(p)
		if a.has == 0 {
			return nil, false
		}
		return acc.Heap.Get(a.ref), true
	})
}

// AppendKey holds the length of the separator in a byte (longer ones are cut to
// 255), the separator, and the value.
func (l *listAgg) AppendKey(dst []byte, args []arrow.Array, i int) []byte {
	separator := separatorAt(args, i)
	separator = separator[:min(len(separator), 255)]
	dst = append(append(dst, byte(len(separator))), separator...)
	return append(dst, bytesAt(args[0], i)...)
}

// Refresh joins the values of the set.
func (l *listAgg) Refresh(acc Accs, i int, set Set) {
	l.joined = l.joined[:0]
	some := false
	set.Each(func(key []byte, count int64) bool {
		separator, value := key[1:1+key[0]], key[1+key[0]:]
		for range count {
			if some {
				l.joined = append(l.joined, separator...)
			}
			l.joined = append(l.joined, value...)
			some = true
		}
		return true
	})
	refreshBytes(at[pickedBytes](&acc, i), acc.Heap, l.joined, some)
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
