package blackhole

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// present is the cell of a nested value that is not NULL.
const present = 0x1f83d9abfb41bd6b

// feedStruct takes in whether each row is there, and then its fields.
func feedStruct(low, high []uint64, a *array.Struct, absent []bool) {
	if a.NullN() == 0 && absent == nil {
		for i := range low {
			low[i], high[i] = mix(low[i], high[i], present)
		}
	} else {
		feedEach(low, high, a, absent, func(int) uint64 { return present })
		hidden := make([]bool, len(low))
		for i := range hidden {
			hidden[i] = a.IsNull(i) || absent != nil && absent[i]
		}
		absent = hidden
	}
	for i := range a.NumField() {
		feed(low, high, a.Field(i), absent)
	}
}

// elements hashes what the rows of a list hold, of columns that a slice of it shares with
// the rest: the elements from first on.
func elements(list array.ListLike, cols ...arrow.Array) (low, high []uint64, first int64) {
	if list.Len() == 0 {
		return nil, nil, 0
	}
	first, _ = list.ValueOffsets(0)
	_, end := list.ValueOffsets(list.Len() - 1)
	low, high = lanes(nil, int(end-first)), lanes(nil, int(end-first))
	for _, c := range cols {
		part := array.NewSlice(c, first, end)
		feed(low, high, part, nil)
		part.Release()
	}
	return low, high, first
}

// feedList takes in each row's length and elements, in order.
func feedList(low, high []uint64, a *array.List, absent []bool) {
	l, h, first := elements(a, a.ListValues())
	for i := range low {
		if a.IsNull(i) || absent != nil && absent[i] {
			low[i], high[i] = mix(low[i], high[i], nullCell)
			continue
		}
		from, to := a.ValueOffsets(i)
		from, to = from-first, to-first
		low[i], high[i] = mix(low[i], high[i], uint64(to-from))
		for k := from; k < to; k++ {
			low[i], high[i] = mix(low[i], high[i], l[k])
			low[i], high[i] = mix(low[i], high[i], h[k])
		}
	}
}

// feedMap takes in each row's size and entries, in whatever order.
func feedMap(low, high []uint64, a *array.Map, absent []bool) {
	l, h, first := elements(a, a.Keys(), a.Items())
	for i := range low {
		if a.IsNull(i) || absent != nil && absent[i] {
			low[i], high[i] = mix(low[i], high[i], nullCell)
			continue
		}
		from, to := a.ValueOffsets(i)
		from, to = from-first, to-first
		sumLow, sumHigh := uint64(to-from), uint64(0)
		for k := from; k < to; k++ {
			el, eh := finish(l[k], h[k])
			sumLow += el
			sumHigh += eh
		}
		low[i], high[i] = mix(low[i], high[i], sumLow)
		low[i], high[i] = mix(low[i], high[i], sumHigh)
	}
}
